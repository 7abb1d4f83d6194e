/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out all that the rules read of one login: its account's policy, the country of its address, what the store
 * knows. What can block is asked of a worker or of the store, so the answer may come later. Logins and `explain` both
 * use it, and so judge by the same facts. */
#ifndef AUTHGATE_DAEMON_GATHER_H
#define AUTHGATE_DAEMON_GATHER_H

#include <stdbool.h>

#include "credential/generated.h"
#include "daemon/app_password.h"
#include "daemon/second_factor.h"
#include "daemon/throttle.h"
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
    const char *service; /* its canonical name, for an app password's scope */
    const char *digits;  /* the password's trailing digits; NULL: none. Read before `done` only */
    const char *app_password; /* what was typed, where it has the shape of one; NULL: it has not. Likewise */
    bool credential_told; /* facts.credential is a question's (`explain`), not for the store to say */
    int cut;             /* what has been cut already, or SECOND_FACTOR_CUT_OPEN */
    bool never_throttled; /* no password is being tried */
    /* Called once, before gather_start returns or later. `readable` false: the account's policy could not be had, and
     * nothing can be judged. */
    void (*done)(void *context, bool readable);
    void *context;

    struct policy policy;        /* out, as what follows */
    struct second_factor factor; /* what the digits are */
    bool app_known;              /* what was typed is an app password of the account */
    enum app_password_scope app_scope;
    unsigned char app_hash[STORE_HASH_SIZE];
    struct throttle_login throttle_login; /* for counting how the login ends */
    enum throttle_state throttle_state;

    struct group_query *groups;
    struct existence_query *existence;
    uint64_t call; /* of the store */
    void (*release)(void *context); /* set: cancelled */
};

void gather_start(struct gathering *gathering);

/* Whether gather_start was called and `done` not yet. */
bool gather_under_way(const struct gathering *gathering);

/* Nobody waits any more. `release` is called with the context once the memory is no longer needed: at once, or, where a
 * worker has begun, when it is done. */
void gather_cancel(struct gathering *gathering, void (*release)(void *context));

/* Gives up what it found. */
void gather_clear(struct gathering *gathering);

#endif
