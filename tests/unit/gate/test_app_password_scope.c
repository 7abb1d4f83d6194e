/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/app_password_scope.o */
/* app-password-scope: an app password opens no name but the account's own, whatever the policy softens. */
#include "scene.h"

static void under_a_divided_name_an_app_password_is_refused(void **state) {
    (void)state;
    struct facts facts = {.credential = CREDENTIAL_APP_PASSWORD, .name_divided = true};
    struct judgement judgement = scene_judge(app_password_scope_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_true(judgement.enforced);
    scene_says(app_password_scope_judge, app_password_scope_tell, &facts,
               "an app password opens the account's own name alone, without a recipient delimiter");
}

static void under_the_accounts_own_name_the_rule_is_silent(void **state) {
    (void)state;
    struct facts facts = {.credential = CREDENTIAL_APP_PASSWORD};
    assert_int_equal(scene_judge(app_password_scope_judge, &facts).finding, FINDING_SILENT);
    scene_says(app_password_scope_judge, app_password_scope_tell, &facts,
               "each app password has limits of its own");
}

static void other_credentials_are_no_concern_of_the_rule(void **state) {
    (void)state;
    static const enum credential others[] = {CREDENTIAL_PASSWORD, CREDENTIAL_TOTP, CREDENTIAL_REMEMBERED,
                                             CREDENTIAL_RECOVERY_CODE, CREDENTIAL_TOKEN};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct facts facts = {.credential = others[i], .name_divided = true};
        assert_int_equal(scene_judge(app_password_scope_judge, &facts).finding, FINDING_SILENT);
    }
    struct facts facts = {.credential = CREDENTIAL_TOTP, .name_divided = true};
    scene_says(app_password_scope_judge, app_password_scope_tell, &facts, "totp is no app password");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_a_divided_name_an_app_password_is_refused),
        cmocka_unit_test(under_the_accounts_own_name_the_rule_is_silent),
        cmocka_unit_test(other_credentials_are_no_concern_of_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
