/* SPDX-License-Identifier: BSD-2-Clause */
/* Address to country, from a MaxMind-format file that the administrator brings. The file is read into sealed memory
 * and tried before it is used, so that one rewritten in place, cut short or of another schema harms nothing. */
#ifndef AUTHGATE_COUNTRY_DATABASE_H
#define AUTHGATE_COUNTRY_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/country_code.h"

struct country_database;

/* Reads `path` into sealed memory, opens it there and tries it. NULL where it cannot be used; `fault` (of `size`
 * bytes) then says why in words for the administrator. Blocks on file I/O. */
struct country_database *country_database_open(const char *path, char *fault, size_t size);

/* Closes it and sets the pointer to NULL. Safe on NULL. */
void country_database_close(struct country_database **database);

/* The country of an address: `country.iso_code`, `registered_country.iso_code` where that is missing, flat
 * `country_code`, `country` as a string, or a bare string. COUNTRY_UNKNOWN where the file has none, on every error in
 * the file's data, and for an unknown address. Never blocks. */
country_code country_database_look_up(const struct country_database *database, const struct address *address);

/* When the data was made (seconds since the epoch, from its metadata) and what it calls itself; for `status`. */
int64_t country_database_built(const struct country_database *database);
const char *country_database_type(const struct country_database *database);

/* Whether `path` now is another file (device, inode, size, change time) than the one that was read. */
bool country_database_outdated(const struct country_database *database, const char *path);

#endif
