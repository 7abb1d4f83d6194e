/* SPDX-License-Identifier: BSD-2-Clause */
/* What a storage engine is to store.c: a const struct of functions, and the request that passes between them. A new
 * engine is one added file (or a few) and one row in store.c's table. Nothing outside module/store includes this. */
#ifndef AUTHGATE_STORE_ENGINE_H
#define AUTHGATE_STORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum store_request_kind { STORE_REQUEST_FACTS, STORE_REQUEST_SETTLE, STORE_REQUEST_ORDER };

/* The calls' arguments, copied: the caller's pointers are gone when the engine reads them. A pointer of the caller
 * that was NULL is a `has_…` that is false. */
struct asked_facts {
    bool has_app_password;
    unsigned char app_password[STORE_HASH_SIZE];
};

struct asked_settle {
    char ref[STORE_REF_SIZE];
    unsigned char facts[STORE_HASH_SIZE];
    enum store_use use;
    bool past_gate_lock;
    bool burn;
    unsigned char secret_id[STORE_ID_SIZE];
    int64_t step, step_starts;
    unsigned char step_mac[STORE_HASH_SIZE];
    unsigned char code[STORE_HASH_SIZE];
    int64_t code_until, network_until;
    unsigned char network_mac[STORE_HASH_SIZE];
    unsigned char recovery[STORE_HASH_SIZE];
    unsigned char app_password[STORE_HASH_SIZE];
    char address[ADDRESS_TEXT_SIZE];
    char country[3];
    char service[33];
};

struct asked_order {
    enum store_verb verb;
    struct store_secret secret;
    bool has_seen;
    unsigned char seen[STORE_ID_SIZE];
    struct store_app_password app_password;
    struct store_lock lock;
    unsigned char hashes[STORE_RECOVERY_LIMIT][STORE_HASH_SIZE];
    size_t hash_count;
    int64_t key, old_key;
    char who[65];
    char *path; /* owned; NULL: none */
};

/* What an order found; the lists are owned by the request. */
struct found {
    struct store_report report;
    struct store_app_password *app_passwords;
    struct store_sealed_row *sealed;
};

struct store_request {
    struct store_request *next; /* free for whoever holds the request */
    enum store_request_kind kind;
    char account[STORE_ACCOUNT_SIZE];
    struct prefix network;
    int64_t now;
    union {
        struct asked_facts facts;
        struct asked_settle settle;
        struct asked_order *order; /* owned: too large for the common requests */
    } asked;

    /* The engine's answer: zeroed is unavailable */
    bool answered; /* for STORE_REQUEST_FACTS: `found.facts` is filled */
    bool raised;   /* an older copy of the store would undo it */
    enum store_answer answer;
    union {
        struct account_facts *facts; /* owned, made with the request */
        struct found *order;         /* owned, made with the request */
    } found;

    /* store.c's own */
    uint64_t number;
    int64_t deadline;
    struct store_request *newer, *older; /* among the calls that wait for their completion */
    bool completed;                /* completed or cancelled: the answer goes nowhere */
    void *context;
    union {
        store_facts_done *facts;
        store_settle_done *settle;
        store_report_done *order;
    } done;
};

/* What store.c offers to an engine. Both may be called on any thread. */
struct engine_port;

/* Gives requests back (a list by `next`), answered or not: what is not answered is unavailable. */
void engine_port_done(struct engine_port *port, struct store_request *requests);

/* Tells what the engine is doing from now on; `why` is for the administrator, "" while serving. */
void engine_port_state(struct engine_port *port, enum store_state state, int64_t generation, const char *why);

/* Adds facts, settles, orders, commits and failures to the counters. */
void engine_port_count(struct engine_port *port, const struct store_counters *more);

struct store_engine {
    const char *scheme; /* before the URL's colon */

    /* Starts the engine; its first state is told to `port` before this returns. NULL where it can never work. `place`
     * is what follows the colon. */
    void *(*start)(const char *place, const struct store_settings *settings, struct engine_port *port, char *fault,
                   size_t size);

    /* Takes a request; gives it back through the port later. Never blocks. */
    void (*submit)(void *engine, struct store_request *request);

    /* Lets what it holds land, gives everything back, ends its threads and frees itself. */
    void (*stop)(void *engine);
};

extern const struct store_engine sqlite_engine;

#endif
