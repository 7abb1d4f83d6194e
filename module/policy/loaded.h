/* SPDX-License-Identifier: BSD-2-Clause */
/* What struct configuration is made of: for those who load, ask and check it, and nobody else. */
#ifndef AUTHGATE_POLICY_LOADED_H
#define AUTHGATE_POLICY_LOADED_H

#include "policy/account_file.h"
#include "policy/configuration.h"
#include "policy/host.h"
#include "policy/layer.h"
#include "policy/members.h"
#include "policy/policy_file.h"
#include "policy/unix_group.h"

struct domain_policy {
    const char *name;
    struct layer *layer;
};

struct group_policy {
    const char *name;
    struct layer *layer;
    struct value unix_group; /* lives in the layer; no word: none */
};

struct configuration {
    struct host host;
    struct policy_context context;
    char *folder; /* that the main file lies in */
    struct layer *built_in;
    struct layer *defaults;        /* NULL: the main file has none */
    struct domain_policy *domains; /* sorted by name */
    size_t domain_count;
    struct group_policy groups[POLICY_GROUP_LIMIT]; /* the one that wins first */
    size_t group_count;
    struct members *members;
    struct unix_groups *unix_groups;            /* NULL: no group asks for one */
    unsigned group_of_unix[POLICY_GROUP_LIMIT]; /* by the bit of a Unix group */
    struct account_files *accounts;
    void (*complain)(void *context, const char *line);
    void *complain_context;
};

/* Loads as far as it goes: NULL only where the main file cannot be parsed or memory is short. Compare mistakes->grave.
 */
struct configuration *load(const char *path, struct mistakes *mistakes);

/* FOLDER/NAME, in the arena; NULL where memory is short. */
char *load_path(struct arena *memory, const char *folder, const char *name);

#endif
