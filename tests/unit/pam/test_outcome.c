/* SPDX-License-Identifier: BSD-2-Clause */
/* links: pam/outcome.o wire/request.o wire/message.o */
/* The tables between the gate's words and PAM's codes, row by row and over every input there is (THREATS A1, A2, A4,
 * A7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <security/pam_modules.h>

#include "pam/outcome.h"

enum { NO, YES, ANY };

/* What DESIGN says; everything else is PAM_AUTHINFO_UNAVAIL. */
static const struct {
    enum request request;
    enum verdict verdict;
    int reason, defer, app_password;
    int code;
} expected[] = {
    {REQUEST_BEGIN, VERDICT_ACCEPT, NO, ANY, YES, PAM_SUCCESS},
    {REQUEST_BEGIN, VERDICT_CONTINUE, NO, ANY, ANY, PAM_IGNORE},
    {REQUEST_BEGIN, VERDICT_CONTINUE, YES, YES, ANY, PAM_IGNORE},
    {REQUEST_BEGIN, VERDICT_DENY, ANY, ANY, ANY, PAM_AUTH_ERR},
    {REQUEST_COMMIT, VERDICT_ACCEPT, NO, ANY, ANY, PAM_IGNORE},
    {REQUEST_COMMIT, VERDICT_DENY, ANY, ANY, ANY, PAM_AUTH_ERR},
};

static bool fits(int wanted, bool given) {
    return wanted == ANY || (wanted == YES) == given;
}

static int expected_code(enum request request, const struct answer *answer, const struct terms *terms) {
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (answer->heard && expected[i].request == request && expected[i].verdict == answer->verdict &&
            fits(expected[i].reason, answer->reason) && fits(expected[i].defer, terms->defer) &&
            fits(expected[i].app_password, terms->app_password))
            return expected[i].code;
    return PAM_AUTHINFO_UNAVAIL;
}

static void A2_each_answer_has_its_code_and_all_others_are_unavailable(void **state) {
    (void)state;
    for (unsigned request = 0; request < REQUEST_COUNT; request++)
        for (unsigned verdict = 0; verdict <= VERDICT_COUNT; verdict++)
            for (unsigned bits = 0; bits < 16; bits++) {
                struct answer answer = {
                    .heard = (bits & 1) != 0, .verdict = (enum verdict)verdict, .reason = (bits & 2) != 0};
                struct terms terms = {.defer = (bits & 4) != 0, .app_password = (bits & 8) != 0};
                int code = outcome_code((enum request)request, &answer, &terms);
                assert_int_equal(code, expected_code((enum request)request, &answer, &terms));
                if (code != PAM_AUTHINFO_UNAVAIL)
                    assert_true(request_allows((enum request)request, (enum verdict)verdict));
            }
}

static void A1_nothing_heard_is_unavailable(void **state) {
    (void)state;
    struct answer answer = {0};
    struct terms terms = {.defer = true, .app_password = true};
    assert_int_equal(outcome_code(REQUEST_BEGIN, &answer, &terms), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(outcome_code(REQUEST_COMMIT, &answer, &terms), PAM_AUTHINFO_UNAVAIL);
}

/* -1: the gate is told nothing. */
static int end_of(struct progress progress, int status) {
    enum end_status end = END_STATUS_COUNT;
    return outcome_end(&progress, status, &end) ? (int)end : -1;
}

static void every_end_is_told_as_what_it_was(void **state) {
    (void)state;
    const struct progress begun = {.open = true};
    const struct progress denied = {.open = true, .commit_answered = true};
    const struct progress accepted = {.open = true, .commit_answered = true, .accepted = true};
    assert_int_equal(end_of(begun, PAM_AUTH_ERR), END_WRONG);
    assert_int_equal(end_of(begun, PAM_USER_UNKNOWN), END_WRONG);
    assert_int_equal(end_of(begun, PAM_MAXTRIES), END_WRONG);
    assert_int_equal(end_of(begun, PAM_PERM_DENIED), END_WRONG);
    assert_int_equal(end_of(begun, PAM_AUTHINFO_UNAVAIL), END_ERROR);
    assert_int_equal(end_of(begun, PAM_SYSTEM_ERR), END_ERROR);
    assert_int_equal(end_of(begun, PAM_MODULE_UNKNOWN), END_ERROR);
    assert_int_equal(end_of(begun, PAM_SUCCESS), END_UNCOMMITTED);
    assert_int_equal(end_of(denied, PAM_AUTH_ERR), -1);
    assert_int_equal(end_of(denied, PAM_AUTHINFO_UNAVAIL), -1);
    assert_int_equal(end_of(denied, PAM_SUCCESS), END_UNCOMMITTED);
    assert_int_equal(end_of(accepted, PAM_SUCCESS), -1);
    assert_int_equal(end_of(accepted, PAM_PERM_DENIED), END_WITHDRAWN);
    assert_int_equal(end_of(accepted, PAM_ACCT_EXPIRED), END_WITHDRAWN);
}

static void A4_a_replaced_login_is_a_wrong_password_unless_its_commit_was_answered(void **state) {
    (void)state;
    const struct progress begun = {.open = true};
    const struct progress denied = {.open = true, .commit_answered = true};
    const struct progress accepted = {.open = true, .commit_answered = true, .accepted = true};
    assert_int_equal(end_of(begun, PAM_DATA_REPLACE), END_WRONG);
    assert_int_equal(end_of(denied, PAM_DATA_REPLACE), -1);
    assert_int_equal(end_of(accepted, PAM_DATA_REPLACE), -1);
    assert_int_equal(end_of(begun, PAM_DATA_REPLACE | PAM_SUCCESS), END_WRONG);
}

static void what_did_not_go_on_needs_no_end(void **state) {
    (void)state;
    static const int statuses[] = {PAM_SUCCESS, PAM_AUTH_ERR, PAM_SYSTEM_ERR, PAM_DATA_REPLACE};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(end_of((struct progress){0}, statuses[i]), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A2_each_answer_has_its_code_and_all_others_are_unavailable),
        cmocka_unit_test(A1_nothing_heard_is_unavailable),
        cmocka_unit_test(every_end_is_told_as_what_it_was),
        cmocka_unit_test(A4_a_replaced_login_is_a_wrong_password_unless_its_commit_was_answered),
        cmocka_unit_test(what_did_not_go_on_needs_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
