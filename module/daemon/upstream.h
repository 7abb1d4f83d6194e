/* SPDX-License-Identifier: BSD-2-Clause */
/* The client of the real saslauthd: one password checked, asynchronously, under a deadline of its own. */
#ifndef AUTHGATE_DAEMON_UPSTREAM_H
#define AUTHGATE_DAEMON_UPSTREAM_H

#include <stdint.h>

#include "base/secret.h"

#define UPSTREAM_TIME 15000 /* milliseconds for a whole check; back ends delay their refusals by some seconds */

struct event_base;
struct upstream;

/* What kept saslauthd from saying OK or NO. */
enum upstream_fault {
    UPSTREAM_FINE = 0,
    UPSTREAM_UNREACHED, /* no connection */
    UPSTREAM_SILENT,    /* no whole answer in time */
    UPSTREAM_CLOSED,    /* an end of file instead */
    UPSTREAM_MALFORMED, /* an answer that is none */
    UPSTREAM_FAULT_COUNT
};

/* What the log was told of saslauthd, so that a change is told once. Zeroed at the start; upstream.c's own. */
struct upstream_health {
    char path[108]; /* sun_path's size */
    enum upstream_fault told;
    struct {
        int64_t at; /* clock_monotonic; 0: never */
        int error;  /* errno's */
    } last[UPSTREAM_FAULT_COUNT];
};

struct upstream_question {
    const char *path;           /* saslauthd's socket; NULL: none is configured */
    const char *name;           /* of the account, account_name_undivided's; see upstream_ask */
    const char *default_domain; /* NULL: none */
    const char *service;
    const struct secret *password;
    struct upstream_health *health; /* outlives the check */
};

enum upstream_result {
    UPSTREAM_TROUBLE = 0, /* nobody could tell: not there, silent, or an answer that is none */
    UPSTREAM_RIGHT,
    UPSTREAM_WRONG,
};

typedef void upstream_done(void *context, enum upstream_result result);

/* Asks about a name of the default domain by its local part, with the domain as the realm, and about any other by the
 * whole name without a realm: many back ends ignore the realm, and would find the default domain's account of that
 * name. `done` is called once, from the loop and never before this returns; the check is over by then. NULL where
 * nothing can be asked (then `done` is never called). The question is copied and wiped once it is sent. Why there was
 * no answer is logged once for each change, and at most once a minute. */
struct upstream *upstream_ask(struct event_base *base, const struct upstream_question *question, upstream_done *done,
                              void *context);

/* Nobody waits any longer: `done` will not be called. Sets the pointer to NULL; safe on NULL. */
void upstream_cancel(struct upstream **upstream);

#endif
