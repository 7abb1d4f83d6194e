/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/password.o */
/* What was typed as the password: its digits, an app password's shape, what remains after the cut, its mark (THREATS
 * A11, A12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/password.h"

static void A12_only_ascii_digits_at_the_end_are_digits(void **state) {
    (void)state;
    static const struct {
        const char *typed, *digits;
    } rows[] = {
        {"secret123456", "123456"},
        {"secret", ""},
        {"", ""},
        {"12345 6", "6"},
        {"+12345", "12345"},
        {"-12345", "12345"},
        {"secret1234567", "1234567"},
        {"123456", "123456"},
        {"19850412", "19850412"},
        {"x0123456789", "23456789"},
        {"x123456789", "23456789"},
        {"secret123456 ", ""},
        {"0x12", "12"},
        {"pw\xef\xbc\x91\xef\xbc\x92", ""},
        {"pw\xef\xbc\x91"
         "23",
         "23"},
        {"pw\xd9\xa1", ""},
        {"1e5", "5"},
        {"12.5", "5"},
        {"000000", "000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char digits[PASSWORD_DIGITS_SIZE + 1];
        memset(digits, '!', sizeof digits);
        password_digits(rows[i].typed, digits);
        assert_string_equal(digits, rows[i].digits);
        assert_int_equal(digits[PASSWORD_DIGITS_SIZE], '!'); /* behind the end */
    }
}

static void A12_exactly_so_many_digits_are_cut(void **state) {
    (void)state;
    static const struct {
        const char *typed;
        size_t code_length;
        const char *rest; /* NULL: refused */
    } rows[] = {
        {"secret123456", 6, "secret"},
        {"secret123456", 0, "secret123456"},
        {"secret1234567", 6, "secret1"},
        {"secret12345678", 8, "secret"},
        {"12345 6", 6, NULL},
        {"secret12345", 6, NULL},
        {"+123456", 6, "+"},
        {"1123456", 6, "1"},
        {"pw\xef\xbc\x91"
         "23456",
         6, NULL},
        {"pw0123456789", 8, "pw01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct secret rest = {0};
        assert_int_equal(password_cut(rows[i].typed, rows[i].code_length, &rest), rows[i].rest != NULL);
        if (rows[i].rest != NULL)
            assert_string_equal(rest.bytes, rows[i].rest);
        else
            assert_null(rest.bytes);
        secret_clear(&rest);
    }
}

static void A11_nothing_is_never_what_remains(void **state) {
    (void)state;
    static const char *const typed[] = {"123456", "12345678", "1234567", ""};
    static const size_t lengths[] = {6, 8, 7, 0};
    for (size_t i = 0; i < 4; i++) {
        struct secret rest = {0};
        assert_true(secret_set(&rest, "earlier", 7));
        assert_false(password_cut(typed[i], lengths[i], &rest));
        assert_null(rest.bytes);
    }
}

static void an_app_password_has_one_form_however_it_is_typed(void **state) {
    (void)state;
    static const char *const typed[] = {
        "abcd-efgh-ijkl-mn27",
        "abcdefghijklmn27",
        "ABCD EFGH IJKL MN27",
        " abcd-EFGH\tijkl - mn27 ",
        "a-b-c-d-e-f-g-h-i-j-k-l-m-n-2-7",
    };
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        char app_password[PASSWORD_APP_SIZE];
        assert_true(password_app(typed[i], app_password));
        assert_string_equal(app_password, "abcdefghijklmn27");
    }
}

static void what_has_another_shape_is_none(void **state) {
    (void)state;
    static const char *const typed[] = {
        "",
        "secret123456",
        "abcd-efgh-ijkl-mn2",
        "abcd-efgh-ijkl-mn277",
        "abcd-efgh-ijkl-mn20",
        "abcd-efgh-ijkl-mn21",
        "abcd_efgh_ijkl_mn27",
        "abcd-efgh-ijkl-mn2\xc3\xa9",
        "----------------",
        "abcd\302\240efghijklmn27",
    };
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        char app_password[PASSWORD_APP_SIZE];
        assert_false(password_app(typed[i], app_password));
        for (size_t byte = 0; byte < sizeof app_password; byte++)
            assert_int_equal(app_password[byte], 0);
    }
}

static void a_mark_is_the_low_32_bits_of_siphash(void **state) {
    (void)state;
    unsigned char key[SIPHASH_KEY_SIZE];
    assert_true(password_mark_key("000102030405060708090a0b0c0d0e0f", key));
    assert_int_equal(key[15], 15);
    char mark[PASSWORD_MARK_SIZE];
    /* SipHash-2-4 of no byte under this key is 0x726fdb47dd0e0e31, of one zero byte 0x74f839c593dc67fd (the paper's
     * vectors). */
    password_mark(key, "", 0, mark);
    assert_string_equal(mark, "dd0e0e31");
    password_mark(key, "\0", 1, mark);
    assert_string_equal(mark, "93dc67fd");
}

static void a_mark_key_is_32_lower_case_hexadecimal_digits(void **state) {
    (void)state;
    unsigned char key[SIPHASH_KEY_SIZE];
    assert_true(password_mark_key("ffffffffffffffffffffffffffffffff", key));
    assert_int_equal(key[0], 0xff);
    assert_false(password_mark_key("", key));
    assert_false(password_mark_key("000102030405060708090a0b0c0d0e0", key));
    assert_false(password_mark_key("000102030405060708090a0b0c0d0e0f0", key));
    assert_false(password_mark_key("000102030405060708090A0B0C0D0E0F", key));
    assert_false(password_mark_key("00010203040506070809 a0b0c0d0e0f", key));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A12_only_ascii_digits_at_the_end_are_digits),
        cmocka_unit_test(A12_exactly_so_many_digits_are_cut),
        cmocka_unit_test(A11_nothing_is_never_what_remains),
        cmocka_unit_test(an_app_password_has_one_form_however_it_is_typed),
        cmocka_unit_test(what_has_another_shape_is_none),
        cmocka_unit_test(a_mark_is_the_low_32_bits_of_siphash),
        cmocka_unit_test(a_mark_key_is_32_lower_case_hexadecimal_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
