/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy files of single accounts: found, read and kept when their account logs in. */
#ifndef AUTHGATE_POLICY_ACCOUNT_FILE_H
#define AUTHGATE_POLICY_ACCOUNT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "policy/account_name.h"
#include "policy/layer.h"
#include "policy/mistake.h"
#include "policy/source.h"

#define ACCOUNT_FILES_KEPT 16384 /* whose account logged in last */

struct account_files;

/* How a file becomes a layer: NULL (with a mistake) where it does not. */
struct account_reader {
    struct layer *(*read)(void *context, const char *path, struct mistakes *mistakes, struct stat *status);
    void *context;
    struct source_owners owners; /* whose folders are as good as root's */
};

/* For the files in `folder` (copied). At most `kept` of them are kept. NULL where memory is short. */
struct account_files *account_files_create(const char *folder, const char *default_domain, size_t kept,
                                           struct account_reader reader);

/* Frees it and sets the pointer to NULL. Safe on NULL. */
void account_files_free(struct account_files **files);

enum account_file_result {
    ACCOUNT_FILE_NONE,
    ACCOUNT_FILE_FOUND,
    ACCOUNT_FILE_BROKEN, /* and no version of it was ever good */
};

/* The layer of a canonical name, which the files own until the next call. `complain` (may be NULL) is called with a
 * line for the log, once for each change that made the file unusable. */
enum account_file_result account_files_find(struct account_files *files, const char *account, struct layer **layer,
                                            void (*complain)(void *context, const char *line), void *context);

/* Writes the path of an account's file: FOLDER/LOCAL.conf in the default domain and for names without one, else
 * FOLDER/DOMAIN/LOCAL.conf. False where that is longer than a path can be. */
bool account_file_path(const char *folder, const char *default_domain, const char *account, char *path, size_t size);

/* Takes over what another of them keeps, as last good versions to be looked at again: for a reload. The other keeps
 * nothing afterwards. Does nothing where they are for different folders or default domains. */
void account_files_adopt(struct account_files *files, struct account_files *other);

/* How many files are kept at the moment. */
size_t account_files_count(const struct account_files *files);

#endif
