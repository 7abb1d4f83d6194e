/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* The bounded string builder: all of a piece or none of it, always NUL-terminated, never past its storage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

static void starts_empty(void **state) {
    (void)state;
    char storage[8] = "rubbish";
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    assert_string_equal(buffer.bytes, "");
    assert_int_equal(buffer.length, 0);
    assert_false(buffer.overflowed);
}

static void takes_exactly_what_fits(void **state) {
    (void)state;
    char storage[8];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    assert_true(buffer_add(&buffer, "1234567"));
    assert_string_equal(storage, "1234567");
    assert_false(buffer_add_char(&buffer, '8'));
    assert_true(buffer.overflowed);
    assert_string_equal(storage, "1234567");
}

static void what_does_not_fit_leaves_the_text_as_it_was(void **state) {
    (void)state;
    char storage[8];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    assert_true(buffer_add(&buffer, "abc"));
    assert_false(buffer_add(&buffer, "12345"));
    assert_string_equal(storage, "abc");
    assert_false(buffer_add_format(&buffer, "%s", "12345"));
    assert_string_equal(storage, "abc");
    assert_true(buffer_add_format(&buffer, "%d", 1234));
    assert_string_equal(storage, "abc1234");
    assert_true(buffer.overflowed);
}

static void touches_nothing_beyond_its_storage(void **state) {
    (void)state;
    char area[16];
    memset(area, 'x', sizeof area);
    struct buffer buffer;
    buffer_init(&buffer, area, 8);
    for (int i = 0; i < 20; i++) {
        buffer_add_format(&buffer, "%d%s", i, "long enough to overflow");
        buffer_add(&buffer, "ab");
    }
    for (size_t i = 8; i < sizeof area; i++)
        assert_int_equal(area[i], 'x');
}

static void a_storage_of_one_byte_holds_the_empty_text(void **state) {
    (void)state;
    char storage[1];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    assert_true(buffer_add(&buffer, ""));
    assert_false(buffer_add_char(&buffer, 'a'));
    assert_false(buffer_add_format(&buffer, "%s", "a"));
    assert_int_equal(storage[0], '\0');
}

static void huge_lengths_do_not_wrap_around(void **state) {
    (void)state;
    char storage[8];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    buffer_add(&buffer, "abc");
    assert_false(buffer_add_bytes(&buffer, "", SIZE_MAX));
    assert_false(buffer_add_bytes(&buffer, "", SIZE_MAX - 2));
    assert_string_equal(storage, "abc");
}

static void wiping_leaves_no_byte(void **state) {
    (void)state;
    static const char zeros[16];
    char storage[16];
    struct buffer buffer;
    memset(storage, 's', sizeof storage);
    buffer_init(&buffer, storage, sizeof storage);
    buffer_add(&buffer, "secret");
    buffer_wipe(&buffer);
    assert_memory_equal(storage, zeros, sizeof storage);
    assert_int_equal(buffer.length, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(takes_exactly_what_fits),
        cmocka_unit_test(what_does_not_fit_leaves_the_text_as_it_was),
        cmocka_unit_test(touches_nothing_beyond_its_storage),
        cmocka_unit_test(a_storage_of_one_byte_holds_the_empty_text),
        cmocka_unit_test(huge_lengths_do_not_wrap_around),
        cmocka_unit_test(wiping_leaves_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
