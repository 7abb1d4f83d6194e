/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/settled.o -Wl,--wrap=random_fill */
/* Refs are of the form that the protocol has, and a settlement is remembered for ten minutes and no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/settled.h"

#define TEN_MINUTES (10 * 60 * 1000)
#define TIME_LETTERS 5 /* of a ref; nobody can guess the others */

bool __real_random_fill(void *bytes, size_t length);
bool __wrap_random_fill(void *bytes, size_t length);

static unsigned fills;
static bool without_randomness;

bool __wrap_random_fill(void *bytes, size_t length) {
    fills++;
    return !without_randomness && __real_random_fill(bytes, length);
}

static int open_settled(void **state) {
    *state = settled_create();
    return *state == NULL;
}

static int close_settled(void **state) {
    struct settled *settled = *state;
    settled_destroy(&settled);
    return settled != NULL;
}

static void refs_are_13_of_the_base32_letters(void **state) {
    for (int i = 0; i < 1000; i++) {
        char ref[REF_SIZE];
        memset(ref, 'x', sizeof ref);
        assert_true(settled_new_ref(*state, (int64_t)i << 24, ref));
        assert_int_equal(strspn(ref, "abcdefghijklmnopqrstuvwxyz234567"), REF_LENGTH);
        assert_int_equal(strlen(ref), REF_LENGTH);
    }
}

static void refs_do_not_repeat(void **state) {
    enum { MADE = 2000 };
    static char refs[MADE][REF_SIZE];
    for (size_t i = 0; i < MADE; i++) {
        assert_true(settled_new_ref(*state, 1000, refs[i]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(refs[i], refs[j]);
    }
}

static void every_letter_behind_the_time_may_be_any_of_32(void **state) {
    unsigned char seen[REF_LENGTH][256] = {{0}};
    char first[REF_SIZE], ref[REF_SIZE];
    assert_true(settled_new_ref(*state, 1000, first));
    for (int i = 0; i < 4000; i++) {
        assert_true(settled_new_ref(*state, 1000, ref));
        assert_memory_equal(ref, first, TIME_LETTERS);
        for (size_t at = 0; at < REF_LENGTH; at++)
            seen[at][(unsigned char)ref[at]] = 1;
    }
    for (size_t at = 0; at < REF_LENGTH; at++) {
        unsigned letters = 0;
        for (size_t i = 0; i < sizeof seen[at]; i++)
            letters += seen[at][i];
        assert_int_equal(letters, at < TIME_LETTERS ? 1 : 32);
    }
}

static void no_random_byte_serves_two_refs_and_few_calls_serve_many(void **state) {
    char ref[REF_SIZE];
    fills = 0;
    for (int i = 0; i < 128; i++)
        assert_true(settled_new_ref(*state, 1000, ref));
    assert_int_equal(fills, 2);
    assert_true(settled_new_ref(*state, 1000, ref));
    assert_int_equal(fills, 3);
}

static void without_randomness_there_is_no_ref(void **state) {
    char ref[REF_SIZE];
    without_randomness = true;
    bool made = settled_new_ref(*state, 1000, ref);
    struct settled *settled = settled_create();
    without_randomness = false;
    assert_false(made);
    assert_null(settled);
    assert_true(settled_new_ref(*state, 1000, ref));
}

static void refs_of_later_times_sort_behind(void **state) {
    char earlier[REF_SIZE], later[REF_SIZE];
    for (int64_t now = 0; now < 100000000; now += 99991) {
        assert_true(settled_new_ref(*state, now, earlier));
        assert_true(settled_new_ref(*state, now + 4, later));
        assert_true(strcmp(earlier, later) < 0);
    }
}

static void a_settlement_is_remembered_for_ten_minutes(void **state) {
    const struct settlement said = {.facts = {42}, .verdict = VERDICT_ACCEPT, .reason = REASON_NONE};
    settled_remember(*state, "aaaaaaaaaaaaa", &said, 1000);
    const struct settlement *found = settled_find(*state, "aaaaaaaaaaaaa", 1000 + TEN_MINUTES - 1);
    assert_non_null(found);
    assert_int_equal(found->facts[0], 42);
    assert_int_equal(found->verdict, VERDICT_ACCEPT);
    assert_null(settled_find(*state, "aaaaaaaaaaaaa", 1000 + TEN_MINUTES));
}

static void a_ref_that_was_never_settled_is_unknown(void **state) {
    assert_null(settled_find(*state, "bbbbbbbbbbbbb", 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refs_are_13_of_the_base32_letters, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(refs_do_not_repeat, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(every_letter_behind_the_time_may_be_any_of_32, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(no_random_byte_serves_two_refs_and_few_calls_serve_many, open_settled,
                                        close_settled),
        cmocka_unit_test_setup_teardown(without_randomness_there_is_no_ref, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(refs_of_later_times_sort_behind, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(a_settlement_is_remembered_for_ten_minutes, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(a_ref_that_was_never_settled_is_unknown, open_settled, close_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
