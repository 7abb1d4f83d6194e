/* SPDX-License-Identifier: BSD-2-Clause */
/* links: pam/arguments.o wire/message.o */
/* The words on a line of a PAM stack: each is understood exactly or is a fault of the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pam/arguments.h"

static struct arguments arguments;

static const char *parse_one(const char *word) {
    return arguments_parse(&arguments, 1, &word);
}

static const char *parse_two(const char *one, const char *other) {
    const char *words[] = {one, other};
    return arguments_parse(&arguments, 2, words);
}

static void without_any_the_defaults_hold(void **state) {
    (void)state;
    assert_null(arguments_parse(&arguments, 0, NULL));
    assert_string_equal(arguments.socket, "/run/authgate/gate.sock");
    assert_int_equal(arguments.timeout, 2000);
    assert_null(arguments.service);
    assert_false(arguments.defer || arguments.commit || arguments.debug);
}

static void each_is_read(void **state) {
    (void)state;
    const char *words[] = {"socket=/run/other.sock", "timeout=5s", "service=imap", "defer", "debug"};
    assert_null(arguments_parse(&arguments, 5, words));
    assert_string_equal(arguments.socket, "/run/other.sock");
    assert_int_equal(arguments.timeout, 5000);
    assert_string_equal(arguments.service, "imap");
    assert_true(arguments.defer && arguments.debug && !arguments.commit);
    assert_null(parse_one("commit"));
    assert_true(arguments.commit);
    assert_null(parse_one("timeout=300ms"));
    assert_int_equal(arguments.timeout, 300);
}

static void whatever_is_not_understood_is_a_fault(void **state) {
    (void)state;
    static const char *const words[] = {
        "",
        "Defer",
        "defered",
        "defer=yes",
        "commit=",
        "nullok",
        "fail_open",
        "socket",
        "socket=",
        "socket=gate",
        "timeout",
        "timeout=",
        "timeout=2",
        "timeout=0s",
        "timeout=-1s",
        "timeout=61s",
        "timeout=2 s",
        "timeout=1m",
        "timeout=2ss",
        "timeout=999999s",
        "service=",
        "service=a\nb",
        "sockets=/run/x",
        "use_first_pass",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_ptr_equal(parse_one(words[i]), words[i]);
}

static void a_socket_must_fit_its_address(void **state) {
    (void)state;
    char word[7 + 108 + 1];
    memset(word, 'x', sizeof word);
    memcpy(word, "socket=/", 8);
    word[sizeof word - 1] = '\0';
    assert_non_null(parse_one(word));
    word[sizeof word - 2] = '\0';
    assert_null(parse_one(word));
}

static void the_first_fault_is_named(void **state) {
    (void)state;
    assert_string_equal(parse_two("wrong", "wronger"), "wrong");
    assert_string_equal(parse_two("debug", "wrong"), "wrong");
}

static void a_line_defers_or_commits(void **state) {
    (void)state;
    assert_string_equal(parse_two("defer", "commit"), "commit");
    assert_string_equal(parse_two("commit", "defer"), "defer");
    assert_string_equal(parse_two("commit", "commit"), "commit");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_the_defaults_hold),
        cmocka_unit_test(each_is_read),
        cmocka_unit_test(whatever_is_not_understood_is_a_fault),
        cmocka_unit_test(a_socket_must_fit_its_address),
        cmocka_unit_test(the_first_fault_is_named),
        cmocka_unit_test(a_line_defers_or_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
