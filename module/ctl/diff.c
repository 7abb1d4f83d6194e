/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares two files line by line: what they begin and end with alike is set aside, the longest common lines of the
 * rest are found by the table of all pairs. Meant for configuration files. Called by setup. */
#include "ctl/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/verb.h"

#define AROUND    3
#define ROWS_MOST 4000 /* of what differs in the middle */

struct lines {
    const char **line;
    size_t count;
};

struct diff {
    struct arena *arena;
    struct lines before, after;
    char *kind; /* of each output line: ' ', '-' or '+' */
    const char **text;
    size_t count;
};

static struct lines split(struct arena *arena, const char *text) {
    struct lines lines = {NULL, 0};
    char *rest = text != NULL ? scrap_text(arena, "%s", text) : NULL;
    for (char *line; (line = scrap_line(&rest)) != NULL;) {
        lines.line = scrap_grow(arena, lines.line, lines.count, sizeof *lines.line);
        lines.line[lines.count++] = line;
    }
    return lines;
}

static void add(struct diff *diff, char kind, const char *text) {
    diff->kind = scrap_grow(diff->arena, diff->kind, diff->count, sizeof *diff->kind);
    diff->text = scrap_grow(diff->arena, diff->text, diff->count, sizeof *diff->text);
    diff->kind[diff->count] = kind;
    diff->text[diff->count++] = text;
}

/* Compares before[from..to) with after[from..upto). `longest` has a row for each line of the first and one more. */
static void compare(struct diff *diff, size_t from, size_t to, size_t upto) {
    size_t rows = to - from, columns = upto - from, width = columns + 1;
    unsigned short *longest = scrap_take(diff->arena, (rows + 1) * width, sizeof *longest);
    const char **one = diff->before.line + from, **other = diff->after.line + from;
    for (size_t i = rows; i-- > 0;)
        for (size_t j = columns; j-- > 0;) {
            unsigned short down = longest[(i + 1) * width + j], right = longest[i * width + j + 1];
            unsigned short both = (unsigned short)(longest[(i + 1) * width + j + 1] + 1);
            longest[i * width + j] = strcmp(one[i], other[j]) == 0 ? both : down > right ? down : right;
        }
    size_t i = 0, j = 0;
    while (i < rows || j < columns) {
        if (i < rows && j < columns && strcmp(one[i], other[j]) == 0) {
            add(diff, ' ', one[i++]);
            j++;
        } else if (i < rows && (j == columns || longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
            add(diff, '-', one[i++]);
        } else {
            add(diff, '+', other[j++]);
        }
    }
}

static void compare_all(struct diff *diff) {
    size_t from = 0, to = diff->before.count, upto = diff->after.count;
    while (from < to && from < upto && strcmp(diff->before.line[from], diff->after.line[from]) == 0)
        add(diff, ' ', diff->before.line[from++]);
    while (to > from && upto > from && strcmp(diff->before.line[to - 1], diff->after.line[upto - 1]) == 0) {
        to--;
        upto--;
    }
    if (to - from <= ROWS_MOST && upto - from <= ROWS_MOST) {
        compare(diff, from, to, upto);
    } else {
        for (size_t i = from; i < to; i++)
            add(diff, '-', diff->before.line[i]);
        for (size_t i = from; i < upto; i++)
            add(diff, '+', diff->after.line[i]);
    }
    for (size_t i = to; i < diff->before.count; i++)
        add(diff, ' ', diff->before.line[i]);
}

/* The end of the piece that starts at `at`: behind it come more than twice as many equal lines as are shown. */
static size_t piece_end(const struct diff *diff, size_t at) {
    size_t last = at;
    for (size_t i = at; i < diff->count && i <= last + 2 * AROUND + 1; i++)
        last = diff->kind[i] != ' ' ? i : last;
    return last + 1 + AROUND < diff->count ? last + 1 + AROUND : diff->count;
}

/* Counts the lines of each side in [from, to). */
static void count_lines(const struct diff *diff, size_t from, size_t to, size_t sides[2]) {
    sides[0] = sides[1] = 0;
    for (size_t i = from; i < to; i++) {
        sides[0] += diff->kind[i] != '+';
        sides[1] += diff->kind[i] != '-';
    }
}

static void print_piece(const struct diff *diff, FILE *out, size_t from, size_t to) {
    size_t start[2], length[2];
    count_lines(diff, 0, from, start);
    count_lines(diff, from, to, length);
    fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", start[0] + (length[0] > 0), length[0], start[1] + (length[1] > 0),
            length[1]);
    for (size_t i = from; i < to; i++)
        fprintf(out, "%c%s\n", diff->kind[i], diff->text[i]);
}

const char *diff_texts(struct arena *arena, const char *file, const char *before, const char *after) {
    struct diff diff = {.arena = arena, .before = split(arena, before), .after = split(arena, after)};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    compare_all(&diff);
    size_t shown = 0;
    for (size_t i = 0; i < diff.count; i++) {
        if (diff.kind[i] == ' ')
            continue;
        if (shown == 0)
            fprintf(out, "--- %s\n+++ %s\n", before != NULL ? file : "/dev/null", file);
        size_t from = i > AROUND && i - AROUND > shown ? i - AROUND : shown;
        shown = piece_end(&diff, i);
        print_piece(&diff, out, from, shown);
        i = shown - 1;
    }
    fclose(out);
    const char *kept = scrap_text(arena, "%s", text);
    free(text);
    return kept;
}
