/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/app_password_scope.o gate/country.o gate/country_unknown.o gate/gate.o gate/legacy_auth.o gate/locked.o gate/mechanism.o gate/network.o gate/not_gated.o gate/place.o gate/schedule.o gate/second_factor_missing.o gate/service_closed.o gate/throttled.o */
/* A refusal that is only found at commit is softened by modes, exceptions and second_factor.from as the table's are. */
#include "scene.h"

#define NOW 1000000

struct row {
    const char *what;
    enum reason reason;
    int64_t mode;       /* -1: not set */
    int64_t rule_mode;  /* likewise */
    int64_t from;       /* 0: not set */
    bool excepted;
    bool by_hand;
    bool stands;
    enum reason would;
};

static const struct row rows[] = {
    {"nothing softens it", REASON_SECOND_FACTOR_WRONG, -1, -1, 0, false, false, true, REASON_NONE},
    {"report mode", REASON_SECOND_FACTOR_REUSED, MODE_REPORT, -1, 0, false, false, false, REASON_SECOND_FACTOR_REUSED},
    {"off", REASON_SECOND_FACTOR_REUSED, MODE_OFF, -1, 0, false, false, false, REASON_NONE},
    {"its own mode", REASON_SECOND_FACTOR_BUDGET, MODE_ENFORCE, MODE_REPORT, 0, false, false, false,
     REASON_SECOND_FACTOR_BUDGET},
    {"an exception", REASON_SECOND_FACTOR_REUSED, -1, -1, 0, true, false, false, REASON_NONE},
    {"a second before from", REASON_SECOND_FACTOR_WRONG, -1, -1, NOW + 1, false, false, false,
     REASON_SECOND_FACTOR_WRONG},
    {"a reused code a second before from", REASON_SECOND_FACTOR_REUSED, -1, -1, NOW + 1, false, false, false,
     REASON_SECOND_FACTOR_REUSED},
    {"a spent budget a second before from", REASON_SECOND_FACTOR_BUDGET, -1, -1, NOW + 1, false, false, false,
     REASON_SECOND_FACTOR_BUDGET},
    {"from is not about compromised accounts", REASON_COMPROMISED, -1, -1, NOW + 1, false, false, true, REASON_NONE},
    {"its own mode and none for all", REASON_SECOND_FACTOR_WRONG, -1, MODE_REPORT, 0, false, false, false,
     REASON_SECOND_FACTOR_WRONG},
    {"from on", REASON_SECOND_FACTOR_WRONG, -1, -1, NOW, false, false, true, REASON_NONE},
    {"from is not about locks", REASON_LOCKED, -1, -1, NOW + 1, false, false, true, REASON_NONE},
    {"a lock of the gate's own in report mode", REASON_LOCKED, MODE_REPORT, -1, 0, false, false, false, REASON_LOCKED},
    {"a lock by hand in report mode", REASON_LOCKED, MODE_REPORT, -1, 0, false, true, true, REASON_NONE},
    {"a lock by hand in mode off", REASON_LOCKED, MODE_OFF, -1, 0, false, true, true, REASON_NONE},
    {"a lock by hand enforces no other refusal", REASON_SECOND_FACTOR_WRONG, MODE_REPORT, -1, 0, false, true, false,
     REASON_SECOND_FACTOR_WRONG},
};

static void each_refusal_is_softened_as_its_row_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct facts facts = {.now = NOW, .service = 0, .lock_by_hand = row->by_hand};
        struct value mode = {.number = row->mode}, rule_mode = {.number = row->rule_mode}, from = {.number = row->from};
        struct exception exception = {.rule = row->reason, .service = SERVICE_UNKNOWN, .until = NOW + 1};
        struct value exceptions = {.count = 1, .exceptions = &exception};
        scene_clear();
        scene.key[POLICY_MODE] = row->mode >= 0 ? &mode : NULL;
        scene.entry[POLICY_MODES][row->reason] = row->rule_mode >= 0 ? &rule_mode : NULL;
        scene.key[POLICY_SECOND_FACTOR_FROM] = row->from > 0 ? &from : NULL;
        scene.key[POLICY_EXCEPTIONS] = row->excepted ? &exceptions : NULL;
        enum reason would = REASON_NONE;
        if (gate_denies(row->reason, &facts, SCENE_POLICY, &would) != row->stands || would != row->would)
            fail_msg("%s: would=%s", row->what, reason_name(would));
    }
}

static void an_earlier_report_keeps_its_name(void **state) {
    (void)state;
    struct facts facts = {.now = NOW};
    struct value mode = {.number = MODE_REPORT};
    enum reason would = REASON_COUNTRY;
    scene_clear();
    scene.key[POLICY_MODE] = &mode;
    assert_false(gate_denies(REASON_SECOND_FACTOR_REUSED, &facts, SCENE_POLICY, &would));
    assert_int_equal(would, REASON_COUNTRY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_is_softened_as_its_row_says),
        cmocka_unit_test(an_earlier_report_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
