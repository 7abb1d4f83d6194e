/* SPDX-License-Identifier: BSD-2-Clause */
/* Dovecot's configuration, as its files have it and as `doveconf -n` prints it: settings in sections. */
#ifndef AUTHGATE_CTL_SECTIONS_H
#define AUTHGATE_CTL_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/scrap.h"
#include "policy/mistake.h"

struct section {
    const char *kind;  /* passdb, protocol, service …; "" for the outermost */
    const char *title; /* what stands behind it, or "" */
    const char *path;  /* tells it from others: with its title, or without one its number among its kind there */
    const struct section *outer; /* NULL: the outermost */
    struct place place;
};

struct section_setting {
    const struct section *section;
    const char *name;
    const char *value; /* without quotes around it */
    struct place place;
};

struct sections {
    struct section_setting *setting;
    size_t count;
    const struct section **section; /* all but the outermost, in the order of the text */
    size_t section_count;
};

/* Reads text, which is changed. `file` names it; lines are numbered. Includes are not followed. */
struct sections sections_parse(struct arena *arena, char *text, const char *file);

/* Reads a file and what it includes, as far as it can be read. */
struct sections sections_load(struct arena *arena, const char *file);

/* The value of a setting directly in `section` (NULL: the outermost), the last one where there are several; NULL. */
const struct section_setting *sections_find(const struct sections *sections, const struct section *section,
                                            const char *name);

/* Where the files set what a setting of a section of the printed configuration has: the last such setting in the same
 * section, else that section's own line, else line 0 of `otherwise`. */
struct place sections_locate(const struct sections *files, const struct section *section, const char *name,
                             const char *otherwise);

#endif
