/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/locked.o */
/* A locked account is denied; a lock by hand, and one that cannot be read, softens for nobody. */
#include "scene.h"

static void an_account_without_a_lock_passes(void **state) {
    (void)state;
    struct facts facts = {.locked = KNOWN_NO};
    assert_int_equal(scene_judge(locked_judge, &facts).finding, FINDING_PASS);
    scene_says(locked_judge, locked_tell, &facts, "the account is not locked");
}

static void an_account_that_is_gone_is_enforced(void **state) {
    (void)state;
    struct facts facts = {.locked = KNOWN_YES, .gone = true};
    struct judgement judgement = {.finding = FINDING_PASS};
    scene_clear();
    locked_judge(&facts, SCENE_POLICY, &judgement);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_true(judgement.enforced);
}

static void a_lock_by_hand_is_enforced(void **state) {
    (void)state;
    struct facts facts = {.locked = KNOWN_YES, .lock_by_hand = true};
    struct judgement judgement = scene_judge(locked_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_true(judgement.enforced);
    scene_says(locked_judge, locked_tell, &facts, "the account was locked by hand");
}

static void a_lock_by_the_gate_can_be_softened(void **state) {
    (void)state;
    struct facts facts = {.locked = KNOWN_YES};
    struct judgement judgement = scene_judge(locked_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_false(judgement.enforced);
    scene_says(locked_judge, locked_tell, &facts, "the gate locked the account");
}

static void an_unreadable_lock_cannot_be_softened(void **state) {
    (void)state;
    struct facts facts = {.locked = KNOWN_NOT};
    struct judgement judgement = scene_judge(locked_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_CANNOT_TELL);
    assert_true(judgement.enforced);
    scene_says(locked_judge, locked_tell, &facts, "whether the account is locked could not be found out");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_without_a_lock_passes),
        cmocka_unit_test(an_account_that_is_gone_is_enforced),
        cmocka_unit_test(a_lock_by_hand_is_enforced),
        cmocka_unit_test(a_lock_by_the_gate_can_be_softened),
        cmocka_unit_test(an_unreadable_lock_cannot_be_softened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
