/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/mechanism.o gate/schedule.o */
/* Mechanisms that the policy lists are refused from the day that the policy names; an unknown one is not judged. */
#include "scene.h"

static const char *const words[] = {"CRAM-MD5", "DIGEST-MD5"};
static const struct value listed = {.file = "test", .line = 3, .count = 2, .words = words};

static int list(void **state) {
    (void)state;
    scene_clear();
    scene.key[POLICY_LEGACY_AUTH_MECHANISMS] = &listed;
    return 0;
}

static void a_listed_mechanism_is_refused(void **state) {
    (void)state;
    struct facts facts = {.mechanism = "DIGEST-MD5", .credential = CREDENTIAL_TOKEN};
    struct judgement judgement = scene_judge(mechanism_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_false(judgement.report_only);
    assert_ptr_equal(judgement.source, &listed);
    scene_says(mechanism_judge, mechanism_tell, &facts, "legacy_auth.mechanisms refuses DIGEST-MD5");
}

static void another_mechanism_passes(void **state) {
    (void)state;
    struct facts facts = {.mechanism = "PLAIN"};
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_PASS);
    scene_says(mechanism_judge, mechanism_tell, &facts, "legacy_auth.mechanisms does not refuse PLAIN");
}

static void an_unknown_mechanism_is_not_judged(void **state) {
    (void)state;
    struct facts facts = {.mechanism = NULL};
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_SILENT);
    scene_says(mechanism_judge, mechanism_tell, &facts, "the mechanism is not known here (PAM does not tell it)");
}

static void without_a_list_every_mechanism_passes(void **state) {
    (void)state;
    scene_clear();
    struct facts facts = {.mechanism = NULL};
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_PASS);
    scene_says(mechanism_judge, mechanism_tell, &facts, "no mechanism is refused");
}

static void a_list_of_one_refuses_that_one(void **state) {
    (void)state;
    const struct value one = {.file = "test", .line = 3, .count = 1, .words = words};
    scene.key[POLICY_LEGACY_AUTH_MECHANISMS] = &one;
    struct facts facts = {.mechanism = "CRAM-MD5"};
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_AGAINST);
    facts.mechanism = "DIGEST-MD5";
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_PASS);
}

static void an_empty_list_refuses_none_and_needs_no_mechanism(void **state) {
    (void)state;
    const struct value none = {.file = "test", .line = 3};
    scene.key[POLICY_LEGACY_AUTH_MECHANISMS] = &none;
    struct facts facts = {.mechanism = NULL};
    assert_int_equal(scene_judge(mechanism_judge, &facts).finding, FINDING_PASS);
}

static void it_only_reports_until_its_day(void **state) {
    (void)state;
    struct value from = {.file = "test", .number = 1000};
    scene.key[POLICY_LEGACY_AUTH_FROM] = &from;
    struct facts facts = {.mechanism = "CRAM-MD5", .now = 999};
    struct judgement judgement = scene_judge(mechanism_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_true(judgement.report_only);
    assert_ptr_equal(judgement.softener, &from);
    facts.now = 1000;
    assert_false(scene_judge(mechanism_judge, &facts).report_only);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_listed_mechanism_is_refused, list),
        cmocka_unit_test_setup(another_mechanism_passes, list),
        cmocka_unit_test_setup(an_unknown_mechanism_is_not_judged, list),
        cmocka_unit_test_setup(without_a_list_every_mechanism_passes, list),
        cmocka_unit_test_setup(a_list_of_one_refuses_that_one, list),
        cmocka_unit_test_setup(an_empty_list_refuses_none_and_needs_no_mechanism, list),
        cmocka_unit_test_setup(it_only_reports_until_its_day, list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
