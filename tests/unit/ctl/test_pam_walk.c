/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/pam_walk.o ctl/pam_stack.o ctl/scrap.o ctl/verb.o policy/arena.o -lpam */
/* What doctor makes of a PAM stack is what libpam makes of it: hundreds of random stacks of pam_debug.so, with
 * includes, substacks, jumps and broken lines, are run by the real libpam and walked in thought. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <security/pam_appl.h>

#include "base/buffer.h"
#include "ctl/pam_walk.h"

#define STACKS 500

static char root[] = "/tmp/authgate-pam-XXXXXX";
static struct arena arena;
static uint64_t seed = 42;

static const char *const controls[] = {
    "required",
    "requisite",
    "optional",
    "sufficient",
    "[success=1 default=ignore]",
    "[success=done ignore=ignore default=die]",
    "[success=ok default=bad]",
    "[auth_err=ignore default=ok]",
    "[ success = 2 user_unknown=reset default=1 ]",
    "[success=reset default=die]",
    "[default=done]",
    "[success=ok ignore=3]",
    "Required",
};
static const char *const answers[] = {"success", "success",     "auth_err",         "user_unknown",
                                      "ignore",  "perm_denied", "authinfo_unavail", "new_authtok_reqd"};
static const enum pam_result results[] = {
    PAM_RESULT_SUCCESS, PAM_RESULT_SUCCESS,     PAM_RESULT_AUTH_ERR,         PAM_RESULT_USER_UNKNOWN,
    PAM_RESULT_IGNORE,  PAM_RESULT_PERM_DENIED, PAM_RESULT_AUTHINFO_UNAVAIL, PAM_RESULT_NEW_AUTHTOK_REQD};

static unsigned roll(unsigned sides) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % sides;
}

static FILE *create(const char *name) {
    char path[128];
    struct buffer buffer;
    buffer_init(&buffer, path, sizeof path);
    assert_true(buffer_add_format(&buffer, "%s/etc/pam.d/%s", root, name));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    return file;
}

/* libpam 1.5 looks for what a stack of another folder includes in /etc/pam.d, so files are included by their absolute
 * names; below the root they are found under the same name by a link. */
static int make_folders(void **state) {
    (void)state;
    char path[128];
    struct buffer buffer;
    if (mkdtemp(root) == NULL)
        return 1;
    buffer_init(&buffer, path, sizeof path);
    buffer_add_format(&buffer, "%s/etc", root);
    if (mkdir(path, 0755) != 0)
        return 1;
    buffer_add(&buffer, "/pam.d");
    if (mkdir(path, 0755) != 0)
        return 1;
    buffer_init(&buffer, path, sizeof path);
    buffer_add_format(&buffer, "%s/tmp", root);
    if (mkdir(path, 0755) != 0)
        return 1;
    buffer_init(&buffer, path, sizeof path);
    buffer_add_format(&buffer, "%s%s", root, root);
    return symlink(root, path);
}

static int remove_folders(void **state) {
    (void)state;
    const char *const names[] = {"etc/pam.d/test",
                                 "etc/pam.d/inner",
                                 "etc/pam.d/deepest",
                                 "etc/pam.d/other",
                                 "etc/pam.d",
                                 "etc",
                                 root,
                                 "tmp",
                                 ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        struct buffer buffer;
        buffer_init(&buffer, path, sizeof path);
        buffer_add_format(&buffer, "%s/%s", root, names[i]);
        if (remove(path) != 0 && i > 3)
            return 1;
    }
    arena_clear(&arena);
    return 0;
}

/* A line, and now and then one that includes `inner`. */
static void write_line(FILE *file, const char *inner) {
    unsigned die = roll(24);
    if (die < 8 && inner != NULL)
        fprintf(file,
                die % 4 == 0   ? "auth include %s/etc/pam.d/%s\n"
                : die % 4 == 1 ? "auth substack %s/etc/pam.d/%s\n"
                : die % 4 == 2 ? "@include %s/etc/pam.d/%s\n"
                               : "AUTH\tSubstack\t%s/etc/pam.d/%s\n",
                root, inner);
    else if (die == 8)
        fprintf(file, "account required pam_debug.so acct=success\n");
    else if (die == 9)
        fprintf(file, "# auth required pam_deny.so\n\n");
    else
        fprintf(file, "auth %s%s pam_debug.so auth=%s # why\n", controls[roll(sizeof controls / sizeof controls[0])],
                roll(5) == 0 ? " \\\n " : "", answers[roll(8)]);
}

static void write_stack(const char *name, unsigned most, const char *inner) {
    FILE *file = create(name);
    for (unsigned lines = 1 + roll(most); lines > 0; lines--)
        write_line(file, inner);
    assert_int_equal(fclose(file), 0);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    (void)count;
    (void)messages;
    (void)responses;
    (void)data;
    return PAM_CONV_ERR;
}

/* LeakSanitizer asks for this: libpam itself loses what it made of a service that it then refuses. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libpam.so";
}

static int by_libpam(void) {
    const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *handle = NULL;
    char folder[128];
    struct buffer buffer;
    buffer_init(&buffer, folder, sizeof folder);
    buffer_add_format(&buffer, "%s/etc/pam.d", root);
    int result = pam_start_confdir("test", "nobody", &conversation, folder, &handle);
    if (result == PAM_SUCCESS)
        result = pam_authenticate(handle, PAM_SILENT);
    if (handle != NULL) /* libpam makes none of a service that it cannot read */
        pam_end(handle, result);
    return result;
}

