/* SPDX-License-Identifier: BSD-2-Clause */
/* A login's two calls as reads and conditional writes of rows. Both leave it to the caller to ask whether the database
 * is sound: where it is not, nothing that they answered holds. */
#ifndef AUTHGATE_STORE_LOGIN_ROWS_H
#define AUTHGATE_STORE_LOGIN_ROWS_H

#include "store/database.h"
#include "store/engine.h"

/* A network as a row's key: family, length and the bytes that count. */
struct network_key {
    size_t length; /* 0: unknown, and equal to none */
    unsigned char bytes[18];
};

struct network_key network_key_of(const struct prefix *network);
bool network_of_key(const struct network_key *key, struct prefix *network);

/* One row of an account's memory: what its logins change. */
struct remembered {
    enum { MEMORY_STEP, MEMORY_CODE, MEMORY_NETWORK } kind; /* sql.c says what each puts where */
    const void *item;
    size_t item_length;
    const struct network_key *network; /* where a code came from; NULL: no code */
    const unsigned char *mac;
    int64_t made, until;
};

/* Writes it, in the place of one with the same item. */
void remember(struct database *database, const char *account, const struct remembered *row);

/* Reads columns into a row of store.h. The queries' columns are sql.c's; a network's begin at `first`. */
void read_secret(const struct query *query, struct store_secret *secret);
void read_app_password(const struct query *query, struct store_app_password *password);
void read_network(const struct query *query, int first, struct store_network *network);
void read_lock(const struct query *query, struct store_lock *lock);

/* Distinct wrong codes of the last hour and day, and whether those are too many. */
void count_wrong(struct database *database, const char *account, int64_t now, unsigned *hour, unsigned *day);
bool wrong_spent(unsigned hour, unsigned day);

/* Unused recovery codes first; returns how many there are. */
size_t list_recovery(struct database *database, const char *account, unsigned char (*hashes)[STORE_HASH_SIZE],
                     size_t *unused);

/* Fills the request's facts. */
void answer_facts(struct database *database, struct store_request *request);

/* Settles the request within the open transaction and fills its answer; `accepted` is when a store was last taken that
 * had been older (0: never): no step that started before it is fresh. */
void answer_settle(struct database *database, struct store_request *request, int64_t accepted);

/* Forgets settled refs that nobody may ask for again, a few at a time. */
void trim_settled(struct database *database, int64_t now);

#endif
