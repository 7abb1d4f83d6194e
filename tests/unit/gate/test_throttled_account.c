/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/throttled.o */
/* What the daemon's counters say is what the rule finds. */
#include "scene.h"

static void a_throttled_login_is_denied(void **state) {
    (void)state;
    const struct value passwords = {.file = "test", .line = 1, .number = 5};
    struct facts facts = {.throttled = true};
    scene.key[POLICY_THROTTLE_PASSWORDS] = &passwords;
    assert_ptr_equal(scene_judge(throttled_judge, &facts).source, &passwords);
    scene_clear();
    assert_int_equal(scene_judge(throttled_judge, &facts).finding, FINDING_AGAINST);
    scene_says(throttled_judge, throttled_tell, &facts, "too many wrong passwords lately");
    facts.throttled_why = "one account after the other fails from this network";
    scene_says(throttled_judge, throttled_tell, &facts, "one account after the other fails from this network");
}

static void another_login_passes(void **state) {
    (void)state;
    struct facts facts = {.throttled = false};
    assert_int_equal(scene_judge(throttled_judge, &facts).finding, FINDING_PASS);
    scene_says(throttled_judge, throttled_tell, &facts, "no excess of wrong passwords lately");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throttled_login_is_denied),
        cmocka_unit_test(another_login_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
