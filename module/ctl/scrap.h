/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts, lists and files whose memory lives until the verb ends, in one arena. Memory that runs out ends the
 * program. */
#ifndef AUTHGATE_CTL_SCRAP_H
#define AUTHGATE_CTL_SCRAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/arena.h"

struct words {
    const char **word;
    size_t count;
};

void *scrap_take(struct arena *arena, size_t count, size_t size);

/* A list of `count` things with room for one more; the old one may be NULL where `count` is 0. */
void *scrap_grow(struct arena *arena, void *list, size_t count, size_t size);

char *scrap_text(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *scrap_format(struct arena *arena, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
char *scrap_part(struct arena *arena, const char *text, size_t length);

/* A file's whole text, at most 4 MiB of it; NULL (and errno) where it cannot be read. */
char *scrap_read(struct arena *arena, const char *path);

/* The words of a text between any of `separators`. */
struct words scrap_split(struct arena *arena, const char *text, const char *separators);

/* Whether one of the words is `word`, in any case. */
bool words_have(const struct words *words, const char *word);

/* The text without blanks at its start and end, changed in place. */
char *scrap_trim(char *text);

/* Takes the next line out of *text, which then points behind it; NULL at the end. Changed in place. */
char *scrap_line(char **text);

#endif
