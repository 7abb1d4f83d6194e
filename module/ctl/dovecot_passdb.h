/* SPDX-License-Identifier: BSD-2-Clause */
/* Dovecot's passdbs, and their settings wherever 2.3 and 2.4 let them stand: 2.3 in the passdb itself, 2.4 also around
 * it, by longer names, and in groups. */
#ifndef AUTHGATE_CTL_DOVECOT_PASSDB_H
#define AUTHGATE_CTL_DOVECOT_PASSDB_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/sections.h"

struct dovecot_passdb {
    const struct section *section;
    const char *driver;
};

/* Whether this is the configuration of a Dovecot from 2.4 on. */
bool dovecot_modern(const struct sections *printed);

/* The next passdb of what doveconf printed, from section `*at` on, which moves on; false behind the last one. */
bool dovecot_next_passdb(struct arena *arena, const struct sections *printed, size_t *at,
                         struct dovecot_passdb *passdb);

/* A setting (`service_name`) that stands directly in a section, under any of its names; NULL. */
const struct section_setting *dovecot_spelled(struct arena *arena, const struct sections *where,
                                              const struct section *section, const char *driver, const char *name);

/* The setting that holds for a passdb: its own, or else the nearest around it; NULL where there is none. `where` may be
 * what was printed or what the files have. */
const struct section_setting *dovecot_find(struct arena *arena, const struct sections *where,
                                           const struct dovecot_passdb *passdb, const char *name);

/* Whether logins that a PAM passdb has let in may be answered from the authentication cache, where that has a size. In
 * 2.3 `cache_key=` in its args asks for it, in 2.4 `use_cache = no` keeps it out. What one protocol allows, all do. */
bool dovecot_cached(struct arena *arena, const struct sections *printed, const struct dovecot_passdb *passdb);

#endif
