/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for people: aligned columns, and text from elsewhere made safe for a terminal. */
#ifndef AUTHGATE_CTL_GRID_H
#define AUTHGATE_CTL_GRID_H

#include <stddef.h>

#define GRID_COLUMNS 8

struct grid {
    size_t columns;
    char **cells; /* row after row */
    size_t count;
};

/* Adds a row of `columns` cells, copies of `row` (a NULL cell is empty). Memory that runs out ends the program. */
void grid_add(struct grid *grid, const char *const row[]);

/* Prints all rows, each indented by two blanks, columns aligned, nothing after a row's last text, and forgets them. */
void grid_print(struct grid *grid);

/* Prints text with everything that is not printable in the user's locale as \xNN. */
void grid_print_text(const char *text);

#endif
