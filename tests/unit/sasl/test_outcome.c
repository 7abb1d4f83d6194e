/* SPDX-License-Identifier: BSD-2-Clause */
/* links: sasl/outcome.o */
/* Every answer that the gate could give, and the SASL code for it (THREATS J1): one row alone lets a login go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sasl/sasl.h>

#include "sasl/outcome.h"

static int code(bool heard, enum verdict verdict, bool reason) {
    const struct answer answer = {.heard = heard, .verdict = verdict, .reason = reason};
    return outcome_code(&answer);
}

static void continue_without_a_reason_lets_the_password_be_checked(void **state) {
    (void)state;
    assert_int_equal(code(true, VERDICT_CONTINUE, false), SASL_OK);
}

static void deny_is_final(void **state) {
    (void)state;
    assert_int_equal(code(true, VERDICT_DENY, false), SASL_BADAUTH);
    assert_int_equal(code(true, VERDICT_DENY, true), SASL_BADAUTH);
}

static void later_is_temporary(void **state) {
    (void)state;
    assert_int_equal(code(true, VERDICT_LATER, false), SASL_UNAVAIL);
    assert_int_equal(code(true, VERDICT_LATER, true), SASL_UNAVAIL);
}

static void what_an_ask_cannot_be_answered_is_temporary(void **state) {
    (void)state;
    assert_int_equal(code(true, VERDICT_CONTINUE, true), SASL_UNAVAIL);
    assert_int_equal(code(true, VERDICT_ACCEPT, false), SASL_UNAVAIL);
    assert_int_equal(code(true, VERDICT_ACCEPT, true), SASL_UNAVAIL);
    assert_int_equal(code(true, VERDICT_COUNT, false), SASL_UNAVAIL);
    assert_int_equal(code(true, (enum verdict)99, false), SASL_UNAVAIL);
}

static void nothing_heard_is_temporary_whatever_else_is_set(void **state) {
    (void)state;
    for (int verdict = 0; verdict <= VERDICT_COUNT; verdict++)
        for (int reason = 0; reason < 2; reason++)
            assert_int_equal(code(false, (enum verdict)verdict, reason == 1), SASL_UNAVAIL);
}

/* libsasl2 2.1.28 goes on after each of these. */
static void no_other_code_that_libsasl2_passes_is_ever_returned(void **state) {
    (void)state;
    static const int passing[] = {SASL_NOUSER, SASL_NOMECH, SASL_NOVERIFY, SASL_CONTINUE};
    for (int heard = 0; heard < 2; heard++)
        for (int verdict = -1; verdict <= VERDICT_COUNT + 1; verdict++)
            for (size_t i = 0; i < 2 * sizeof passing / sizeof passing[0]; i++)
                assert_int_not_equal(code(heard == 1, (enum verdict)verdict, i % 2 == 1), passing[i / 2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(continue_without_a_reason_lets_the_password_be_checked),
        cmocka_unit_test(deny_is_final),
        cmocka_unit_test(later_is_temporary),
        cmocka_unit_test(what_an_ask_cannot_be_answered_is_temporary),
        cmocka_unit_test(nothing_heard_is_temporary_whatever_else_is_set),
        cmocka_unit_test(no_other_code_that_libsasl2_passes_is_ever_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
