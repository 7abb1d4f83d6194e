/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/gate.o gate/schedule.o */
/* The loop over the rules, with stand-ins for the rules themselves: order, modes, exceptions, what cannot be told. */
#include "scene.h"

static struct judgement script[REASON_COUNT]; /* what each stand-in finds */
static unsigned judged[REASON_COUNT];
static bool mute[REASON_COUNT]; /* this one comes to no finding at all */

#define STAND_IN(name, reason)                                                                                         \
    void name##_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {           \
        (void)facts;                                                                                                   \
        (void)policy;                                                                                                  \
        judged[reason]++;                                                                                              \
        if (!mute[reason])                                                                                             \
            *judgement = script[reason];                                                                               \
    }                                                                                                                  \
    void name##_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,        \
                     struct buffer *text) {                                                                            \
        (void)facts;                                                                                                   \
        (void)policy;                                                                                                  \
        buffer_add_format(text, #name " %d", (int)judgement->finding);                                                 \
    }

STAND_IN(locked, REASON_LOCKED)
STAND_IN(throttled, REASON_THROTTLED)
STAND_IN(service_closed, REASON_SERVICE_CLOSED)
STAND_IN(mechanism, REASON_MECHANISM)
STAND_IN(network, REASON_NETWORK)
STAND_IN(country, REASON_COUNTRY)
STAND_IN(country_unknown, REASON_COUNTRY_UNKNOWN)
STAND_IN(legacy_auth, REASON_LEGACY_AUTH)
STAND_IN(second_factor_missing, REASON_SECOND_FACTOR_MISSING)
STAND_IN(app_password_scope, REASON_APP_PASSWORD_SCOPE)
STAND_IN(not_gated, REASON_NOT_GATED)

static const struct value report = {.file = "test", .line = 1, .number = MODE_REPORT};
static const struct value off = {.file = "test", .line = 2, .number = MODE_OFF};
static const struct value enforce = {.file = "test", .line = 3, .number = MODE_ENFORCE};
static const struct value own = {.file = "test", .line = 4};

static int clear(void **state) {
    (void)state;
    scene_clear();
    memset(script, 0, sizeof script);
    memset(judged, 0, sizeof judged);
    memset(mute, 0, sizeof mute);
    return 0;
}

static struct decision decide_at(int64_t now, int service) {
    struct facts facts = {.now = now, .service = service};
    struct decision decision;
    memset(&decision, 0x55, sizeof decision);
    gate_decide(&facts, SCENE_POLICY, &decision);
    return decision;
}

static struct decision decide(void) {
    return decide_at(0, 0);
}

static void expect(const struct decision *decision, enum verdict verdict, enum reason reason, enum reason would) {
    assert_string_equal(verdict_name(decision->verdict), verdict_name(verdict));
    assert_string_equal(reason_name(decision->reason), reason_name(reason));
    assert_string_equal(reason_name(decision->would), reason_name(would));
}

static void the_order_is_the_reasons_own(void **state) {
    (void)state;
    size_t count;
    const struct rule *rules = gate_rules(&count);
    assert_int_equal(count, 11);
    for (size_t i = 1; i < count; i++)
        assert_true(rules[i - 1].reason < rules[i].reason);
    for (size_t i = 0; i < count; i++)
        assert_non_null(rules[i].help);
}

static void with_nothing_against_it_a_login_continues(void **state) {
    (void)state;
    script[REASON_MECHANISM].finding = FINDING_SILENT;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
    assert_int_equal(decision.trace[REASON_MECHANISM].outcome, OUTCOME_SILENT);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_PASSED);
    assert_int_equal(decision.trace[REASON_MALFORMED].outcome, OUTCOME_NOT_REACHED);
}

static void the_first_rule_against_it_decides(void **state) {
    (void)state;
    script[REASON_NETWORK] = (struct judgement){.finding = FINDING_AGAINST, .source = &own, .line = 9};
    script[REASON_LEGACY_AUTH].finding = FINDING_AGAINST;
    struct decision decision = decide();
    expect(&decision, VERDICT_DENY, REASON_NETWORK, REASON_NONE);
    assert_int_equal(decision.trace[REASON_NETWORK].outcome, OUTCOME_DECIDED);
    assert_ptr_equal(decision.trace[REASON_NETWORK].source, &own);
    assert_int_equal(decision.trace[REASON_NETWORK].line, 9);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_NOT_REACHED);
    assert_int_equal(judged[REASON_COUNTRY], 0);
}

