/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/verb.o */
/* What a verb makes of the words behind it: options in any place, operands, and what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/verb.h"

static const char *service, *address;
static const struct verb_option options[] = {{"service", &service}, {"address", &address}, {NULL, NULL}};

static bool parse(struct invocation *invocation, const char *const *words, size_t count) {
    static char *copy[16];
    service = address = NULL;
    for (size_t i = 0; i < count; i++)
        copy[i] = (char *)(uintptr_t)words[i];
    *invocation = (struct invocation){.words = copy, .count = count};
    return verb_parse(invocation, options);
}

#define PARSE(invocation, ...)                                                                                         \
    parse(invocation, (const char *const[]){__VA_ARGS__}, sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))

static void options_may_stand_anywhere(void **state) {
    (void)state;
    struct invocation invocation;
    assert_true(PARSE(&invocation, "--service", "imap", "alice", "--address=::1", "--json"));
    assert_string_equal(service, "imap");
    assert_string_equal(address, "::1");
    assert_int_equal(invocation.count, 1);
    assert_string_equal(invocation.words[0], "alice");
    assert_true(invocation.json);
}

static void behind_two_dashes_everything_is_an_operand(void **state) {
    (void)state;
    struct invocation invocation;
    assert_true(PARSE(&invocation, "--", "--service", "-x"));
    assert_int_equal(invocation.count, 2);
    assert_string_equal(invocation.words[1], "-x");
    assert_null(service);
    assert_false(invocation.json);
}

static void a_flag_is_taken_out_wherever_it_stands(void **state) {
    (void)state;
    const char *const words[] = {"--dry", "alice", "--dry", "--", "--dry"};
    char *copy[5];
    for (size_t i = 0; i < 5; i++)
        copy[i] = (char *)(uintptr_t)words[i];
    struct invocation invocation = {.words = copy, .count = 5};
    assert_false(verb_take_flag(&invocation, "--dr"));
    assert_int_equal(invocation.count, 5);
    assert_true(verb_take_flag(&invocation, "--dry"));
    assert_int_equal(invocation.count, 3);
    assert_string_equal(invocation.words[0], "alice");
    assert_string_equal(invocation.words[2], "--dry"); /* an operand */
    assert_false(verb_take_flag(&invocation, "--dry"));
}

static void a_lone_dash_is_an_operand(void **state) {
    (void)state;
    struct invocation invocation;
    assert_true(PARSE(&invocation, "-"));
    assert_int_equal(invocation.count, 1);
}

static void what_is_no_option_is_refused(void **state) {
    (void)state;
    struct invocation invocation;
    assert_false(PARSE(&invocation, "--servic", "imap"));
    assert_false(PARSE(&invocation, "--services", "imap"));
    assert_false(PARSE(&invocation, "-s", "imap"));
}

static void an_option_needs_one_value(void **state) {
    (void)state;
    struct invocation invocation;
    assert_false(PARSE(&invocation, "alice", "--service"));
    assert_false(PARSE(&invocation, "--service", "imap", "--service", "smtp"));
    assert_true(PARSE(&invocation, "--service", "--json"));
    assert_string_equal(service, "--json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere), cmocka_unit_test(behind_two_dashes_everything_is_an_operand),
        cmocka_unit_test(a_flag_is_taken_out_wherever_it_stands),
        cmocka_unit_test(a_lone_dash_is_an_operand),  cmocka_unit_test(what_is_no_option_is_refused),
        cmocka_unit_test(an_option_needs_one_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
