/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking NSS blocks, so a query is an object of its own that a worker runs without anything else in reach. No answer is
 * never "no group": it is a failure, kept for 10 seconds so that a directory that is down is not asked at every login.
 */
#include "policy/unix_group.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"
#include "policy/account_name.h"
#include "policy/arena.h"
#include "policy/configuration.h"

#define CACHED_ACCOUNTS  65536
#define KEEP_ANSWER      300000 /* milliseconds */
#define KEEP_FAILURE     10000
#define ENTRY_SIZE_LIMIT (16U * 1024 * 1024) /* bytes of one group or passwd entry */
#define MEMBERSHIP_LIMIT 65536               /* groups of one user */

struct remembered {
    uint64_t bits;
    bool failed;
};

/* Accounts are kept by a hash of 128 bits under keys of this process; nobody can make two of them meet. */
struct account_key {
    uint64_t half[2];
};

struct unix_groups {
    const char **names;
    size_t count;
    struct table *accounts;
    unsigned char keys[2][SIPHASH_KEY_SIZE];
    struct arena memory;
};

struct group_query {
    const char **names;
    size_t count;
    const char *account;
    const char *user;
    uint64_t bits;
    bool answered;
    struct arena memory;
};

static const char **copy_names(struct arena *memory, const char *const *names, size_t count) {
    const char **copies = arena_take(memory, count, sizeof *copies);
    for (size_t i = 0; i < count && copies != NULL; i++)
        copies[i] = arena_text(memory, names[i]);
    return memory->failed ? NULL : copies;
}

struct unix_groups *unix_groups_create(const char *const *names, size_t count) {
    struct unix_groups *groups = calloc(1, sizeof *groups);
    if (groups == NULL)
        return NULL;
    groups->names = copy_names(&groups->memory, names, count);
    groups->count = count;
    if (groups->names == NULL || !random_fill(groups->keys, sizeof groups->keys))
        unix_groups_free(&groups);
    return groups;
}

void unix_groups_free(struct unix_groups **groups) {
    if (*groups == NULL)
        return;
    if ((*groups)->accounts != NULL)
        table_destroy(&(*groups)->accounts);
    arena_clear(&(*groups)->memory);
    free(*groups);
    *groups = NULL;
}

static struct account_key key_of(const struct unix_groups *groups, const char *account) {
    size_t length = strlen(account);
    return (struct account_key){{siphash(groups->keys[0], account, length), siphash(groups->keys[1], account, length)}};
}

enum unix_groups_known unix_groups_find(struct unix_groups *groups, const char *account, int64_t now, uint64_t *bits) {
    *bits = 0;
    if (groups == NULL || groups->count == 0)
        return UNIX_GROUPS_KNOWN;
    if (groups->accounts == NULL)
        return UNIX_GROUPS_ASK;
    struct account_key key = key_of(groups, account);
    const struct remembered *remembered = table_find(groups->accounts, &key, now);
    if (remembered == NULL)
        return UNIX_GROUPS_ASK;
    *bits = remembered->bits;
    return remembered->failed ? UNIX_GROUPS_FAILED : UNIX_GROUPS_KNOWN;
}

void group_query_drop(struct group_query **query) {
    if (*query == NULL)
        return;
    arena_clear(&(*query)->memory);
    free(*query);
    *query = NULL;
}

struct group_query *unix_groups_query(const struct unix_groups *groups, const char *account, const char *user) {
    struct group_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    query->count = groups == NULL ? 0 : groups->count;
    query->names = copy_names(&query->memory, groups == NULL ? NULL : groups->names, query->count);
    query->account = arena_text(&query->memory, account);
    query->user = arena_text(&query->memory, user);
    if (query->memory.failed)
        group_query_drop(&query);
    return query;
}

/* ---- run by a worker: touches the query alone ---- */

struct scratch {
    char *bytes;
    size_t size;
};

static bool grow(struct scratch *scratch) {
    size_t size = scratch->size == 0 ? 16384 : scratch->size * 4;
    char *bytes = size > ENTRY_SIZE_LIMIT ? NULL : realloc(scratch->bytes, size);
    if (bytes == NULL)
        return false;
    scratch->bytes = bytes;
    scratch->size = size;
    return true;
}

/* The user's own group. False where NSS gave no answer; `found` says whether there is such a user. */
static bool look_up_user(const char *user, struct scratch *scratch, bool *found, gid_t *own) {
    struct passwd entry, *result = NULL;
    int error = ERANGE;
    while (error == ERANGE && grow(scratch))
        error = getpwnam_r(user, &entry, scratch->bytes, scratch->size, &result);
    *found = error == 0 && result != NULL;
    *own = *found ? entry.pw_gid : 0;
    return error == 0;
}

