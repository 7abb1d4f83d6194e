/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/held_file.o ctl/secret_file.o ctl/verb.o */
/* One program at a time holds a key file, whatever replacements go on, and replaces only what it has read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/held_file.h"
#include "ctl/secret_file.h"

static char folder[64], path[96], other[96], kept[96];

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/authgate-held-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/file.new", folder);
    snprintf(kept, sizeof kept, "%s/kept", folder);
    return 0;
}

static int stop(void **state) {
    (void)state;
    return rmdir(folder);
}

static void put(const char *text, bool replace) {
    struct secret_file file;
    assert_true(secret_file_open(&file, path, replace));
    fputs(text, file.out);
    assert_true(secret_file_close(&file, true));
}

static int one(void **state) {
    (void)state;
    put("one", false);
    return 0;
}

static int clean(void **state) {
    (void)state;
    assert_int_equal(access(other, F_OK), -1);
    unlink(path);
    unlink(kept);
    return 0;
}

static void assert_holds(const char *expected, mode_t mode) {
    char bytes[64] = "";
    struct stat status;
    assert_int_equal(secret_file_read(path, bytes, sizeof bytes, &status), strlen(expected));
    assert_string_equal(bytes, expected);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void a_second_holder_is_refused_also_after_a_replacement(void **state) {
    (void)state;
    struct held_file first, second;
    assert_true(held_file_take(&first, path, "wait"));
    assert_false(held_file_take(&second, path, "wait"));
    assert_true(held_file_replace(&first, "two", 3));
    assert_false(held_file_take(&second, path, "wait"));
    assert_true(held_file_replace(&first, "three", 5));
    assert_false(held_file_take(&second, path, "wait"));
    held_file_release(&first);
    assert_true(held_file_take(&second, path, "wait"));
    assert_memory_equal(second.bytes, "three", 5);
    assert_int_equal(second.length, 5);
    held_file_release(&second);
}

static void a_file_that_took_its_place_meanwhile_is_left_as_it_is(void **state) {
    (void)state;
    struct held_file held;
    assert_true(held_file_take(&held, path, "wait"));
    put("one", true); /* another file, though of the same bytes */
    assert_false(held_file_replace(&held, "two", 3));
    assert_holds("one", 0600);
    held_file_release(&held);
}

static void a_file_that_was_written_in_place_is_left_as_it_is(void **state) {
    (void)state;
    struct held_file held;
    assert_true(held_file_take(&held, path, "wait"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("new", file);
    assert_int_equal(fclose(file), 0);
    assert_false(held_file_replace(&held, "two", 3));
    assert_holds("new", 0600);
    held_file_release(&held);
}

static void a_file_that_is_gone_is_not_made_again(void **state) {
    (void)state;
    struct held_file held;
    assert_true(held_file_take(&held, path, "wait"));
    assert_int_equal(unlink(path), 0);
    assert_false(held_file_replace(&held, "two", 3));
    assert_int_equal(access(path, F_OK), -1);
    held_file_release(&held);
}

static void a_replaced_file_keeps_its_owner_and_mode(void **state) {
    (void)state;
    struct held_file held;
    assert_int_equal(chmod(path, 0400), 0);
    assert_true(held_file_take(&held, path, "wait"));
    assert_true(held_file_replace(&held, "three", 5));
    assert_holds("three", 0400);
    held_file_release(&held);
}

static void a_link_an_empty_file_and_too_much_are_not_held(void **state) {
    (void)state;
    struct held_file held;
    char much[HELD_FILE_LIMIT + 2];
    assert_int_equal(rename(path, kept), 0);
    assert_int_equal(symlink(kept, path), 0);
    assert_false(held_file_take(&held, path, "wait"));
    assert_int_equal(unlink(path), 0);
    put("", false);
    assert_false(held_file_take(&held, path, "wait"));
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    put(much, true);
    assert_false(held_file_take(&held, path, "wait"));
    put(much + 1, true);
    assert_true(held_file_take(&held, path, "wait"));
    assert_false(held_file_replace(&held, much, HELD_FILE_LIMIT + 1));
    held_file_release(&held);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_holder_is_refused_also_after_a_replacement, one, clean),
        cmocka_unit_test_setup_teardown(a_file_that_took_its_place_meanwhile_is_left_as_it_is, one, clean),
        cmocka_unit_test_setup_teardown(a_file_that_was_written_in_place_is_left_as_it_is, one, clean),
        cmocka_unit_test_setup_teardown(a_file_that_is_gone_is_not_made_again, one, clean),
        cmocka_unit_test_setup_teardown(a_replaced_file_keeps_its_owner_and_mode, one, clean),
        cmocka_unit_test_setup_teardown(a_link_an_empty_file_and_too_much_are_not_held, one, clean),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
