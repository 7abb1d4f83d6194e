/* SPDX-License-Identifier: BSD-2-Clause */
/* The names in a folder of policies. */
#ifndef AUTHGATE_POLICY_FOLDER_H
#define AUTHGATE_POLICY_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/mistake.h"

struct folder {
    char **names; /* in strcmp's order, without those that start with '.' or end with '~' (what editors leave) */
    size_t count;
};

/* Lists a folder; one that does not exist is empty. False, with a mistake, where it cannot be listed. */
bool folder_list(struct folder *folder, const char *path, struct mistakes *mistakes);

void folder_clear(struct folder *folder);

/* How long a name is without its ".conf", or 0 where it has none (or nothing else). */
size_t folder_stem(const char *name);

#endif
