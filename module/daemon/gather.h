/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out all that the rules read of one login: its account's policy, the country of its address. What can block is
 * asked of a worker, so the answer may come later. Logins and `explain` both use it, and so judge by the same facts. */
#ifndef AUTHGATE_DAEMON_GATHER_H
#define AUTHGATE_DAEMON_GATHER_H

#include <stdbool.h>

#include "gate/gate.h"
#include "policy/policy.h"

struct group_query;
struct server;

/* One gathering. Zeroed, then filled in by the caller down to `done`; must stay where it is until `done` is called or
 * gather_cancel. */
struct gathering {
    struct server *server;
    const char *account; /* canonical */
    struct facts facts;  /* in: now, service, mechanism, address, credential. Out: the others */
    /* Called once, before gather_start returns or later. `readable` false: the account's policy could not be had, and
     * nothing can be judged. */
    void (*done)(void *context, bool readable);
    void *context;

    struct policy policy; /* out */

    struct group_query *groups;
    void (*release)(void *context); /* set: cancelled */
};

void gather_start(struct gathering *gathering);

/* Whether gather_start was called and `done` not yet. */
bool gather_under_way(const struct gathering *gathering);

/* Nobody waits any more. `release` is called with the context once the memory is no longer needed: at once, or when the
 * worker is done. */
void gather_cancel(struct gathering *gathering, void (*release)(void *context));

/* Gives up what it found. */
void gather_clear(struct gathering *gathering);

#endif
