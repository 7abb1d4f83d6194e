/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an account still exists in its back end (`account_exists`): asked before an app password, which needs no
 * other password, opens it. Answers are kept for five minutes. */
#ifndef AUTHGATE_DAEMON_EXISTENCE_H
#define AUTHGATE_DAEMON_EXISTENCE_H

#include <stdint.h>

#include "gate/gate.h"

struct existence;
struct existence_query;
struct server;

/* NULL where memory is short. */
struct existence *existence_create(struct server *server);
void existence_destroy(struct existence **existence);

/* Forgets every answer: the configuration has changed. */
void existence_forget(struct existence *existence);

/* What is called with the answer: KNOWN_NOT where there was none. */
struct existence_asker {
    void (*found)(void *context, enum known exists);
    void *context;
    struct existence_query **query; /* set to the query until `found` is called, for existence_cancel; then to NULL */
    uint64_t lane; /* of the workers */
};

/* Asks, by the configuration's `account_exists`, about a canonical account name. The answer comes once, before this
 * returns or later. */
void existence_ask(struct existence *existence, const char *account, const struct existence_asker *asker);

/* There will be no answer. Sets the pointer to NULL. Safe on NULL. */
void existence_cancel(struct existence_query **query);

#endif
