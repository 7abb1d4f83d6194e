/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/keyring.o credential/keyed_hash.o -loath -lsodium */
/* A key file's bytes rotate as the file does, and one ring takes another's place only where nothing is lost by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "credential/keyed_hash.h"
#include "credential/keyring.h"

static unsigned char bytes[KEY_FILE_BYTES];
static size_t length;

static int start(void **state) {
    (void)state;
    return credential_start() ? 0 : -1;
}

static int fresh(void **state) {
    (void)state;
    memset(bytes, 'k', KEY_BLOCK_SIZE);
    length = KEY_BLOCK_SIZE;
    return 0;
}

static struct keyring *ring(void) {
    struct keyring *made = keyring_make(bytes, length);
    assert_non_null(made);
    return made;
}

static void a_rotation_puts_a_new_key_in_front_and_retiring_drops_the_old(void **state) {
    (void)state;
    unsigned char first[KEY_BLOCK_SIZE];
    struct keyring *before = ring();
    memcpy(first, bytes, sizeof first);
    assert_true(key_bytes_rotate(bytes, &length));
    assert_int_equal(length, 3 * KEY_BLOCK_SIZE);
    assert_memory_equal(bytes + KEY_BLOCK_SIZE, first, sizeof first);
    struct keyring *both = ring();
    assert_int_equal(keyring_count(both), 2);
    assert_true(keyring_follows(both, before));
    assert_true(key_bytes_retire(bytes, &length));
    assert_int_equal(length, 2 * KEY_BLOCK_SIZE);
    struct keyring *after = ring();
    assert_int_equal(keyring_current(after), keyring_current(both));
    assert_true(keyring_follows(after, both));
    assert_false(keyring_follows(after, before)); /* what it sealed would open no more */
    keyring_free(&before);
    keyring_free(&both);
    keyring_free(&after);
}

static void an_unfinished_rotation_makes_no_further_key(void **state) {
    (void)state;
    unsigned char once[KEY_FILE_BYTES];
    assert_true(key_bytes_rotate(bytes, &length));
    memcpy(once, bytes, sizeof once);
    assert_true(key_bytes_rotate(bytes, &length));
    assert_int_equal(length, 3 * KEY_BLOCK_SIZE);
    assert_memory_equal(bytes, once, length);
}

static void nothing_is_dropped_where_there_is_one_key(void **state) {
    (void)state;
    assert_true(key_bytes_retire(bytes, &length));
    assert_int_equal(length, KEY_BLOCK_SIZE);
    assert_int_equal(bytes[0], 'k');
}

static void other_lengths_are_refused_and_left_alone(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, KEY_BLOCK_SIZE - 1, KEY_BLOCK_SIZE + 1, KEY_FILE_BYTES + KEY_BLOCK_SIZE};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t given = lengths[i];
        assert_false(key_bytes_rotate(bytes, &given));
        assert_false(key_bytes_retire(bytes, &given));
        assert_int_equal(given, lengths[i]);
    }
}

static void a_ring_with_other_hashes_follows_nobody(void **state) {
    (void)state;
    assert_true(key_bytes_rotate(bytes, &length));
    struct keyring *before = ring();
    bytes[length - 1] ^= 1;
    struct keyring *changed = ring();
    assert_int_equal(keyring_current(changed), keyring_current(before));
    assert_false(keyring_follows(changed, before));
    assert_true(keyring_follows(before, before));
    keyring_free(&before);
    keyring_free(&changed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_rotation_puts_a_new_key_in_front_and_retiring_drops_the_old, fresh),
        cmocka_unit_test_setup(an_unfinished_rotation_makes_no_further_key, fresh),
        cmocka_unit_test_setup(nothing_is_dropped_where_there_is_one_key, fresh),
        cmocka_unit_test_setup(other_lengths_are_refused_and_left_alone, fresh),
        cmocka_unit_test_setup(a_ring_with_other_hashes_follows_nobody, fresh),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
