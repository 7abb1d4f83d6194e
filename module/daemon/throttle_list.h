/* SPDX-License-Identifier: BSD-2-Clause */
/* The latest throttles by name, since the throttle's own tables know only hashes: for administrators who ask whom it
 * refuses now. In memory, bounded; the throttle itself says which of them still hold. No I/O and no clock. */
#ifndef AUTHGATE_DAEMON_THROTTLE_LIST_H
#define AUTHGATE_DAEMON_THROTTLE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/throttle.h"

#define THROTTLE_LIST_ROOM 256 /* the oldest gives way */

struct throttle_list;

/* Of what `throttle` refuses, which outlives it. NULL where memory is short. */
struct throttle_list *throttle_list_create(struct throttle *throttle);
void throttle_list_destroy(struct throttle_list **list);

/* A throttle began with this login, which is copied. */
void throttle_list_add(struct throttle_list *list, const struct throttle_login *login);

struct throttle_held {
    const char *account; /* whose login it began with */
    struct prefix network;
    enum throttle_state state;
    int64_t until; /* clock_monotonic milliseconds */
};

typedef void throttle_list_each(void *context, const struct throttle_held *held);

/* Calls `each` (may be NULL) for every throttle in the list that holds now, the latest first; with `account`, for that
 * account's alone. How many there are. */
size_t throttle_list_look(const struct throttle_list *list, const char *account, int64_t now, throttle_list_each *each,
                          void *context);

#endif
