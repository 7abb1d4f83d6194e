/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* The words of verdicts, reasons and credentials: each reads back, none is another's, and what is no value denies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/verdict.h"

static void zeroed_memory_denies(void **state) {
    (void)state;
    enum verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    assert_int_equal(verdict, VERDICT_DENY);
    assert_string_equal(verdict_name((enum verdict)0), "deny");
}

static void what_is_none_of_them_has_the_strictest_word(void **state) {
    (void)state;
    static const unsigned beyond[] = {0, 1, 1000000};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(verdict_name((enum verdict)(VERDICT_COUNT + beyond[i])), "deny");
        assert_string_equal(reason_name((enum reason)(REASON_COUNT + beyond[i])), "unavailable");
        assert_string_equal(credential_name((enum credential)(CREDENTIAL_COUNT + beyond[i])), "password");
    }
}

static void every_verdict_reads_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        enum verdict read = VERDICT_COUNT;
        assert_true(verdict_parse(verdict_name((enum verdict)i), &read));
        assert_int_equal(read, i);
    }
}

static void every_reason_reads_back(void **state) {
    (void)state;
    for (unsigned i = 1; i < REASON_COUNT; i++) {
        enum reason read = REASON_NONE;
        assert_true(strlen(reason_name((enum reason)i)) > 0);
        assert_true(reason_parse(reason_name((enum reason)i), &read));
        assert_int_equal(read, i);
    }
    assert_string_equal(reason_name(REASON_NONE), "");
}

static void every_credential_reads_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < CREDENTIAL_COUNT; i++) {
        enum credential read = CREDENTIAL_COUNT;
        assert_true(credential_parse(credential_name((enum credential)i), &read));
        assert_int_equal(read, i);
    }
}

static void the_reasons_stand_in_the_order_in_which_they_decide(void **state) {
    (void)state;
    static const char *const order[] = {
        "malformed",
        "locked",
        "throttled",
        "service-closed",
        "mechanism",
        "network",
        "country",
        "country-unknown",
        "legacy-auth",
        "second-factor-missing",
        "second-factor-wrong",
        "second-factor-reused",
        "second-factor-budget",
        "app-password-scope",
        "compromised",
        "not-gated",
        "unavailable",
        "password",
        "password-error",
        "uncommitted",
    };
    assert_int_equal(sizeof order / sizeof order[0], REASON_COUNT - 1);
    for (unsigned i = 1; i < REASON_COUNT; i++)
        assert_string_equal(reason_name((enum reason)i), order[i - 1]);
}

static void unknown_words_write_nothing(void **state) {
    (void)state;
    static const char *const words[] = {"", "Accept", "accept ", " accept", "acc", "accepted", "permit", "0", "deny\n"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        enum verdict verdict = VERDICT_LATER;
        enum reason reason = REASON_COUNTRY;
        enum credential credential = CREDENTIAL_TOKEN;
        assert_false(verdict_parse(words[i], &verdict));
        assert_false(reason_parse(words[i], &reason));
        assert_false(credential_parse(words[i], &credential));
        assert_int_equal(verdict, VERDICT_LATER);
        assert_int_equal(reason, REASON_COUNTRY);
        assert_int_equal(credential, CREDENTIAL_TOKEN);
    }
}

static void what_is_no_value_has_a_strict_word(void **state) {
    (void)state;
    assert_string_equal(verdict_name((enum verdict)99), "deny");
    assert_string_equal(verdict_name((enum verdict) - 1), "deny");
    assert_string_equal(reason_name((enum reason)99), "unavailable");
    assert_string_equal(credential_name((enum credential)99), "password");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_denies),
        cmocka_unit_test(what_is_none_of_them_has_the_strictest_word),
        cmocka_unit_test(every_verdict_reads_back),
        cmocka_unit_test(every_reason_reads_back),
        cmocka_unit_test(every_credential_reads_back),
        cmocka_unit_test(the_reasons_stand_in_the_order_in_which_they_decide),
        cmocka_unit_test(unknown_words_write_nothing),
        cmocka_unit_test(what_is_no_value_has_a_strict_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
