/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/secret_file.o ctl/verb.o */
/* A file that holds a secret is nobody else's from the start, whole or not there, and never somebody else's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/secret_file.h"

static char folder[64], path[96], other[96];

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/authgate-secret-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/file.new", folder);
    return 0;
}

static int stop(void **state) {
    (void)state;
    return rmdir(folder);
}

static int clean(void **state) {
    (void)state;
    unlink(path);
    unlink(other);
    return 0;
}

static void assert_holds(const char *expected, mode_t mode) {
    char bytes[64] = "";
    struct stat status;
    assert_int_equal(secret_file_read(path, bytes, sizeof bytes, &status), strlen(expected));
    assert_string_equal(bytes, expected);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void put(const char *text, bool replace, bool whole) {
    struct secret_file file;
    assert_true(secret_file_open(&file, path, replace));
    fputs(text, file.out);
    assert_int_equal(secret_file_close(&file, whole), whole);
}

static void it_is_there_whole_and_for_its_owner_alone(void **state) {
    (void)state;
    umask(0);
    put("one", false, true);
    assert_holds("one", 0600);
}

static void what_is_there_is_replaced_only_where_that_is_wanted(void **state) {
    (void)state;
    struct secret_file file;
    put("one", false, true);
    assert_false(secret_file_open(&file, path, false));
    assert_holds("one", 0600);
    put("two", true, true);
    assert_holds("two", 0600);
    assert_int_equal(access(other, F_OK), -1);
}

static void one_that_is_given_up_leaves_what_was_there(void **state) {
    (void)state;
    put("one", false, false);
    assert_int_equal(access(path, F_OK), -1);
    put("one", true, true);
    put("two", true, false);
    assert_holds("one", 0600);
    assert_int_equal(access(other, F_OK), -1);
}

static void no_link_is_followed(void **state) {
    (void)state;
    struct secret_file file;
    put("one", false, true);
    assert_int_equal(symlink(path, other), 0);
    put("two", true, true); /* the link in the way is removed, not followed */
    assert_holds("two", 0600);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/tmp/authgate-nowhere", path), 0);
    assert_false(secret_file_open(&file, path, false));
    assert_int_equal(access("/tmp/authgate-nowhere", F_OK), -1);
}

static void more_than_there_is_room_for_is_not_read(void **state) {
    (void)state;
    char bytes[4];
    put("four", false, true);
    assert_int_equal(secret_file_read(path, bytes, sizeof bytes, NULL), -1);
    assert_int_equal(secret_file_read(other, bytes, sizeof bytes, NULL), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_is_there_whole_and_for_its_owner_alone, clean),
        cmocka_unit_test_teardown(what_is_there_is_replaced_only_where_that_is_wanted, clean),
        cmocka_unit_test_teardown(one_that_is_given_up_leaves_what_was_there, clean),
        cmocka_unit_test_teardown(no_link_is_followed, clean),
        cmocka_unit_test_teardown(more_than_there_is_room_for_is_not_read, clean),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
