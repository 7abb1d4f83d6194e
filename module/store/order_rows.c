/* SPDX-License-Identifier: BSD-2-Clause */
/* One function for each verb, in a table. Called by the SQLite engine on its thread within its transaction. Judges no
 * code and opens no secret: the daemon did before it ordered. */
#include "store/order_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/login_rows.h"

/* What a verb works on. */
struct job {
    struct database *database;
    const char *account;
    int64_t now;
    const struct prefix *network;
    const struct asked_order *asked;
    struct found *found;
};

/* Runs a statement whose only value is the account. */
static int64_t of_account(const struct job *job, enum statement which) {
    struct query query = query_of(job->database, which);
    query_text(&query, job->account);
    return query_run(&query);
}


static enum store_result refuse(const struct job *job, const char *why) {
    struct buffer fault;
    buffer_init(&fault, job->found->report.fault, sizeof job->found->report.fault);
    buffer_add(&fault, why);
    return STORE_REFUSED;
}

/* ---- secrets ---- */

static bool get_secret(const struct job *job, int state, struct store_secret *secret) {
    struct query query = query_of(job->database, SQL_SECRET_GET);
    query_text(&query, job->account);
    query_number(&query, state);
    if (!query_row(&query))
        return false;
    read_secret(&query, secret);
    query_end(&query);
    return true;
}

static void set_secret(const struct job *job, int state, int64_t confirmed) {
    const struct store_secret *secret = &job->asked->secret;
    struct query query = query_of(job->database, SQL_SECRET_SET);
    query_text(&query, job->account);
    query_number(&query, state);
    query_bytes(&query, secret->id, STORE_ID_SIZE);
    query_bytes(&query, secret->sealed, secret->sealed_length);
    query_number(&query, secret->key);
    query_number(&query, job->now);
    query_number(&query, confirmed);
    query_text(&query, job->database->host);
    query_run(&query);
}

/* The account gives its confirmed secret up. Its last step is kept for as long as a used code could come again with the
 * same secret; no login finds it there. */
static void end_memory(const struct job *job) {
    struct query query = query_of(job->database, SQL_STEP_REST);
    query_text(&query, job->account);
    query_number(&query, job->now + STORE_STEP_RESTS);
    query_text(&query, job->database->host);
    query_run(&query);
    query = query_of(job->database, SQL_STEP_REST_TRIM);
    query_text(&query, job->account);
    query_number(&query, job->now);
    query_run(&query);
    of_account(job, SQL_MEMORY_END);
}

/* The confirmed secret's memory begins: what was known before ends with it. */
static void begin_memory(const struct job *job) {
    const struct store_secret *secret = &job->asked->secret;
    const struct remembered step = {MEMORY_STEP,      secret->id,        STORE_ID_SIZE, NULL,
                                    secret->step_mac, secret->last_step, 0};
    end_memory(job);
    remember(job->database, job->account, &step);
}

static void drop_secret(const struct job *job, int state) {
    struct query query = query_of(job->database, SQL_SECRET_DROP_STATE);
    query_text(&query, job->account);
    query_number(&query, state);
    query_run(&query);
}

static enum store_result enrol(const struct job *job) {
    set_secret(job, 0, 0);
    return STORE_DONE;
}

/* The same secret again keeps its step, which logins may have raised since the caller looked: a lower one would let a
 * used code in again. */
