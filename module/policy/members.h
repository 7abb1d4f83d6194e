/* SPDX-License-Identifier: BSD-2-Clause */
/* Which groups an account is listed in. */
#ifndef AUTHGATE_POLICY_MEMBERS_H
#define AUTHGATE_POLICY_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/account_name.h"
#include "policy/mistake.h"
#include "policy/source.h"

struct members;

/* An empty list; NULL where memory is short. */
struct members *members_create(void);

/* Frees it and sets the pointer to NULL. */
void members_free(struct members **members);

/* Puts an account, by its canonical name, into a group (0 to 63). False where memory is short. */
bool members_add(struct members *members, const char *account, unsigned group);

/* A bit for each group that the account was put into. */
uint64_t members_groups(const struct members *members, const char *account);

/* Calls `take` for each account of a group, in no order. */
void members_each(const struct members *members, unsigned group, void (*take)(void *context, const char *account),
                  void *context);

/* A file with an account's name, in any form, on each line; `#` starts a comment. */
struct members_file {
    const char *path;
    struct place place; /* where the file is named */
    const struct account_naming *naming;
    unsigned group;
    struct source_owners owners; /* whose it may be beside root's and the reader's */
};

/* Puts everybody named in a file into its group. */
void members_read_file(struct members *members, const struct members_file *file, struct mistakes *mistakes);

#endif
