/* SPDX-License-Identifier: BSD-2-Clause */
/* links: -Wl,--wrap=free -Wl,--wrap=malloc */
/* Secrets: wiped before they are freed, compared whole. `free` is wrapped, so that the test sees what is given back,
 * and `malloc`, whose memory is never zero by chance and which can be short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"

void __real_free(void *memory);
void __wrap_free(void *memory);

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static bool memory_is_short;
static size_t asked_for;

void *__wrap_malloc(size_t size) {
    asked_for = size;
    char *memory = memory_is_short ? NULL : __real_malloc(size + 1);
    if (memory != NULL)
        memset(memory, 'x', size + 1);
    return memory;
}

static char watched_before[32];
static void *watched;

void __wrap_free(void *memory) {
    if (memory != NULL && memory == watched)
        memcpy(watched_before, memory, 10);
    __real_free(memory);
}

static void keeps_a_copy_with_a_nul_behind(void **state) {
    (void)state;
    struct secret secret = {0};
    char typed[] = "pass\0word";
    assert_true(secret_set(&secret, typed, 9));
    memset(typed, 'x', sizeof typed);
    assert_int_equal(secret.length, 9);
    assert_memory_equal(secret.bytes, "pass\0word", 10);
    secret_clear(&secret);
    assert_null(secret.bytes);
    assert_int_equal(secret.length, 0);
    secret_clear(&secret);
}

static void every_length_is_kept_whole(void **state) {
    (void)state;
    static const char text[] = "verysecret";
    for (size_t length = 0; length < sizeof text; length++) {
        struct secret secret = {0};
        assert_true(secret_set(&secret, length > 0 ? text : NULL, length));
        assert_true(asked_for > length);
        assert_int_equal(secret.length, length);
        assert_memory_equal(secret.bytes, text, length);
        assert_int_equal(secret.bytes[length], '\0');
        secret_clear(&secret);
    }
}

static void where_memory_is_short_it_is_empty_and_the_old_one_wiped(void **state) {
    (void)state;
    static const char zeros[10];
    struct secret secret = {0};
    memset(watched_before, 'x', sizeof watched_before);
    assert_true(secret_set(&secret, "verysecret", 10));
    watched = secret.bytes;
    memory_is_short = true;
    bool set = secret_set(&secret, "other", 5);
    memory_is_short = false;
    watched = NULL;
    assert_false(set);
    assert_null(secret.bytes);
    assert_int_equal(secret.length, 0);
    assert_memory_equal(watched_before, zeros, sizeof zeros);
}

static void is_wiped_before_it_is_freed(void **state) {
    (void)state;
    static const char zeros[10];
    struct secret secret = {0};
    memset(watched_before, 'x', sizeof watched_before);
    assert_true(secret_set(&secret, "verysecret", 10));
    watched = secret.bytes;
    secret_clear(&secret);
    watched = NULL;
    assert_memory_equal(watched_before, zeros, sizeof zeros);
}

static void is_wiped_when_it_is_set_again(void **state) {
    (void)state;
    static const char zeros[10];
    struct secret secret = {0};
    memset(watched_before, 'x', sizeof watched_before);
    assert_true(secret_set(&secret, "verysecret", 10));
    watched = secret.bytes;
    assert_true(secret_set(&secret, "other", 5));
    watched = NULL;
    assert_memory_equal(watched_before, zeros, sizeof zeros);
    assert_true(secret_equal(&secret, "other", 5));
    secret_clear(&secret);
}

static void may_be_set_to_a_part_of_itself(void **state) {
    (void)state;
    struct secret secret = {0};
    assert_true(secret_set(&secret, "secret123456", 12));
    assert_true(secret_set(&secret, secret.bytes, secret.length - 6));
    assert_int_equal(secret.length, 6);
    assert_string_equal(secret.bytes, "secret");
    secret_clear(&secret);
}

static void equals_only_the_same_bytes(void **state) {
    (void)state;
    struct secret secret = {0};
    assert_true(secret_set(&secret, "abc", 3));
    assert_true(secret_equal(&secret, "abc", 3));
    assert_false(secret_equal(&secret, "abc", 2));
    assert_false(secret_equal(&secret, "abcd", 4));
    assert_false(secret_equal(&secret, "xbc", 3));
    assert_false(secret_equal(&secret, "abx", 3));
    secret_clear(&secret);
    assert_false(secret_equal(&secret, "abc", 3));
    assert_false(secret_equal(&secret, "", 0));
}

static void one_differing_bit_anywhere_is_seen(void **state) {
    (void)state;
    unsigned char one[32], other[32];
    memset(one, 0x5a, sizeof one);
    for (size_t bit = 0; bit < 8 * sizeof one; bit++) {
        memcpy(other, one, sizeof one);
        other[bit / 8] = (unsigned char)(other[bit / 8] ^ (1U << (bit % 8)));
        assert_false(secret_bytes_equal(one, other, sizeof one));
    }
    assert_true(secret_bytes_equal(one, one, sizeof one));
    assert_true(secret_bytes_equal(one, other, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_kept_whole),
        cmocka_unit_test(where_memory_is_short_it_is_empty_and_the_old_one_wiped),
        cmocka_unit_test(keeps_a_copy_with_a_nul_behind), cmocka_unit_test(is_wiped_before_it_is_freed),
        cmocka_unit_test(is_wiped_when_it_is_set_again),  cmocka_unit_test(may_be_set_to_a_part_of_itself),
        cmocka_unit_test(equals_only_the_same_bytes),     cmocka_unit_test(one_differing_bit_anywhere_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