static enum pam_result say(void *context, const struct pam_line *line) {
    (void)context;
    const char *word = pam_line_argument(line, "auth=");
    for (size_t i = 0; word != NULL && i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(word, answers[i]) == 0)
            return results[i];
    return PAM_RESULT_MODULE_UNKNOWN;
}

static void show(const char *name) {
    char path[128];
    struct buffer buffer;
    buffer_init(&buffer, path, sizeof path);
    buffer_add_format(&buffer, "%s/etc/pam.d/%s", root, name);
    const char *text = scrap_read(&arena, path);
    print_message("--- %s\n%s", name, text != NULL ? text : "");
}

/* The results are the same; where libpam cannot read a stack, a refusal is. */
static void compare(bool broken) {
    struct pam_stack stack = pam_stack_load(&arena, root, "test");
    int real = by_libpam();
    int thought = (int)pam_walk(&stack.lines[PAM_TYPE_AUTH], say, NULL);
    if (broken && real != PAM_SUCCESS && thought != PAM_RESULT_SUCCESS)
        return;
    if (real != thought) {
        show("test");
        show("inner");
        show("deepest");
    }
    assert_int_equal(thought, real);
}

static void random_stacks_end_as_in_libpam(void **state) {
    (void)state;
    size_t good = 0;
    write_stack("other", 2, NULL);
    for (int i = 0; i < STACKS; i++) {
        write_stack("deepest", 3, NULL);
        write_stack("inner", 4, "deepest");
        write_stack("test", 6, "inner");
        compare(false);
        struct pam_stack stack = pam_stack_load(&arena, root, "test");
        good += pam_walk(&stack.lines[PAM_TYPE_AUTH], say, NULL) == PAM_RESULT_SUCCESS;
    }
    assert_in_range(good, STACKS / 10, STACKS * 9 / 10); /* else it would show little */
}

static void write_text(const char *text) {
    FILE *file = create("test");
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void broken_lines_refuse_as_in_libpam(void **state) {
    (void)state;
    static const char *const texts[] = {
        "auth sufficient pam_debug.so auth=success\nauth required\n",
        "auth required\nauth sufficient pam_debug.so auth=success\n",
        "auth\nauth required pam_debug.so auth=success\n",
        "auth [succes=ok] pam_debug.so auth=success\n",
        "auth [Success=ok] pam_debug.so auth=success\nauth optional pam_debug.so auth=success\n",
        "auth [success=OK] pam_debug.so auth=success\nauth optional pam_debug.so auth=success\n",
        "auth [success=ok bogus=ok] pam_debug.so auth=success\nauth optional pam_debug.so auth=success\n",
        "auth [success=ok default=ignore pam_debug.so auth=success\nauth required pam_debug.so auth=success\n",
        "auth [success] pam_debug.so auth=success\nauth optional pam_debug.so auth=success\n",
        "auth [success=bogus] pam_debug.so auth=success\nauth optional pam_debug.so auth=success\n",
        "auth include nothing-there\nauth sufficient pam_debug.so auth=success\n",
        "auth sufficient pam_debug.so auth=success\nauth substack nothing-there\n",
        "auth required pam_no_such_module.so\n",
        "-auth required pam_no_such_module.so\nauth required pam_debug.so auth=success\n",
        "-auth sufficient pam_no_such_module.so\nauth required pam_debug.so auth=success\n",
        "bogus required pam_debug.so auth=success\nauth required pam_debug.so auth=success\n",
        "auth [success=9 default=ignore] pam_debug.so auth=success\nauth required pam_debug.so auth=success\n",
        "auth sufficient pam_debug.so auth=success\n@include nothing-there\n",
        "account required pam_permit.so\n", /* auth is other's then */
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_text(texts[i]);
        compare(true);
    }
}

static void what_includes_itself_ends_and_refuses(void **state) {
    (void)state;
    write_text("auth include test\nauth include test\nauth substack test\nauth sufficient pam_debug.so auth=success\n");
    struct pam_stack stack = pam_stack_load(&arena, root, "test");
    assert_int_not_equal(pam_walk(&stack.lines[PAM_TYPE_AUTH], say, NULL), PAM_RESULT_SUCCESS);
    assert_in_range(stack.lines[PAM_TYPE_AUTH].count, 1000, 5000);
}

static void lines_keep_their_places(void **state) {
    (void)state;
    FILE *inner = create("inner");
    fputs("# comment\nauth required pam_debug.so \\\n  auth=success [a b]\n", inner);
    fclose(inner);
    write_text("\nauth substack inner\naccount include inner\n@include inner\n");
    struct pam_stack stack = pam_stack_load(&arena, root, "test");
    const struct pam_lines *lines = &stack.lines[PAM_TYPE_AUTH];
    assert_int_equal(lines->count, 3);
    assert_int_equal(lines->line[0].kind, PAM_LINE_SUBSTACK);
    assert_int_equal(lines->line[1].level, 1);
    assert_int_equal(lines->line[1].place.line, 2);
    assert_int_equal(lines->line[1].origin.line, 2);
    assert_int_equal(lines->line[2].level, 0);
    assert_int_equal(lines->line[2].origin.line, 4);
    assert_string_equal(lines->line[2].arguments.word[1], "a b");
    assert_true(stack.other[PAM_TYPE_ACCOUNT]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_stacks_end_as_in_libpam),
        cmocka_unit_test(broken_lines_refuse_as_in_libpam),
        cmocka_unit_test(what_includes_itself_ends_and_refuses),
        cmocka_unit_test(lines_keep_their_places),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
