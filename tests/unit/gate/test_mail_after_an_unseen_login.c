/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/not_gated.o */
/* not-gated concerns Postfix's policy requests alone. */
#include "scene.h"

static void a_login_that_came_by_passes_in_silence(void **state) {
    (void)state;
    struct facts facts = {0};
    assert_int_equal(scene_judge(not_gated_judge, &facts).finding, FINDING_SILENT);
    scene_says(not_gated_judge, not_gated_tell, &facts, "it is the login itself that is judged");
}

static void a_login_that_nobody_saw_is_refused(void **state) {
    (void)state;
    struct facts facts = {.not_gated = true};
    assert_int_equal(scene_judge(not_gated_judge, &facts).finding, FINDING_AGAINST);
    scene_says(not_gated_judge, not_gated_tell, &facts, "no login of the account from this address came by here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_that_came_by_passes_in_silence),
        cmocka_unit_test(a_login_that_nobody_saw_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