static void a_later_denial_wins_over_a_rule_that_cannot_judge(void **state) {
    (void)state;
    script[REASON_COUNTRY].finding = FINDING_CANNOT_TELL;
    struct decision decision = decide();
    expect(&decision, VERDICT_LATER, REASON_UNAVAILABLE, REASON_NONE);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_CANNOT_TELL);
    script[REASON_LEGACY_AUTH].finding = FINDING_AGAINST;
    decision = decide();
    expect(&decision, VERDICT_DENY, REASON_LEGACY_AUTH, REASON_NONE);
}

static void a_rule_that_comes_to_no_finding_cannot_tell(void **state) {
    (void)state;
    mute[REASON_NOT_GATED] = true;
    struct decision decision = decide();
    expect(&decision, VERDICT_LATER, REASON_UNAVAILABLE, REASON_NONE);
    assert_int_equal(decision.trace[REASON_NOT_GATED].outcome, OUTCOME_CANNOT_TELL);
}

static void report_mode_lets_pass_and_names_the_first_denial(void **state) {
    (void)state;
    scene.key[POLICY_MODE] = &report;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    script[REASON_LEGACY_AUTH].finding = FINDING_AGAINST;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_COUNTRY);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_REPORTED);
    assert_int_equal(decision.trace[REASON_LEGACY_AUTH].outcome, OUTCOME_REPORTED);
    assert_ptr_equal(decision.trace[REASON_COUNTRY].softener, &report);
}

static void report_mode_goes_on_where_a_rule_cannot_judge(void **state) {
    (void)state;
    scene.key[POLICY_MODE] = &report;
    script[REASON_COUNTRY].finding = FINDING_CANNOT_TELL;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_UNAVAILABLE);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_CANNOT_TELL);
    assert_true(decision.trace[REASON_COUNTRY].report_only);
    script[REASON_LEGACY_AUTH].finding = FINDING_AGAINST;
    decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_LEGACY_AUTH);
}

static void report_mode_and_off_leave_throttled_enforced(void **state) {
    (void)state;
    script[REASON_THROTTLED].finding = FINDING_AGAINST;
    const struct value *const modes[] = {&report, &off};
    for (size_t i = 0; i < 2; i++) {
        scene.key[POLICY_MODE] = modes[i];
        scene.entry[POLICY_MODES][REASON_THROTTLED] = modes[i];
        struct decision decision = decide();
        expect(&decision, VERDICT_DENY, REASON_THROTTLED, REASON_NONE);
    }
}

static void report_mode_and_off_soften_every_other_rule(void **state) {
    (void)state;
    size_t count;
    const struct rule *rules = gate_rules(&count);
    for (size_t i = 0; i < count; i++) {
        if (rules[i].reason == REASON_THROTTLED)
            continue;
        memset(script, 0, sizeof script);
        script[rules[i].reason].finding = FINDING_AGAINST;
        scene.key[POLICY_MODE] = &report;
        struct decision decision = decide();
        expect(&decision, VERDICT_CONTINUE, REASON_NONE, rules[i].reason);
        scene.key[POLICY_MODE] = &off;
        decision = decide();
        expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
    }
}

static void report_mode_and_off_leave_an_enforced_finding_alone(void **state) {
    (void)state;
    const struct value *const modes[] = {&report, &off};
    for (size_t i = 0; i < 2; i++) {
        scene.key[POLICY_MODE] = modes[i];
        script[REASON_LOCKED] = (struct judgement){.finding = FINDING_AGAINST, .enforced = true};
        struct decision decision = decide();
        expect(&decision, VERDICT_DENY, REASON_LOCKED, REASON_NONE);
        script[REASON_LOCKED] = (struct judgement){.finding = FINDING_CANNOT_TELL, .enforced = true};
        decision = decide();
        expect(&decision, VERDICT_LATER, REASON_UNAVAILABLE, REASON_NONE);
        script[REASON_LOCKED] = (struct judgement){.finding = FINDING_AGAINST};
        decision = decide();
        assert_int_equal(decision.verdict, VERDICT_CONTINUE);
    }
}

