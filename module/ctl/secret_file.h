/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that hold a secret: readable by nobody else from their first byte, and never half there. */
#ifndef AUTHGATE_CTL_SECRET_FILE_H
#define AUTHGATE_CTL_SECRET_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

struct secret_file {
    FILE *out; /* NULL: not open */
    char path[PATH_MAX], fresh[PATH_MAX];
    bool replace;
};

/* Opens a file of mode 0600 for writing. Without `replace` there must be none yet. False, said on stderr, where it
 * cannot be. */
bool secret_file_open(struct secret_file *file, const char *path, bool replace);

/* Puts it in place, on the disk. `whole` false: gives it up instead. False, said on stderr, where it is not there. */
bool secret_file_close(struct secret_file *file, bool whole);

/* Reads a whole file (or, for "-", standard input) of at most `size` bytes. Returns its length, or -1, said on stderr.
 * `status` (may be NULL) gets the file's. */
ssize_t secret_file_read(const char *path, char *bytes, size_t size, struct stat *status);

#endif
