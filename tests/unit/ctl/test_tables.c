/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/grid.o ctl/verb.o ctl/when.o */
/* How tables, spans of time and hostile text look on a terminal. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/grid.h"
#include "ctl/when.h"

static char shown[4096];
static FILE *real_stdout;

static int set_locale(void **state) {
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

static void capture(void) {
    memset(shown, 0, sizeof shown);
    real_stdout = stdout;
    stdout = fmemopen(shown, sizeof shown, "w");
    assert_non_null(stdout);
}

static void release(void) {
    fclose(stdout);
    stdout = real_stdout;
}

static void columns_are_aligned_and_end_without_blanks(void **state) {
    (void)state;
    struct grid grid = {.columns = 3};
    grid_add(&grid, (const char *const[]){"a", "long cell", "x"});
    grid_add(&grid, (const char *const[]){"wider", NULL, NULL});
    grid_add(&grid, (const char *const[]){"", "", "last"});
    capture();
    grid_print(&grid);
    release();
    assert_string_equal(shown, "  a      long cell  x\n"
                               "  wider\n"
                               "                    last\n");
    assert_int_equal(grid.count, 0);
}

static void wide_characters_count_as_the_terminal_counts_them(void **state) {
    (void)state;
    struct grid grid = {.columns = 2};
    grid_add(&grid, (const char *const[]){"日本", "x"});
    grid_add(&grid, (const char *const[]){"abcd", "y"});
    capture();
    grid_print(&grid);
    release();
    assert_string_equal(shown, "  日本  x\n  abcd  y\n");
}

static void what_could_command_a_terminal_is_escaped(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"\033[2J", "\\x1b[2J"}, {"a\nb", "a\\x0ab"}, {"\xc2\x9b", "\\xc2\\x9b"}, {"\xff", "\\xff"}, {"é%n", "é%n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture();
        grid_print_text(rows[i][0]);
        release();
        assert_string_equal(shown, rows[i][1]);
    }
}

static void spans_show_their_two_largest_units(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "0 s"},        {59, "59 s"},         {60, "1 m"},    {61, "1 m 1 s"},    {3600, "1 h"},
                {3661, "1 h 1 m"}, {86399, "23 h 59 m"}, {86400, "1 d"}, {90000, "1 d 1 h"}, {86401, "1 d"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[WHEN_TEXT_SIZE];
        when_format_span(rows[i].seconds, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_and_end_without_blanks),
        cmocka_unit_test(wide_characters_count_as_the_terminal_counts_them),
        cmocka_unit_test(what_could_command_a_terminal_is_escaped),
        cmocka_unit_test(spans_show_their_two_largest_units),
    };
    return cmocka_run_group_tests(tests, set_locale, NULL);
}
