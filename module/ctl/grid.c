/* SPDX-License-Identifier: BSD-2-Clause */
/* Lays tables out. Cells may come from user names and policy files, so that no byte reaches the terminal that it could
 * take for a command. */
#include "ctl/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "ctl/verb.h"

/* The next character: how many bytes it has, and its columns on the terminal; 0 columns where it is to be escaped. */
static size_t next_character(const char *text, int *columns) {
    mbstate_t state;
    memset(&state, 0, sizeof state);
    wchar_t wide;
    size_t length = mbrtowc(&wide, text, strlen(text), &state);
    bool sound = length != (size_t)-1 && length != (size_t)-2 && length != 0;
    int width = sound ? wcwidth(wide) : -1;
    *columns = width > 0 ? width : 0;
    return *columns > 0 ? length : 1;
}

static size_t width_of(const char *text) {
    size_t width = 0;
    while (*text != '\0') {
        int columns;
        text += next_character(text, &columns);
        width += columns > 0 ? (size_t)columns : strlen("\\xNN");
    }
    return width;
}

void grid_print_text(const char *text) {
    while (*text != '\0') {
        int columns;
        size_t length = next_character(text, &columns);
        if (columns > 0)
            fwrite(text, 1, length, stdout);
        else
            printf("\\x%02x", (unsigned)(unsigned char)*text);
        text += length;
    }
}

void grid_add(struct grid *grid, const char *const row[]) {
    char **cells = reallocarray(grid->cells, grid->count + grid->columns, sizeof *cells);
    if (cells == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    grid->cells = cells;
    for (size_t column = 0; column < grid->columns; column++) {
        cells[grid->count] = strdup(row[column] != NULL ? row[column] : "");
        if (cells[grid->count++] == NULL)
            exit((int)verb_fail(STATUS_NO, "out of memory"));
    }
}

static void measure(const struct grid *grid, size_t widths[GRID_COLUMNS]) {
    for (size_t column = 0; column < grid->columns; column++) {
        widths[column] = 0;
        for (size_t i = column; i < grid->count; i += grid->columns) {
            size_t width = width_of(grid->cells[i]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
}

static void print_row(const struct grid *grid, char *const *row, const size_t widths[GRID_COLUMNS]) {
    size_t last = grid->columns;
    while (last > 0 && row[last - 1][0] == '\0')
        last--;
    fputs(last > 0 ? "  " : "", stdout);
    for (size_t column = 0; column < last; column++) {
        grid_print_text(row[column]);
        size_t gap = column + 1 < last ? widths[column] - width_of(row[column]) + 2 : 0;
        printf("%*s", (int)gap, "");
    }
    putchar('\n');
}

void grid_print(struct grid *grid) {
    size_t widths[GRID_COLUMNS];
    measure(grid, widths);
    for (size_t i = 0; i < grid->count; i += grid->columns)
        print_row(grid, grid->cells + i, widths);
    for (size_t i = 0; i < grid->count; i++)
        free(grid->cells[i]);
    free(grid->cells);
    *grid = (struct grid){.columns = grid->columns};
}
