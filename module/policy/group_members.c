/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is in a group: for verbs that do something for each of its accounts. A login asks the other way round
 * (configuration_policy). Called by authgatectl. */
#include <string.h>

#include "policy/loaded.h"

struct unix_members {
    const struct account_naming *naming;
    void (*take)(void *context, const char *account);
    void *context;
};

/* A user whose name can be no account here logs in nowhere, and is passed over. */
static void take_user(void *context, const char *user) {
    const struct unix_members *members = context;
    char account[ACCOUNT_NAME_SIZE];
    if (account_name_canonical(members->naming, user, account))
        members->take(members->context, account);
}

bool configuration_group_members(const struct configuration *configuration, const char *group,
                                 void (*take)(void *context, const char *account), void *context) {
    struct unix_members of_unix = {&configuration->host.settings.naming, take, context};
    unsigned number = 0;
    while (number < configuration->group_count && strcmp(configuration->groups[number].name, group) != 0)
        number++;
    if (number == configuration->group_count)
        return false;
    members_each(configuration->members, number, take, context);
    bool known = true;
    size_t bits = unix_groups_count(configuration->unix_groups);
    for (unsigned bit = 0; bit < bits; bit++)
        if (configuration->group_of_unix[bit] == number)
            known = unix_groups_each(configuration->unix_groups, bit, take_user, &of_unix) && known;
    return known;
}
