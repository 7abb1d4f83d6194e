/* SPDX-License-Identifier: BSD-2-Clause */
/* The accounts whose secrets the daemon's key file does not open, as after the restoring of a copy that is older than a
 * `key rotate`: their logins are refused as unavailable. The daemon looks; `store restore`, `store accept` and doctor
 * say so. */
#ifndef AUTHGATE_CTL_UNOPENED_H
#define AUTHGATE_CTL_UNOPENED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "policy/account_name.h"

#define UNOPENED_NAMED 5
#define UNOPENED_FIX                                                                                                   \
    "bring the key of the copy's time back into the key file, as authgatectl(8) says at `store restore`, and restart " \
    "the daemon; or enrol them anew"

struct unopened {
    size_t checked; /* accounts that have a secret */
    size_t count;   /* of them, those that have one that does not open */
    size_t strange; /* of them, those whose hashes are of another key as well */
    char names[UNOPENED_NAMED][ACCOUNT_NAME_SIZE]; /* the first */
    size_t named;
    char after[ACCOUNT_NAME_SIZE]; /* where the next question goes on */
};

/* Has every secret tried, with a progress bar on a terminal. False where the daemon could not; that was said on
 * stderr. */
bool unopened_find(const char *socket, struct unopened *unopened);

/* Adds "the secrets of 7 accounts do not open with the key file: a, b, c, d, e and 2 more". */
void unopened_write(const struct unopened *unopened, struct buffer *text);

#endif