static enum store_result import(const struct job *job) {
    const struct asked_order *asked = job->asked;
    struct store_secret present;
    bool enrolled = get_secret(job, 1, &present);
    if (enrolled != asked->has_seen || (enrolled && memcmp(present.id, asked->seen, STORE_ID_SIZE) != 0))
        return STORE_ABSENT;
    set_secret(job, 1, job->now == 0 ? 1 : job->now);
    drop_secret(job, 0);
    if (enrolled && memcmp(present.id, asked->secret.id, STORE_ID_SIZE) == 0)
        of_account(job, SQL_MEMORY_END);
    else
        begin_memory(job);
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result confirm(const struct job *job) {
    struct store_secret pending;
    const struct store_secret *asked = &job->asked->secret;
    if (!get_secret(job, 0, &pending) || memcmp(pending.id, asked->id, STORE_ID_SIZE) != 0)
        return STORE_ABSENT;
    drop_secret(job, 1);
    struct query query = query_of(job->database, SQL_SECRET_PROMOTE);
    query_text(&query, job->account);
    query_bytes(&query, asked->id, STORE_ID_SIZE);
    query_number(&query, job->now == 0 ? 1 : job->now);
    query_text(&query, job->database->host);
    query_run(&query);
    begin_memory(job);
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result disable(const struct job *job) {
    if (of_account(job, SQL_SECRET_DROP) == 0)
        return STORE_ABSENT;
    end_memory(job);
    of_account(job, SQL_RECOVERY_DROP);
    of_account(job, SQL_WRONG_DROP);
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result reseal(const struct job *job) {
    const struct store_secret *secret = &job->asked->secret;
    struct query query = query_of(job->database, SQL_SECRET_RESEAL);
    query_text(&query, job->account);
    query_bytes(&query, secret->id, STORE_ID_SIZE);
    query_bytes(&query, secret->sealed, secret->sealed_length);
    query_number(&query, secret->key);
    query_number(&query, job->asked->old_key);
    query_text(&query, job->database->host);
    return query_run(&query) == 1 ? STORE_DONE : STORE_ABSENT;
}

/* One row more than a page is read: where it is there, the page's last account may go on in it and is left for the
 * next page. */
static size_t whole_accounts(const struct store_sealed_row *rows, size_t count) {
    if (count <= STORE_SEALED_PAGE)
        return count;
    size_t kept = STORE_SEALED_PAGE;
    while (kept > 0 && strcmp(rows[kept - 1].account, rows[STORE_SEALED_PAGE].account) == 0)
        kept--;
    return kept;
}

static enum store_result list_sealed(const struct job *job) {
    struct store_sealed_row *rows = calloc(STORE_SEALED_PAGE + 1, sizeof *rows);
    size_t count = 0;
    if (rows == NULL)
        return STORE_FAILED;
    struct query query = query_of(job->database, SQL_SECRET_SEALED_BY_OTHERS);
    query_text(&query, job->account);
    query_number(&query, job->asked->key);
    query_number(&query, STORE_SEALED_PAGE + 1);
    while (query_row(&query) && count <= STORE_SEALED_PAGE) {
        read_secret(&query, &rows[count].secret);
        query_column_text(&query, 7, rows[count].account, sizeof rows[count].account);
        count++;
    }
    job->found->sealed = rows;
    job->found->report.sealed = rows;
    job->found->report.sealed_count = whole_accounts(rows, count);
    return STORE_DONE;
}

static enum store_result list_accounts(const struct job *job) {
    struct store_sealed_row *rows = calloc(STORE_SEALED_PAGE, sizeof *rows);
    size_t count = 0;
    if (rows == NULL)
        return STORE_FAILED;
    struct query query = query_of(job->database, SQL_ACCOUNT_LIST);
    query_text(&query, job->account);
    query_number(&query, STORE_SEALED_PAGE);
    while (query_row(&query) && count < STORE_SEALED_PAGE)
        query_column_text(&query, 0, rows[count++].account, sizeof rows[0].account);
    job->found->sealed = rows;
    job->found->report.sealed = rows;
    job->found->report.sealed_count = count;
    return STORE_DONE;
}

/* ---- app passwords and recovery codes ---- */

/* How many the account has, and whether one of them has this id or hash. */
static int64_t count_app_passwords(const struct job *job, bool *taken) {
    const struct store_app_password *password = &job->asked->app_password;
    struct query query = query_of(job->database, SQL_APP_COUNT);
    query_text(&query, job->account);
    query_bytes(&query, password->id, STORE_ID_SIZE);
    query_bytes(&query, password->hash, STORE_HASH_SIZE);
    *taken = false;
    if (!query_row(&query))
        return 0;
    int64_t count = query_column(&query, 0);
    *taken = query_column(&query, 1) > 0;
    query_end(&query);
    return count;
}

static enum store_result add_app_password(const struct job *job) {
    const struct store_app_password *password = &job->asked->app_password;
    bool taken;
    int64_t count = count_app_passwords(job, &taken);
    if (taken)
        return STORE_EXISTS;
    if (count >= STORE_APP_PASSWORD_LIMIT)
        return STORE_TOO_MANY;
    struct query query = query_of(job->database, SQL_APP_ADD);
    query_text(&query, job->account);
    query_bytes(&query, password->id, STORE_ID_SIZE);
    query_bytes(&query, password->hash, STORE_HASH_SIZE);
    query_bytes(&query, password->mac, STORE_HASH_SIZE);
    query_text(&query, password->name);
    query_text(&query, password->services);
    query_text(&query, password->networks);
    query_number(&query, job->now);
    query_number(&query, password->expires);
    query_text(&query, job->database->host);
    query_run(&query);
    return STORE_DONE;
}

static enum store_result revoke_app_password(const struct job *job) {
    struct query query = query_of(job->database, SQL_APP_REVOKE);
    query_text(&query, job->account);
    query_bytes(&query, job->asked->app_password.id, STORE_ID_SIZE);
    query_number(&query, job->now == 0 ? 1 : job->now);
    query_text(&query, job->asked->who);
    query_text(&query, job->database->host);
    if (query_run(&query) == 0)
        return STORE_ABSENT;
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result new_recovery_codes(const struct job *job) {
    struct store_secret secret;
    if (!get_secret(job, 1, &secret))
        return refuse(job, "the account has no confirmed secret: recovery codes stand in for codes");
    of_account(job, SQL_RECOVERY_DROP);
    for (size_t i = 0; i < job->asked->hash_count; i++) {
        struct query query = query_of(job->database, SQL_RECOVERY_SET);
        query_text(&query, job->account);
        query_bytes(&query, job->asked->hashes[i], STORE_HASH_SIZE);
        query_number(&query, job->now);
        query_text(&query, job->database->host);
        query_run(&query);
    }
    job->database->raised = true;
    return STORE_DONE;
}

/* ---- networks and locks ---- */

static enum store_result forget_networks(const struct job *job) {
    struct network_key key = network_key_of(job->network);
    int64_t gone;
    if (key.length == 0) {
        gone = of_account(job, SQL_MEMORY_END);
    } else {
        struct query query = query_of(job->database, SQL_NETWORK_DROP);
        query_text(&query, job->account);
        query_bytes(&query, key.bytes, key.length);
        gone = query_run(&query);
    }
    if (gone == 0)
        return STORE_ABSENT;
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result lock(const struct job *job) {
    const struct store_lock *asked = &job->asked->lock;
    struct query query = query_of(job->database, SQL_LOCK_SET);
    query_text(&query, job->account);
    query_number(&query, asked->by_hand);
    query_text(&query, asked->who);
    query_text(&query, asked->why);
    query_number(&query, asked->at);
    query_number(&query, asked->until);
    query_text(&query, job->database->host);
    query_run(&query);
    of_account(job, SQL_MEMORY_END);
    job->database->raised = true;
    return STORE_DONE;
}

/* The wrong codes go too: with them the owner's next slip would lock the account again. */
static enum store_result unlock(const struct job *job) {
    unsigned hour, day;
    count_wrong(job->database, job->account, job->now, &hour, &day);
    if (of_account(job, SQL_LOCK_DROP) == 0 && !wrong_spent(hour, day))
        return STORE_ABSENT;
    of_account(job, SQL_WRONG_DROP);
    job->database->raised = true;
    return STORE_DONE;
}

static enum store_result forget_account(const struct job *job) {
    static const enum statement drops[] = {
        SQL_SECRET_DROP, SQL_MEMORY_DROP, SQL_RECOVERY_DROP, SQL_WRONG_DROP, SQL_APP_DROP, SQL_LOCK_DROP,
    };
    int64_t gone = 0;
    for (size_t i = 0; i < sizeof drops / sizeof drops[0]; i++)
        gone += of_account(job, drops[i]);
    if (gone == 0)
        return STORE_ABSENT;
    job->database->raised = true;
    return STORE_DONE;
}

/* ---- what there is ---- */

static void show_app_passwords(const struct job *job, struct store_report *report) {
    struct store_app_password *list = calloc(STORE_APP_PASSWORD_LIMIT, sizeof *list);
    if (list == NULL) {
        job->database->error = SQLITE_NOMEM;
        return;
    }
    job->found->app_passwords = list;
    report->app_passwords = list;
    struct query query = query_of(job->database, SQL_APP_LIST);
    query_text(&query, job->account);
    while (query_row(&query))
        if (report->app_password_count < STORE_APP_PASSWORD_LIMIT)
            read_app_password(&query, &list[report->app_password_count++]);
}

static void show_networks(const struct job *job, struct store_report *report) {
    struct query query = query_of(job->database, SQL_NETWORK_LIST);
    query_text(&query, job->account);
    query_number(&query, job->now);
    while (query_row(&query))
        if (report->network_count < STORE_NETWORK_LIMIT)
            read_network(&query, 0, &report->networks[report->network_count++]);
}

static void show_locks(const struct job *job, struct store_report *report) {
    struct query query = query_of(job->database, SQL_LOCK_ALL);
    query_text(&query, job->account);
    while (query_row(&query))
        if (report->lock_count < sizeof report->locks / sizeof report->locks[0])
            read_lock(&query, &report->locks[report->lock_count++]);
}

static size_t count_codes(const struct job *job) {
    size_t count = 0;
    struct query query = query_of(job->database, SQL_CODE_LIST);
    query_text(&query, job->account);
    query_number(&query, job->now);
    while (query_row(&query))
        count++;
    return count;
}

static void show_rested(const struct job *job, struct store_report *report) {
    struct query query = query_of(job->database, SQL_STEP_REST_GET);
    query_text(&query, job->account);
    query_bytes(&query, job->asked->secret.id, STORE_ID_SIZE);
    query_number(&query, job->now);
    report->rested = query_row(&query);
    if (!report->rested)
        return;
    report->rested_step = query_column(&query, 0);
    query_column_bytes(&query, 1, report->rested_mac, STORE_HASH_SIZE);
    query_end(&query);
}

static enum store_result show(const struct job *job) {
    struct store_report *report = &job->found->report;
    unsigned char hashes[STORE_RECOVERY_LIMIT][STORE_HASH_SIZE];
    report->enrolled = get_secret(job, 1, &report->confirmed_secret);
    report->pending = get_secret(job, 0, &report->pending_secret);
    show_rested(job, report);
    show_app_passwords(job, report);
    show_networks(job, report);
    show_locks(job, report);
    report->code_count = count_codes(job);
    report->recovery_count = list_recovery(job->database, job->account, hashes, &report->recovery_unused);
    count_wrong(job->database, job->account, job->now, &report->wrong_hour, &report->wrong_day);
    return STORE_DONE;
}

static enum store_result (*const verbs[])(const struct job *job) = {
    [STORE_SHOW] = show,
    [STORE_ENROL] = enrol,
    [STORE_IMPORT] = import,
    [STORE_CONFIRM] = confirm,
    [STORE_DISABLE] = disable,
    [STORE_ADD_APP_PASSWORD] = add_app_password,
    [STORE_REVOKE_APP_PASSWORD] = revoke_app_password,
    [STORE_NEW_RECOVERY_CODES] = new_recovery_codes,
    [STORE_FORGET_NETWORKS] = forget_networks,
    [STORE_LOCK] = lock,
    [STORE_UNLOCK] = unlock,
    [STORE_FORGET_ACCOUNT] = forget_account,
    [STORE_LIST_SEALED] = list_sealed,
    [STORE_LIST_ACCOUNTS] = list_accounts,
    [STORE_RESEAL] = reseal,
};

bool order_is_of_rows(enum store_verb verb) {
    return (size_t)verb < sizeof verbs / sizeof verbs[0] && verbs[verb] != NULL;
}

void answer_order(struct database *database, struct store_request *request) {
    const struct job job = {
        .database = database,
        .account = request->account,
        .now = request->now,
        .network = &request->network,
        .asked = request->asked.order,
        .found = request->found.order,
    };
    struct store_report *report = &job.found->report;
    free(job.found->app_passwords); /* of a try that the transaction took back */
    free(job.found->sealed);
    *job.found = (struct found){0};
    report->result = verbs[job.asked->verb](&job);
}