static bool look_up_group(const char *name, struct scratch *scratch, struct group *entry, bool *found) {
    struct group *result = NULL;
    int error = scratch->size == 0 && !grow(scratch) ? ENOMEM : ERANGE;
    while (error == ERANGE) {
        error = getgrnam_r(name, entry, scratch->bytes, scratch->size, &result);
        if (error == ERANGE && !grow(scratch))
            break;
    }
    *found = error == 0 && result != NULL;
    return error == 0;
}

static bool lists(const struct group *entry, const char *user) {
    for (char **member = entry->gr_mem; *member != NULL; member++)
        if (strcmp(*member, user) == 0)
            return true;
    return false;
}

struct membership {
    gid_t *list;
    int count;
};

/* All groups of a user; the list is to be freed. False where memory is short. */
static bool all_groups(const char *user, gid_t own, struct membership *membership) {
    int room = 64;
    for (;;) {
        membership->list = reallocarray(NULL, (size_t)room, sizeof(gid_t));
        if (membership->list == NULL)
            return false;
        membership->count = room;
        if (getgrouplist(user, own, membership->list, &membership->count) >= 0)
            return true;
        free(membership->list);
        membership->list = NULL;
        room = membership->count > room ? membership->count : room * 2;
        if (room > MEMBERSHIP_LIMIT)
            return false;
    }
}

static bool holds(const struct membership *membership, gid_t group) {
    for (int i = 0; i < membership->count; i++)
        if (membership->list[i] == group)
            return true;
    return false;
}

/* Both ways of asking count: some directories list no members, others know of no supplementary groups. */
static bool ask_each(struct group_query *query, struct scratch *scratch, const struct membership *membership) {
    for (size_t i = 0; i < query->count; i++) {
        struct group entry;
        bool found;
        if (!look_up_group(query->names[i], scratch, &entry, &found))
            return false;
        if (found && (holds(membership, entry.gr_gid) || lists(&entry, query->user)))
            query->bits |= (uint64_t)1 << i;
    }
    return true;
}

/* A user that NSS does not know is in no group, whatever lists the name: guessed names are not worth the look-ups. */
void group_query_run(struct group_query *query) {
    struct scratch scratch = {NULL, 0};
    struct membership membership = {NULL, 0};
    bool found;
    gid_t own;
    if (look_up_user(query->user, &scratch, &found, &own))
        query->answered = !found || (all_groups(query->user, own, &membership) &&
                                     ask_each(query, &scratch, &membership));
    free(membership.list);
    free(scratch.bytes);
}

/* ---- on the main thread again ---- */

static bool same_groups(const struct unix_groups *groups, const struct group_query *query) {
    if (groups == NULL || groups->count != query->count)
        return false;
    for (size_t i = 0; i < query->count; i++)
        if (strcmp(groups->names[i], query->names[i]) != 0)
            return false;
    return true;
}

void unix_groups_answer(struct unix_groups *groups, struct group_query **query, int64_t now) {
    /* an answer to the groups of a configuration that has been replaced says nothing of these */
    if (same_groups(groups, *query)) {
        if (groups->accounts == NULL)
            groups->accounts =
                table_create(CACHED_ACCOUNTS, sizeof(struct account_key), sizeof(struct remembered), groups->keys[0]);
        struct account_key key = key_of(groups, (*query)->account);
        int64_t keep = (*query)->answered ? KEEP_ANSWER : KEEP_FAILURE;
        struct remembered *remembered =
            groups->accounts == NULL ? NULL : table_put(groups->accounts, &key, now, now + keep);
        if (remembered != NULL)
            *remembered = (struct remembered){.bits = (*query)->bits, .failed = !(*query)->answered};
    }
    group_query_drop(query);
}

size_t unix_groups_count(const struct unix_groups *groups) {
    return groups != NULL ? groups->count : 0;
}

bool unix_groups_each(const struct unix_groups *groups, unsigned bit, void (*take)(void *context, const char *user),
                      void *context) {
    const struct group *group = getgrnam(groups->names[bit]);
    if (group == NULL)
        return false;
    gid_t gid = group->gr_gid;
    for (char **user = group->gr_mem; *user != NULL; user++)
        take(context, *user);
    setpwent();
    for (const struct passwd *user = getpwent(); user != NULL; user = getpwent())
        if (user->pw_gid == gid)
            take(context, user->pw_name);
    endpwent();
    return true;
}
