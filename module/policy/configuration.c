/* SPDX-License-Identifier: BSD-2-Clause */
/* What daemon and ctl ask of a configuration: the host's settings, and the policy of an account as the layers that hold
 * for it, the nearest first. Loading is load.c's, the account files are account_file.c's. */
#include "policy/configuration.h"

#include <stdlib.h>
#include <string.h>

#include "policy/date.h"
#include "policy/loaded.h"

struct configuration *configuration_load(const char *path, struct mistakes *mistakes) {
    size_t grave = mistakes->grave;
    struct zone_kept zone;
    zone_keep(&zone);
    struct configuration *configuration = load(path, mistakes);
    if (mistakes->grave != grave)
        configuration_free(&configuration);
    if (configuration == NULL)
        zone_return(&zone);
    return configuration;
}

/* A service is a number in a layer; another list of services would make another service of it. */
static bool same_services(const struct services *one, const struct services *other) {
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = strcmp(one->names[i], other->names[i]) == 0;
    return same;
}

void configuration_adopt(struct configuration *configuration, struct configuration *previous) {
    if (previous != NULL && same_services(&configuration->host.services, &previous->host.services))
        account_files_adopt(configuration->accounts, previous->accounts);
}

void configuration_free(struct configuration **configuration) {
    struct configuration *old = *configuration;
    if (old == NULL)
        return;
    account_files_free(&old->accounts);
    unix_groups_free(&old->unix_groups);
    members_free(&old->members);
    for (size_t i = 0; i < old->group_count; i++)
        layer_release(&old->groups[i].layer);
    for (size_t i = 0; i < old->domain_count; i++)
        layer_release(&old->domains[i].layer);
    layer_release(&old->defaults);
    layer_release(&old->built_in);
    host_clear(&old->host);
    free(old->folder);
    free(old);
    *configuration = NULL;
}

const struct settings *configuration_settings(const struct configuration *configuration) {
    return &configuration->host.settings;
}

int configuration_service(const struct configuration *configuration, const char *name) {
    return services_number(&configuration->host.services, name);
}

void configuration_complain(struct configuration *configuration, void (*complain)(void *context, const char *line),
                            void *context) {
    configuration->complain = complain;
    configuration->complain_context = context;
}

static int compare_domain(const void *name, const void *domain) {
    return strcmp(name, ((const struct domain_policy *)domain)->name);
}

static struct layer *domain_layer(const struct configuration *configuration, const char *account) {
    const char *at = strchr(account, '@');
    if (at == NULL || configuration->domain_count == 0)
        return NULL;
    const struct domain_policy *domain = bsearch(at + 1, configuration->domains, configuration->domain_count,
                                                 sizeof *configuration->domains, compare_domain);
    return domain == NULL ? NULL : domain->layer;
}

static bool apply_groups(struct configuration *configuration, uint64_t groups, struct policy *policy) {
    for (size_t i = 0; i < configuration->group_count; i++)
        if ((groups >> i & 1) != 0 && !layer_apply(configuration->groups[i].layer, policy))
            return false;
    return true;
}

static uint64_t groups_of_unix(const struct configuration *configuration, uint64_t bits) {
    uint64_t groups = 0;
    for (size_t i = 0; i < POLICY_GROUP_LIMIT; i++)
        if ((bits >> i & 1) != 0)
            groups |= (uint64_t)1 << configuration->group_of_unix[i];
    return groups;
}

enum policy_result configuration_policy(struct configuration *configuration, const char *account, int64_t now,
                                        struct policy *policy) {
    *policy = (struct policy){.layer_count = 0};
    struct layer *own;
    uint64_t unix_bits;
    if (account_files_find(configuration->accounts, account, &own, configuration->complain,
                           configuration->complain_context) == ACCOUNT_FILE_BROKEN)
        return POLICY_UNREADABLE;
    enum unix_groups_known known = unix_groups_find(configuration->unix_groups, account, now, &unix_bits);
    if (known != UNIX_GROUPS_KNOWN)
        return known == UNIX_GROUPS_ASK ? POLICY_ASK_GROUPS : POLICY_UNREADABLE;
    uint64_t groups = members_groups(configuration->members, account) | groups_of_unix(configuration, unix_bits);
    bool whole = layer_apply(own, policy) && apply_groups(configuration, groups, policy) &&
                 layer_apply(domain_layer(configuration, account), policy) &&
                 layer_apply(configuration->defaults, policy) && layer_apply(configuration->built_in, policy);
    if (!whole)
        policy_release(policy); /* never: POLICY_LAYER_LIMIT has room for them all */
    return whole ? POLICY_FOUND : POLICY_UNREADABLE;
}

/* The name that NSS knows an account by: the local part in default_domain, else the whole. */
static void user_of(const struct configuration *configuration, const char *account, char user[ACCOUNT_NAME_SIZE]) {
    const char *default_domain = configuration->host.settings.naming.default_domain;
    size_t length = strnlen(account, ACCOUNT_NAME_LIMIT);
    const char *at = strchr(account, '@');
    if (at != NULL && default_domain != NULL && strcmp(at + 1, default_domain) == 0)
        length = (size_t)(at - account);
    memcpy(user, account, length);
    user[length] = '\0';
}

struct group_query *configuration_group_query(struct configuration *configuration, const char *account) {
    char user[ACCOUNT_NAME_SIZE];
    user_of(configuration, account, user);
    return unix_groups_query(configuration->unix_groups, account, user);
}

void configuration_group_answer(struct configuration *configuration, struct group_query **query, int64_t now) {
    unix_groups_answer(configuration->unix_groups, query, now);
}

void configuration_reminders(const struct configuration *configuration, int64_t now, struct mistakes *mistakes) {
    policy_reminders(configuration->defaults, now, mistakes);
    for (size_t i = 0; i < configuration->domain_count; i++)
        policy_reminders(configuration->domains[i].layer, now, mistakes);
    for (size_t i = 0; i < configuration->group_count; i++)
        policy_reminders(configuration->groups[i].layer, now, mistakes);
}
