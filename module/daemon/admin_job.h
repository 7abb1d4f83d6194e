/* SPDX-License-Identifier: BSD-2-Clause */
/* One request of authgatectl, from its message to its answer: who asks, about which account, and what is kept between
 * the policy's, the store's and the verb's turns. The verbs (admin_totp.c, admin_accounts.c, admin_store.c) each bring
 * a function that a job runs; a job ends itself, and is freed, with admin_job_answer or admin_job_fail. */
#ifndef AUTHGATE_DAEMON_ADMIN_JOB_H
#define AUTHGATE_DAEMON_ADMIN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/verdict.h"
#include "credential/generated.h"
#include "credential/seed.h"
#include "credential/totp.h"
#include "daemon/gather.h"
#include "daemon/records.h"
#include "policy/account_name.h"
#include "store/history.h"
#include "store/store.h"
#include "wire/message.h"

#define ADMIN_PATIENCE      10000  /* milliseconds for an order to the store */
#define ADMIN_LONG_PATIENCE 600000 /* for one that copies the whole store */

struct admin_job;

enum admin_need {
    ADMIN_NEEDS_ACCOUNT = 1, /* the question names one */
    ADMIN_NEEDS_STORE = 2,   /* one is configured */
    ADMIN_MAY_NAME_ACCOUNT = 4,
    ADMIN_ANY_DOMAIN = 8, /* also one that is not served any more: what was kept of it can be seen and ended */
};

/* A row of admin_protocol.c's table. */
struct admin_request {
    const char *word;
    unsigned needs;
    void (*run)(struct admin_job *job);
};

typedef void admin_answered(struct admin_job *job, const struct store_report *report);

struct admin_job {
    struct connection *connection;
    struct server *server;
    const struct admin_request *request;
    struct message question; /* its values live as long as the job */
    char account[ACCOUNT_NAME_SIZE]; /* canonical; "" where none is named */
    struct records records; /* the answer, as far as it is made */
    struct gathering gathering;
    bool readable; /* the account's policy could be had */

    /* what a verb keeps from one turn to the next; wiped with the job */
    struct totp totp;
    struct seed seed;
    struct store_secret secret;
    struct store_app_password app_password;
    struct store_lock lock;
    char generated[APP_PASSWORD_SIZE];
    char recovery[RECOVERY_CODE_COUNT][RECOVERY_CODE_SIZE];
    size_t recovery_count;
    bool replaces; /* another secret, which held */
    int64_t drift;
    struct store_sealed_row *sealed;
    size_t sealed_count, sealed_answered, sealed_failed, sealed_strange;

    struct existence_query *existence; /* admin_existence.c's, one at a time */

    struct { /* admin_history.c's */
        uint64_t query;
        bool events;
        size_t skip; /* rows of the page that were sent before */
        char after[HISTORY_NEXT_SIZE];
    } past;
    void (*abandoned)(struct admin_job *job); /* called when the asker goes; NULL: nothing but the store to tell */

    /* the job's own */
    char *text; /* the question's bytes */
    size_t length;
    uint64_t calls[STORE_SEALED_PAGE]; /* of the store, under way */
    size_t call_count;
    admin_answered *answered;
    void (*gathered)(struct admin_job *job);
};

/* Starts a job from one message; its answer comes before this returns or later. */
void admin_job_start(struct connection *connection, const struct admin_request *request, const char *bytes,
                     size_t length);

/* The asker has gone: what was ordered may still land, and is logged. */
void admin_job_abandon(struct admin_job *job);

/* Sends the job's records (for admin_job_fail with a record=error) and frees the job. */
void admin_job_answer(struct admin_job *job);
void admin_job_fail(struct admin_job *job, enum reason reason, const char *text);

/* Has the policy and the facts of a login looked up, as `gathering` says; `gathered` is called once, later or before
 * this returns. */
void admin_job_gather(struct admin_job *job, void (*gathered)(struct admin_job *job));

/* Orders something about the job's account, now. `order` says what; account, time and (unless set) deadline are filled
 * in. `answered` is called once, later or before this returns. */
void admin_job_order(struct admin_job *job, struct store_order *order, admin_answered *answered);

/* Whether the store did it. If not, the job has failed, with `absent` for words where there was no such row. */
bool admin_job_done(struct admin_job *job, const struct store_report *report, const char *absent);

/* Keeps a page of rows that the store listed, as the job's own. False: the job has failed. */
bool admin_job_take_page(struct admin_job *job, const struct store_report *report);

/* Takes a name for the job's account. False where it is none that is served here. */
bool admin_job_canonical(struct admin_job *job, const char *name);

/* The value of one of the question's fields, "" where it is absent. */
const char *admin_job_value(const struct admin_job *job, enum field field);

/* The time in one of the question's fields: 0 where it is absent, -1 where it is none. */
int64_t admin_job_time(const struct admin_job *job, enum field field);

/* Who asks, as they say, or by the connection's uid; `who` has the size of the store's columns. */
void admin_job_who(const struct admin_job *job, char who[65]);

/* One line in the log about what was changed, with one further value, which is no secret and may be NULL. */
void admin_job_log(const struct admin_job *job, const char *name, const char *value);

const struct keyring *admin_job_keyring(const struct admin_job *job);

/* A number as a field's value. */
#define ADMIN_NUMBER_SIZE 24
const char *admin_number(int64_t number, char text[ADMIN_NUMBER_SIZE]);

#endif
