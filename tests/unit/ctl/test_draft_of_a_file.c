/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/draft.o ctl/verb.o */
/* What an edit does to the file and to those who look at it meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "ctl/draft.h"

static char folder[64];

static const char *path_of(const char *name, char path[PATH_MAX]) {
    struct buffer buffer;
    buffer_init(&buffer, path, PATH_MAX);
    assert_true(buffer_add_format(&buffer, "%s/%s", folder, name));
    return path;
}

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void expect_text(const char *path, const char *text) {
    char found[256] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, text);
}

static int make_folder(void **state) {
    (void)state;
    memcpy(folder, "/tmp/authgate-draft-XXXXXX", sizeof "/tmp/authgate-draft-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {"alice.conf", "main.conf", ".alice.conf.edit", "link.conf"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i], path));
    return rmdir(folder); /* fails where a lock or a staged file was left */
}

static void what_was_edited_takes_the_file_s_place_with_its_mode(void **state) {
    (void)state;
    char target[PATH_MAX];
    struct draft draft;
    bool unchanged;
    put(path_of("alice.conf", target), "old\n");
    assert_int_equal(chmod(target, 0640), 0);
    assert_true(draft_open(&draft, target, target, ""));
    expect_text(draft.copy, "old\n");
    put(draft.copy, "new\n");
    assert_true(draft_stage(&draft, &unchanged));
    assert_false(unchanged);
    expect_text(target, "old\n");
    assert_true(draft_install(&draft));
    draft_close(&draft, false);
    expect_text(target, "new\n");
    struct stat status;
    assert_int_equal(stat(target, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(access(draft.copy, F_OK), -1);
}

static void an_editor_that_replaces_the_copy_is_followed(void **state) {
    (void)state;
    char target[PATH_MAX], other[PATH_MAX];
    struct draft draft;
    bool unchanged;
    put(path_of("alice.conf", target), "old\n");
    assert_true(draft_open(&draft, target, target, ""));
    put(path_of("main.conf", other), "renamed\n");
    assert_int_equal(rename(other, draft.copy), 0);
    assert_true(draft_stage(&draft, &unchanged));
    assert_true(draft_install(&draft));
    draft_close(&draft, false);
    expect_text(target, "renamed\n");
}

static void a_new_file_starts_with_a_text_and_takes_another_s_mode(void **state) {
    (void)state;
    char target[PATH_MAX], like[PATH_MAX];
    struct draft draft;
    bool unchanged;
    put(path_of("main.conf", like), "main\n");
    assert_int_equal(chmod(like, 0440), 0);
    assert_true(draft_open(&draft, path_of("alice.conf", target), like, "beginning\n"));
    expect_text(draft.copy, "beginning\n");
    assert_true(draft_stage(&draft, &unchanged));
    assert_true(unchanged);
    put(draft.copy, "beginning\nmore\n");
    assert_true(draft_stage(&draft, &unchanged));
    assert_false(unchanged);
    assert_true(draft_install(&draft));
    draft_close(&draft, false);
    expect_text(target, "beginning\nmore\n");
    struct stat status;
    assert_int_equal(stat(target, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0440);
}

static void the_same_text_is_seen_to_be_unchanged(void **state) {
    (void)state;
    char target[PATH_MAX];
    struct draft draft;
    bool unchanged = false;
    put(path_of("alice.conf", target), "old\n");
    assert_true(draft_open(&draft, target, target, ""));
    assert_true(draft_stage(&draft, &unchanged));
    assert_true(unchanged);
    put(draft.copy, "old\n\n");
    assert_true(draft_stage(&draft, &unchanged));
    assert_false(unchanged);
    draft_close(&draft, false);
}

static void only_one_may_edit_at_a_time(void **state) {
    (void)state;
    char target[PATH_MAX];
    struct draft first, second;
    put(path_of("alice.conf", target), "old\n");
    assert_true(draft_open(&first, target, target, ""));
    put(first.copy, "mine\n");
    assert_false(draft_open(&second, target, target, ""));
    draft_close(&second, false);
    expect_text(first.copy, "mine\n");
    draft_close(&first, false);
    assert_true(draft_open(&second, target, target, ""));
    draft_close(&second, false);
}

static void a_file_that_was_changed_meanwhile_is_not_overwritten(void **state) {
    (void)state;
    char target[PATH_MAX];
    struct draft draft;
    bool unchanged;
    put(path_of("alice.conf", target), "old\n");
    assert_true(draft_open(&draft, target, target, ""));
    put(draft.copy, "mine\n");
    assert_true(draft_stage(&draft, &unchanged));
    put(target, "theirs\n");
    assert_false(draft_install(&draft));
    draft_close(&draft, true);
    expect_text(target, "theirs\n");
    expect_text(draft.copy, "mine\n");
}

static void links_are_not_followed(void **state) {
    (void)state;
    char target[PATH_MAX], elsewhere[PATH_MAX];
    struct draft draft;
    bool unchanged;
    put(path_of("main.conf", elsewhere), "secret\n");
    assert_int_equal(symlink(elsewhere, path_of("link.conf", target)), 0);
    assert_false(draft_open(&draft, target, elsewhere, ""));
    draft_close(&draft, false);
    put(path_of("alice.conf", target), "old\n");
    assert_true(draft_open(&draft, target, target, ""));
    assert_int_equal(unlink(draft.copy), 0);
    assert_int_equal(symlink(elsewhere, draft.copy), 0);
    assert_false(draft_stage(&draft, &unchanged));
    draft_close(&draft, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_edited_takes_the_file_s_place_with_its_mode, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_editor_that_replaces_the_copy_is_followed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_new_file_starts_with_a_text_and_takes_another_s_mode, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(the_same_text_is_seen_to_be_unchanged, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(only_one_may_edit_at_a_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_was_changed_meanwhile_is_not_overwritten, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(links_are_not_followed, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
