/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of mistakes. Everything in this folder that reads a file adds to one; nothing here decides what a mistake
 * is. A hostile file can fill it, so it neither prints nor ends the process where memory is short. */
#include "policy/mistake.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* File contents are quoted in what is said of them; a terminal must not obey them. */
static void make_printable(char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

void mistakes_limit(struct mistakes *mistakes, size_t more) {
    mistakes->stop = mistakes->count + more;
}

static void add(struct mistakes *mistakes, struct place place, bool warning, char *what) {
    mistakes->grave += !warning;
    if (mistakes->stop != 0 && mistakes->count >= mistakes->stop) {
        free(what);
        return;
    }
    char *file = strdup(place.file);
    struct mistake *list = NULL;
    if (file != NULL && what != NULL)
        list = reallocarray(mistakes->list, mistakes->count + 1, sizeof *list);
    if (list == NULL) {
        free(file);
        free(what);
        return;
    }
    make_printable(what);
    mistakes->list = list;
    list[mistakes->count++] =
        (struct mistake){.file = file, .line = place.line, .what = what, .warning = warning, .column = place.column};
}

__attribute__((format(printf, 1, 0))) static char *text_of(const char *format, va_list arguments) {
    char *text = NULL;
    return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

void mistakes_add(struct mistakes *mistakes, struct place place, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(mistakes, place, false, text_of(format, arguments));
    va_end(arguments);
}

void mistakes_warn(struct mistakes *mistakes, struct place place, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(mistakes, place, true, text_of(format, arguments));
    va_end(arguments);
}

static bool comes_after(const struct mistake *one, const struct mistake *other) {
    return one->line > other->line || (one->line == other->line && one->column > other->column);
}

/* One insertion at a time: a list is short, and equal ones keep their order. */
void mistakes_sort(struct mistakes *mistakes, size_t first) {
    for (size_t i = first + 1; i < mistakes->count; i++) {
        struct mistake moved = mistakes->list[i];
        size_t to = i;
        while (to > first && strcmp(mistakes->list[to - 1].file, moved.file) == 0 &&
               comes_after(&mistakes->list[to - 1], &moved))
            to--;
        memmove(&mistakes->list[to + 1], &mistakes->list[to], (i - to) * sizeof moved);
        mistakes->list[to] = moved;
    }
}

void mistake_format(const struct mistake *mistake, char *text, size_t size) {
    char line[16] = "", column[16] = "";
    if (mistake->line > 0)
        (void)snprintf(line, sizeof line, ":%d", mistake->line);
    if (mistake->line > 0 && mistake->column > 0)
        (void)snprintf(column, sizeof column, ":%d", mistake->column);
    (void)snprintf(text, size, "%s%s%s: %s%s", mistake->file, line, column, mistake->warning ? "warning: " : "",
                   mistake->what);
}

void mistakes_clear(struct mistakes *mistakes) {
    for (size_t i = 0; i < mistakes->count; i++) {
        free(mistakes->list[i].file);
        free(mistakes->list[i].what);
    }
    free(mistakes->list);
    *mistakes = (struct mistakes){.list = NULL};
}