static void a_mode_for_one_rule_softens_that_rule_alone(void **state) {
    (void)state;
    scene.key[POLICY_MODE] = &enforce;
    scene.entry[POLICY_MODES][REASON_COUNTRY] = &report;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_COUNTRY);
    assert_ptr_equal(decision.trace[REASON_COUNTRY].softener, &report);
    script[REASON_COUNTRY_UNKNOWN].finding = FINDING_AGAINST;
    decision = decide();
    expect(&decision, VERDICT_DENY, REASON_COUNTRY_UNKNOWN, REASON_COUNTRY);
}

static void a_mode_for_one_rule_needs_none_for_all(void **state) {
    (void)state;
    scene.entry[POLICY_MODES][REASON_COUNTRY] = &report;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_COUNTRY);
    assert_ptr_equal(decision.trace[REASON_COUNTRY].softener, &report);
}

static void of_two_equal_modes_the_one_for_all_is_named(void **state) {
    (void)state;
    static const struct value for_one = {.file = "test", .line = 5, .number = MODE_REPORT};
    scene.key[POLICY_MODE] = &report;
    scene.entry[POLICY_MODES][REASON_COUNTRY] = &for_one;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    struct decision decision = decide();
    assert_ptr_equal(decision.trace[REASON_COUNTRY].softener, &report);
}

static void no_rule_enforces_what_mode_only_reports(void **state) {
    (void)state;
    scene.key[POLICY_MODE] = &report;
    scene.entry[POLICY_MODES][REASON_COUNTRY] = &enforce;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_COUNTRY);
}

static void mode_off_records_nothing(void **state) {
    (void)state;
    scene.key[POLICY_MODE] = &off;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    script[REASON_SECOND_FACTOR_MISSING].finding = FINDING_CANNOT_TELL;
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
    assert_int_equal(decision.trace[REASON_COUNTRY].outcome, OUTCOME_OFF);
    assert_ptr_equal(decision.trace[REASON_COUNTRY].softener, &off);
}

static void a_rule_may_itself_only_report(void **state) {
    (void)state;
    script[REASON_LEGACY_AUTH] = (struct judgement){.finding = FINDING_AGAINST, .report_only = true, .softener = &own};
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_LEGACY_AUTH);
    assert_ptr_equal(decision.trace[REASON_LEGACY_AUTH].softener, &own);
}

static void an_exception_holds_for_its_rule_service_and_time(void **state) {
    (void)state;
    static const struct exception entry = {.rule = REASON_LEGACY_AUTH, .service = 2, .until = 1000, .line = 77};
    static const struct value exceptions = {.file = "test", .line = 70, .count = 1, .exceptions = &entry};
    scene.key[POLICY_EXCEPTIONS] = &exceptions;
    script[REASON_LEGACY_AUTH].finding = FINDING_AGAINST;
    struct decision decision = decide_at(999, 2);
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
    assert_int_equal(decision.trace[REASON_LEGACY_AUTH].outcome, OUTCOME_EXCEPTED);
    assert_ptr_equal(decision.trace[REASON_LEGACY_AUTH].softener, &exceptions);
    assert_int_equal(decision.trace[REASON_LEGACY_AUTH].softener_line, 77);
    decision = decide_at(1000, 2);
    expect(&decision, VERDICT_DENY, REASON_LEGACY_AUTH, REASON_NONE);
    decision = decide_at(999, 1);
    expect(&decision, VERDICT_DENY, REASON_LEGACY_AUTH, REASON_NONE);
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    decision = decide_at(999, 2);
    expect(&decision, VERDICT_DENY, REASON_COUNTRY, REASON_NONE);
}

static void an_exception_without_a_service_holds_for_all(void **state) {
    (void)state;
    static const struct exception entry = {.rule = REASON_COUNTRY, .service = SERVICE_UNKNOWN, .until = 1000};
    static const struct value exceptions = {.file = "test", .count = 1, .exceptions = &entry};
    scene.key[POLICY_EXCEPTIONS] = &exceptions;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    for (int service = SERVICE_UNKNOWN; service < 5; service++) {
        struct decision decision = decide_at(0, service);
        expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
    }
    script[REASON_COUNTRY].finding = FINDING_CANNOT_TELL; /* whatever it would say, the login goes on */
    struct decision decision = decide();
    expect(&decision, VERDICT_CONTINUE, REASON_NONE, REASON_NONE);
}

