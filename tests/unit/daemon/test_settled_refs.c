/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/settled.o */
/* Refs are of the form that the protocol has, and a settlement is remembered for ten minutes and no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/settled.h"

#define TEN_MINUTES (10 * 60 * 1000)

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
        cmocka_unit_test_setup_teardown(refs_of_later_times_sort_behind, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(a_settlement_is_remembered_for_ten_minutes, open_settled, close_settled),
        cmocka_unit_test_setup_teardown(a_ref_that_was_never_settled_is_unknown, open_settled, close_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
