/* SPDX-License-Identifier: BSD-2-Clause */
/* Which Unix groups an account is in: asked of NSS by a worker, remembered for a while. */
#ifndef AUTHGATE_POLICY_UNIX_GROUP_H
#define AUTHGATE_POLICY_UNIX_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unix_groups;

enum unix_groups_known { UNIX_GROUPS_KNOWN, UNIX_GROUPS_ASK, UNIX_GROUPS_FAILED };

/* For the groups of these names (copied), in the order of their bits; at most 64. NULL where memory is short. */
struct unix_groups *unix_groups_create(const char *const *names, size_t count);

/* Frees it and sets the pointer to NULL. Safe on NULL. */
void unix_groups_free(struct unix_groups **groups);

/* What is remembered of an account: a bit for each group it is in; or that it must be asked for; or that asking failed
 * within the last 10 seconds. `now` is clock_monotonic's. */
enum unix_groups_known unix_groups_find(struct unix_groups *groups, const char *account, int64_t now, uint64_t *bits);

/* How many groups there are; 0 for NULL. */
size_t unix_groups_count(const struct unix_groups *groups);

/* Calls `take` for each user of the group with this bit: those that it lists, and those whose own group it is. Blocks
 * on NSS. False where NSS has no such group. */
bool unix_groups_each(const struct unix_groups *groups, unsigned bit, void (*take)(void *context, const char *user),
                      void *context);

/* configuration.h has the contract of these. `user` is the name that NSS knows the account by. */
struct group_query;
struct group_query *unix_groups_query(const struct unix_groups *groups, const char *account, const char *user);
void unix_groups_answer(struct unix_groups *groups, struct group_query **query, int64_t now);

#endif
