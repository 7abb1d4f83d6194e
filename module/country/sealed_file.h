/* SPDX-License-Identifier: BSD-2-Clause */
/* A file's bytes as they were at one moment, in memory that nobody can change or cut short any more. */
#ifndef AUTHGATE_COUNTRY_SEALED_FILE_H
#define AUTHGATE_COUNTRY_SEALED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buffer.h"

/* Copies the regular file `path` (symbolic links are followed) of 1 to `limit` bytes into a sealed memory file and
 * returns its descriptor, close-on-exec, the caller's to close; `origin` then says what was read. -1 where that fails
 * or the file changed meanwhile, and `fault` says why. Blocks on file I/O. */
int sealed_file_read(const char *path, size_t limit, struct stat *origin, struct buffer *fault);

/* Whether two files are one and the same version: device, inode, size and times. */
bool sealed_file_same(const struct stat *one, const struct stat *other);

#endif