static void no_exception_opens_a_lock_by_hand(void **state) {
    (void)state;
    static const struct exception entry = {.rule = REASON_LOCKED, .service = SERVICE_UNKNOWN, .until = 1000};
    static const struct value exceptions = {.file = "test", .count = 1, .exceptions = &entry};
    scene.key[POLICY_EXCEPTIONS] = &exceptions;
    script[REASON_LOCKED] = (struct judgement){.finding = FINDING_AGAINST, .enforced = true};
    struct decision decision = decide();
    expect(&decision, VERDICT_DENY, REASON_LOCKED, REASON_NONE);
}

static void each_rule_can_be_asked_alone(void **state) {
    (void)state;
    size_t count;
    const struct rule *rules = gate_rules(&count);
    const struct facts facts = {0};
    for (size_t i = 0; i < count; i++) {
        memset(script, 0, sizeof script);
        memset(judged, 0, sizeof judged);
        assert_int_equal(gate_outcome(rules[i].reason, &facts, SCENE_POLICY), OUTCOME_PASSED);
        script[rules[i].reason].finding = FINDING_AGAINST;
        assert_int_equal(gate_outcome(rules[i].reason, &facts, SCENE_POLICY), OUTCOME_DECIDED);
        for (size_t other = 0; other < count; other++)
            assert_int_equal(judged[rules[other].reason], other == i ? 2 : 0);
    }
    assert_int_equal(gate_outcome(REASON_MALFORMED, &facts, SCENE_POLICY), OUTCOME_NOT_REACHED);
}

static void telling_asks_the_rule_again(void **state) {
    (void)state;
    script[REASON_COUNTRY].finding = FINDING_AGAINST;
    size_t count;
    const struct rule *rules = gate_rules(&count);
    struct facts facts = {0};
    char storage[64];
    struct buffer text;
    buffer_init(&text, storage, sizeof storage);
    gate_tell(&rules[5], &facts, SCENE_POLICY, &text);
    assert_string_equal(storage, "country 1");
}

static void every_outcome_has_a_word_of_its_own(void **state) {
    (void)state;
    for (int one = 0; one <= OUTCOME_DECIDED; one++)
        for (int other = 0; other < one; other++)
            assert_string_not_equal(outcome_name((enum outcome)one), outcome_name((enum outcome)other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_order_is_the_reasons_own, clear),
        cmocka_unit_test_setup(with_nothing_against_it_a_login_continues, clear),
        cmocka_unit_test_setup(the_first_rule_against_it_decides, clear),
        cmocka_unit_test_setup(a_later_denial_wins_over_a_rule_that_cannot_judge, clear),
        cmocka_unit_test_setup(a_rule_that_comes_to_no_finding_cannot_tell, clear),
        cmocka_unit_test_setup(report_mode_lets_pass_and_names_the_first_denial, clear),
        cmocka_unit_test_setup(report_mode_goes_on_where_a_rule_cannot_judge, clear),
        cmocka_unit_test_setup(report_mode_and_off_leave_throttled_enforced, clear),
        cmocka_unit_test_setup(report_mode_and_off_soften_every_other_rule, clear),
        cmocka_unit_test_setup(report_mode_and_off_leave_an_enforced_finding_alone, clear),
        cmocka_unit_test_setup(a_mode_for_one_rule_softens_that_rule_alone, clear),
        cmocka_unit_test_setup(a_mode_for_one_rule_needs_none_for_all, clear),
        cmocka_unit_test_setup(of_two_equal_modes_the_one_for_all_is_named, clear),
        cmocka_unit_test_setup(no_rule_enforces_what_mode_only_reports, clear),
        cmocka_unit_test_setup(mode_off_records_nothing, clear),
        cmocka_unit_test_setup(a_rule_may_itself_only_report, clear),
        cmocka_unit_test_setup(an_exception_holds_for_its_rule_service_and_time, clear),
        cmocka_unit_test_setup(an_exception_without_a_service_holds_for_all, clear),
        cmocka_unit_test_setup(no_exception_opens_a_lock_by_hand, clear),
        cmocka_unit_test_setup(each_rule_can_be_asked_alone, clear),
        cmocka_unit_test_setup(telling_asks_the_rule_again, clear),
        cmocka_unit_test_setup(every_outcome_has_a_word_of_its_own, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
