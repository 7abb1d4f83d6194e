/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the files that an administrator writes, and reads no more of them than can be sensible. */
#ifndef AUTHGATE_POLICY_SOURCE_H
#define AUTHGATE_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "policy/mistake.h"

#define SOURCE_LIMIT         (1024 * 1024)      /* bytes of a configuration file */
#define SOURCE_MEMBERS_LIMIT (64 * 1024 * 1024) /* bytes of a members_file */
#define SOURCE_NO_USER       ((uid_t)-1)

struct source {
    const char *path;
    size_t limit;       /* bytes */
    struct place place; /* what mistakes are put down to */
};

/* Reads a whole file. It must be a regular file, no symbolic link, and nobody but its owner may write it. NULL with a
 * mistake where that is not so, it is empty, longer than its limit, or cannot be read. A NUL follows the last byte;
 * `length` does not count it. `status` (may be NULL) is of the file that was read. */
char *source_read(const struct source *source, struct mistakes *mistakes, size_t *length, struct stat *status);

/* The id of the configured `user`; SOURCE_NO_USER where there is none of that name, or `name` is NULL. */
uid_t source_user(const char *name);

/* Whose files say who logs in, beside root's and the reader's own: the configured user's, and those of whoever owns the
 * main file, which says it all already. SOURCE_NO_USER: nobody's. */
struct source_owners {
    uid_t user, main;
};

/* Whether a file of this owner may say who logs in. If not, that is a mistake at `place`. source_read leaves this
 * question to its callers, since the main file says itself who `user` is. */
bool source_owner_fits(uid_t owner, struct source_owners owners, struct place place, struct mistakes *mistakes);

/* Whether strangers can neither add nor take away files in a folder: its owner fits, and others cannot write there. One
 * that does not exist is fit. `mistakes` may be NULL. */
bool source_folder_fits(const char *path, struct source_owners owners, struct mistakes *mistakes);

#endif
