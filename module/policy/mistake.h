/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong in the files, where, and what would be right: collected while they are read, for the log and for
 * `authgatectl check`. */
#ifndef AUTHGATE_POLICY_MISTAKE_H
#define AUTHGATE_POLICY_MISTAKE_H

#include <stdbool.h>
#include <stddef.h>

/* Somewhere in a file; a line or column of 0 is not known. `file` is borrowed. */
struct place {
    const char *file;
    int line;
    int column;
};

struct mistake {
    char *file;
    int line;     /* 0: unknown */
    char *what;   /* what is wrong, and after "; " what would be right; one line, without control characters */
    bool warning; /* does not keep the configuration from being used */
    int column;   /* 0: unknown */
};

/* Zeroed memory is an empty list. */
struct mistakes {
    struct mistake *list;
    size_t count;
    size_t grave; /* how many are no warnings, those included that were not kept */
    size_t stop;  /* mistakes_limit's; 0: none */
};

/* From here on keeps so many more and counts the others, so that one hopeless file cannot fill the memory or bury what
 * is wrong in the next. */
void mistakes_limit(struct mistakes *mistakes, size_t more);

/* Each keeps a copy of what it is given. */
void mistakes_add(struct mistakes *mistakes, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mistakes_warn(struct mistakes *mistakes, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts those from number `first` on in the order of their lines, file by file as the files first came up. */
void mistakes_sort(struct mistakes *mistakes, size_t first);

/* Writes `FILE:LINE:COLUMN: what`, less what is not known, with "warning: " before a warning's text; cut to `size`. */
void mistake_format(const struct mistake *mistake, char *text, size_t size);

/* Frees them; the list is empty afterwards. */
void mistakes_clear(struct mistakes *mistakes);

#endif
