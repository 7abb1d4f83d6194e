/* SPDX-License-Identifier: BSD-2-Clause */
/* What a MaxMind-format file must look like before libmaxminddb may read it. */
#ifndef AUTHGATE_COUNTRY_STRUCTURE_H
#define AUTHGATE_COUNTRY_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values that one record may hold (pointers followed), and how deep they may nest. The largest records that are sold
 * have about 150 values in 5 levels. */
#define STRUCTURE_VALUES 4096
#define STRUCTURE_DEPTH  32

/* Some values in their encoded form: the data section of a file, or its metadata. */
struct section {
    const uint8_t *bytes;
    size_t size;
};

/* Whether the value at `offset`, with all that it holds and points to, lies inside the section, nests no deeper and
 * holds no more than the limits allow. `budget` (values) is lessened by those that were looked at; running out of it
 * is a no. */
bool structure_sound(const struct section *section, size_t offset, uint64_t *budget);

/* Whether the file's metadata is sound and describes a search tree that lies inside the file, so that libmaxminddb
 * opens it without reading past its end. */
bool structure_openable(const uint8_t *file, size_t size);

#endif
