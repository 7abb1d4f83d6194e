/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the files that an administrator writes, and reads no more of them than can be sensible. */
#ifndef AUTHGATE_POLICY_SOURCE_H
#define AUTHGATE_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "policy/mistake.h"

#define SOURCE_LIMIT         (1024 * 1024)      /* bytes of a configuration file */
#define SOURCE_MEMBERS_LIMIT (64 * 1024 * 1024) /* bytes of a members_file */

struct source {
    const char *path;
    size_t limit;       /* bytes */
    struct place place; /* what mistakes are put down to */
};

/* Reads a whole file. It must be a regular file, no symbolic link, and nobody but its owner may write it. NULL with a
 * mistake where that is not so, it is empty, longer than its limit, or cannot be read. A NUL follows the last byte;
 * `length` does not count it. `status` (may be NULL) is of the file that was read. */
char *source_read(const struct source *source, struct mistakes *mistakes, size_t *length, struct stat *status);

#endif
