/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/legacy_auth.o gate/schedule.o */
/* When a bare password is refused: by service, by credential, and to the second by date. */
#include "scene.h"

enum { UNSET = -1, IMAP = 0, SMTP = 2 };
enum { FROM = 5000, BROWNOUT = 1000, BROWNOUT_ENDS = 1400 };

struct row {
    int everywhere, here; /* legacy_auth.default and .services.smtp, or UNSET */
    bool dated;           /* `from` and one brownout are set */
    int64_t now;
    enum finding finding;
    bool report_only;
};

static const struct row rows[] = {
    {UNSET, UNSET, false, 0, FINDING_PASS, false},
    {ACTION_ALLOW, UNSET, false, 0, FINDING_PASS, false},
    {ACTION_DENY, UNSET, false, 0, FINDING_AGAINST, false},
    {ACTION_REPORT, UNSET, false, 0, FINDING_AGAINST, true},
    {ACTION_DENY, ACTION_ALLOW, false, 0, FINDING_PASS, false},
    {ACTION_ALLOW, ACTION_DENY, false, 0, FINDING_AGAINST, false},
    {ACTION_DENY, ACTION_REPORT, false, 0, FINDING_AGAINST, true},
    {ACTION_DENY, UNSET, true, BROWNOUT - 1, FINDING_AGAINST, true},
    {ACTION_DENY, UNSET, true, BROWNOUT, FINDING_AGAINST, false},
    {ACTION_DENY, UNSET, true, BROWNOUT_ENDS - 1, FINDING_AGAINST, false},
    {ACTION_DENY, UNSET, true, BROWNOUT_ENDS, FINDING_AGAINST, true},
    {ACTION_DENY, UNSET, true, FROM - 1, FINDING_AGAINST, true},
    {ACTION_DENY, UNSET, true, FROM, FINDING_AGAINST, false},
    {ACTION_ALLOW, ACTION_DENY, true, FROM - 1, FINDING_AGAINST, true},
    {ACTION_REPORT, UNSET, true, BROWNOUT, FINDING_AGAINST, true}, /* a brownout overrides only `from` */
    {ACTION_ALLOW, UNSET, true, BROWNOUT, FINDING_PASS, false},
};

static struct value everywhere, here, from, brownouts;
static const struct span brownout = {BROWNOUT, BROWNOUT_ENDS};

static void set(const struct row *row) {
    scene_clear();
    everywhere = (struct value){.file = "test", .line = 1, .number = row->everywhere};
    here = (struct value){.file = "test", .line = 2, .number = row->here};
    from = (struct value){.file = "test", .line = 3, .number = FROM};
    brownouts = (struct value){.file = "test", .line = 4, .count = 1, .spans = &brownout};
    scene.key[POLICY_LEGACY_AUTH_DEFAULT] = row->everywhere != UNSET ? &everywhere : NULL;
    scene.entry[POLICY_LEGACY_AUTH_SERVICES][SMTP] = row->here != UNSET ? &here : NULL;
    scene.key[POLICY_LEGACY_AUTH_FROM] = row->dated ? &from : NULL;
    scene.key[POLICY_LEGACY_AUTH_BROWNOUTS] = row->dated ? &brownouts : NULL;
}

static void each_row_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set(&rows[i]);
        struct facts facts = {.now = rows[i].now, .service = SMTP, .credential = CREDENTIAL_PASSWORD};
        struct judgement judgement = scene_judge(legacy_auth_judge, &facts);
        assert_int_equal(judgement.finding, rows[i].finding);
        assert_int_equal(judgement.report_only, rows[i].report_only);
        if (judgement.report_only)
            assert_non_null(judgement.softener);
    }
}

static void the_default_holds_on_services_without_an_entry(void **state) {
    (void)state;
    set(&(struct row){ACTION_ALLOW, ACTION_DENY, false, 0, FINDING_PASS, false});
    struct facts facts = {.service = IMAP, .credential = CREDENTIAL_PASSWORD};
    assert_int_equal(scene_judge(legacy_auth_judge, &facts).finding, FINDING_PASS);
    facts.service = SERVICE_UNKNOWN;
    assert_int_equal(scene_judge(legacy_auth_judge, &facts).finding, FINDING_PASS);
    facts.service = SMTP;
    struct judgement judgement = scene_judge(legacy_auth_judge, &facts);
    assert_ptr_equal(judgement.source, &here);
    scene_says(legacy_auth_judge, legacy_auth_tell, &facts, "legacy_auth ends bare passwords on this service");
}

static void only_the_bare_password_is_legacy(void **state) {
    (void)state;
    set(&(struct row){ACTION_DENY, UNSET, false, 0, FINDING_AGAINST, false});
    for (int credential = 0; credential < CREDENTIAL_COUNT; credential++) {
        struct facts facts = {.service = SMTP, .credential = (enum credential)credential};
        enum finding expected = credential == CREDENTIAL_PASSWORD ? FINDING_AGAINST : FINDING_PASS;
        assert_int_equal(scene_judge(legacy_auth_judge, &facts).finding, expected);
    }
    struct facts facts = {.service = SMTP, .credential = CREDENTIAL_APP_PASSWORD};
    scene_says(legacy_auth_judge, legacy_auth_tell, &facts, "app-password is no bare password");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_holds),
        cmocka_unit_test(the_default_holds_on_services_without_an_entry),
        cmocka_unit_test(only_the_bare_password_is_legacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
