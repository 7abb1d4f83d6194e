/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of logins, each with an account and a network of its own. Called where a throttle begins, and by what
 * administrators ask; throttles nobody. */
#include "daemon/throttle_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct entry {
    char account[321];
    struct throttle_login login; /* its account is this entry's */
};

struct throttle_list {
    struct throttle *throttle;
    size_t count, next;
    struct entry entry[THROTTLE_LIST_ROOM];
};

struct throttle_list *throttle_list_create(struct throttle *throttle) {
    struct throttle_list *list = calloc(1, sizeof *list);
    if (list != NULL)
        list->throttle = throttle;
    return list;
}

void throttle_list_destroy(struct throttle_list **list) {
    free(*list);
    *list = NULL;
}

static bool same_network(const struct prefix *one, const struct prefix *other) {
    return one->base.family == other->base.family && one->bits == other->bits &&
           memcmp(one->base.bytes, other->base.bytes, sizeof one->base.bytes) == 0;
}

static struct entry *place_for(struct throttle_list *list, const struct throttle_login *login) {
    for (size_t i = 0; i < list->count; i++) {
        struct entry *entry = &list->entry[i];
        if (same_network(&entry->login.network, &login->network) && strcmp(entry->account, login->account) == 0)
            return entry;
    }
    struct entry *entry = &list->entry[list->next++ % THROTTLE_LIST_ROOM];
    list->count += list->count < THROTTLE_LIST_ROOM;
    return entry;
}

void throttle_list_add(struct throttle_list *list, const struct throttle_login *login) {
    struct buffer account;
    struct entry *entry = place_for(list, login);
    entry->login = *login;
    buffer_init(&account, entry->account, sizeof entry->account);
    buffer_add_format(&account, "%.320s", login->account);
    entry->login.account = entry->account;
}

size_t throttle_list_look(const struct throttle_list *list, const char *account, int64_t now, throttle_list_each *each,
                          void *context) {
    size_t found = 0;
    for (size_t back = 1; back <= list->count; back++) {
        const struct entry *entry = &list->entry[(list->next - back) % THROTTLE_LIST_ROOM];
        enum throttle_state state = throttle_check(list->throttle, &entry->login, now);
        if (state == THROTTLE_NOT || (account != NULL && strcmp(account, entry->account) != 0))
            continue;
        const struct throttle_held held = {
            .account = entry->account,
            .network = entry->login.network,
            .state = state,
            .until = throttle_until(list->throttle, &entry->login, now),
        };
        found++;
        if (each != NULL)
            each(context, &held);
    }
    return found;
}
