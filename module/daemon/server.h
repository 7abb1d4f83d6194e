/* SPDX-License-Identifier: BSD-2-Clause */
/* The running daemon: what everything in this folder shares, its start, its reload and its end. */
#ifndef AUTHGATE_DAEMON_SERVER_H
#define AUTHGATE_DAEMON_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include "base/verdict.h"
#include "daemon/upstream.h"

/* Milliseconds that a connection may wait before it says begin, and a login before commit; and that a module may hold
 * its connection after commit. */
#define SERVER_IDLE_TIME 60000
#define SERVER_SETTLED_TIME 600000

struct configuration;
struct archive;
struct asks;
struct compromise;
struct connections;
struct country_watch;
struct existence;
struct event_base;
struct listeners;
struct history;
struct locking;
struct login;
struct notifier;
struct reminders;
struct postfix_policy;
struct settled;
struct standing;
struct throttle;
struct throttle_list;
struct trials;
struct vault;
struct workers;

struct server {
    struct event_base *base;
    struct asks *asks;
    struct configuration *configuration;
    struct country_watch *country;
    struct connections *connections;
    struct listeners *listeners; /* NULL once draining */
    struct postfix_policy *postfix_policy;
    struct settled *settled;
    struct standing *standing; /* what no reload changes */
    struct throttle *throttle;
    struct throttle_list *throttled;
    struct compromise *compromise;
    struct archive *archive;   /* drives the history */
    struct history *history;   /* NULL: none is configured */
    struct notifier *notifier; /* NULL: it could not be started */
    struct reminders *reminders;
    struct existence *existence;
    struct trials *trials; /* NULL until doctor tries a login */
    struct vault *vault; /* NULL: no store is configured, and nobody has a second factor */
    struct workers *workers;
    struct login *logins; /* those under way, the newest first */
    struct locking *lockings; /* login_aftermath.c's */
    struct upstream_health saslauthd;
    unsigned char mark_key[SIPHASH_KEY_SIZE];
    unsigned char facts_key[SIPHASH_KEY_SIZE];
    const char *configuration_path;
    bool create_store;
    int64_t started; /* seconds since the epoch */
    uint64_t verdicts[VERDICT_COUNT]; /* logins that ended with each */
    uint64_t reports;                 /* logins that went on but would have been denied */
    uint64_t unopened;                /* times that what the store has of an account did not open */
    bool draining;
};

struct server_options {
    const char *configuration_path;
    bool create_store; /* make the first store, and its key, where they are missing */
    bool exit;         /* once they are there; serve nobody */
};

/* Serves until SIGTERM or SIGINT. The configuration is the caller's first one; it belongs to the server from here on.
 * Returns the exit status: 0 after a drain (or where there was only a store to make), 2 where the configuration cannot
 * be served (said in the log). */
int server_run(const struct server_options *options, struct configuration *configuration);

/* Told by connections whenever one has gone. */
void server_connection_closed(struct server *server);

#endif
