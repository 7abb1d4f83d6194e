/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/diff.o ctl/scrap.o ctl/verb.o policy/arena.o */
/* The diff that setup shows: as people know it, and nothing of a change left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/diff.h"

static struct arena arena;

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void three_lines_stand_around_a_change(void **state) {
    (void)state;
    assert_string_equal(diff_texts(&arena, "f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nV\n6\n7\n8\n9\n"),
                        "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+V\n 6\n 7\n 8\n");
}

static void changes_far_apart_are_two_pieces(void **state) {
    (void)state;
    assert_string_equal(diff_texts(&arena, "f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n"),
                        "--- f\n+++ f\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n");
}

static void a_new_file_is_all_added(void **state) {
    (void)state;
    assert_string_equal(diff_texts(&arena, "f", NULL, "a\nb\n"), "--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
}

static void the_same_text_has_no_diff(void **state) {
    (void)state;
    assert_string_equal(diff_texts(&arena, "f", "a\nb\n", "a\nb\n"), "");
    assert_string_equal(diff_texts(&arena, "f", "", ""), "");
}

/* One side of a diff of which everything is shown: its lines put together. */
static const char *side(const char *diff, char other) {
    char *rest = scrap_text(&arena, "%s", diff);
    const char *text = "";
    for (char *line; (line = scrap_line(&rest)) != NULL;)
        if (line[0] != other && line[0] != '@' && strncmp(line, "---", 3) != 0 && strncmp(line, "+++", 3) != 0)
            text = scrap_text(&arena, "%s%s\n", text, line + 1);
    return text;
}

static const char *random_text(uint64_t *seed) {
    const char *text = "";
    for (int i = 0; i < 6; i++) {
        *seed = *seed * 6364136223846793005U + 1442695040888963407U;
        text = scrap_text(&arena, "%s%c\n", text, (char)('a' + (*seed >> 33) % 3));
    }
    return text;
}

static void both_sides_are_in_the_diff(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 300; i++) {
        const char *before = random_text(&seed), *after = random_text(&seed);
        const char *diff = diff_texts(&arena, "f", before, after);
        if (strcmp(before, after) == 0)
            continue;
        /* Of six lines with a change among them, all are shown but some at the edges. */
        assert_non_null(strstr(before, side(diff, '+')));
        assert_non_null(strstr(after, side(diff, '-')));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_lines_stand_around_a_change), cmocka_unit_test(changes_far_apart_are_two_pieces),
        cmocka_unit_test(a_new_file_is_all_added),           cmocka_unit_test(the_same_text_has_no_diff),
        cmocka_unit_test(both_sides_are_in_the_diff),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
