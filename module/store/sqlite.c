/* SPDX-License-Identifier: BSD-2-Clause */
/* The SQLite engine: one thread, one connection, and all that waits at a moment done at once: facts first, answered
 * before anything is written; then every settling and every order in one transaction, answered after its commit.
 * Started by store.c. Reads no clock, keeps no row in memory. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/backup.h"
#include "store/engine.h"
#include "store/keeper.h"
#include "store/login_rows.h"
#include "store/order_rows.h"

#define BATCH_LIMIT 256     /* requests of one transaction */
#define BACKUP_PAGES 16     /* copied between two batches */
#define BALLAST_COMMITS 256 /* after so many the ballast is looked after */
#define SETTLED_IN 64       /* nothing waits after so many: the time to give the WAL its length */
#define CLOCK_CORRECTED 120 /* seconds that a clock may be set back without our noticing */

/* A list of requests that keeps their order. */
struct list {
    struct store_request *first, **end;
};

struct sqlite {
    struct engine_port *port;
    struct keeper keeper;
    struct backup *backup; /* NULL: none under way */
    unsigned commits;      /* since the ballast was looked after */
    pthread_t thread;
    sem_t wake; /* posted when something came to an empty list, and at the end */
    pthread_mutex_t mutex; /* of what follows */
    struct list waiting;
    bool stopping;
};

static void list_empty(struct list *list) {
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct list *list, struct store_request *request) {
    request->next = NULL;
    *list->end = request;
    list->end = &request->next;
}

static void tell_state(struct sqlite *sqlite) {
    engine_port_state(sqlite->port, sqlite->keeper.state, sqlite->keeper.generation, sqlite->keeper.why);
}

static void count(struct sqlite *sqlite, unsigned commits, unsigned failures) {
    struct store_counters more = {.commits = commits, .failures = failures};
    engine_port_count(sqlite->port, &more);
}

/* A closed database ends the backup that was reading it. */
static void end_backup(struct sqlite *sqlite) {
    struct list done;
    if (sqlite->backup == NULL)
        return;
    list_empty(&done);
    list_add(&done, backup_end(&sqlite->backup));
    engine_port_done(sqlite->port, done.first);
}

static void fail(struct sqlite *sqlite) {
    if (!database_full(&sqlite->keeper.database))
        end_backup(sqlite);
    keeper_failed(&sqlite->keeper);
    count(sqlite, 0, 1);
    tell_state(sqlite);
}

/* ---- one transaction ---- */

static void run(struct database *database, enum statement which) {
    struct query query = query_of(database, which);
    query_run(&query);
}

static bool in_transaction(const struct database *database) {
    return !sqlite3_get_autocommit(database->connection);
}

static void take_back(struct database *database) {
    int error = database->error;
    database->error = SQLITE_OK;
    if (in_transaction(database))
        run(database, SQL_ROLLBACK);
    database->error = error;
}

/* When the store was accepted. By a clock that was ahead: now, else no code would be fresh until it has caught up. */
static int64_t accepted_at(struct keeper *keeper, int64_t now) {
    if (keeper->accepted > now + CLOCK_CORRECTED)
        keeper->accepted = now;
    return keeper->accepted;
}

/* Answers one request; marks it where it raised the generation. */
static void answer(struct sqlite *sqlite, struct store_request *request) {
    struct database *database = &sqlite->keeper.database;
    bool before = database->raised;
    database->raised = false;
    if (request->kind == STORE_REQUEST_SETTLE)
        answer_settle(database, request, accepted_at(&sqlite->keeper, request->now));
    else
        answer_order(database, request);
    request->raised = database->raised;
    database->raised |= before;
}

/* Answers all and commits; false, with the database's error, where nothing of it holds. */
static bool transact(struct sqlite *sqlite, struct store_request *requests) {
    struct database *database = &sqlite->keeper.database;
    database->error = SQLITE_OK;
    database->raised = false;
    run(database, SQL_BEGIN);
    int before = sqlite3_total_changes(database->connection);
    for (struct store_request *request = requests; request != NULL && database_sound(database); request = request->next)
        answer(sqlite, request);
    if (database->raised)
        database_set_meta(database, "generation", "", sqlite->keeper.generation + 1);
    bool written = sqlite3_total_changes(database->connection) != before;
    if (written)
        trim_settled(database, requests->now);
    if (database_sound(database))
        run(database, SQL_COMMIT);
    if (!database_sound(database)) {
        take_back(database);
        return false;
    }
    count(sqlite, written, 0);
    sqlite->commits += written;
    return true;
}

static void answered(struct store_request *request, bool done) {
    request->answered = done;
    if (done)
        return;
    request->answer = STORE_UNAVAILABLE;
    if (request->kind == STORE_REQUEST_ORDER)
        request->found.order->report.result = STORE_FAILED;
}

/* Commits, then the seal; only then may anything be answered. */
static bool transact_and_seal(struct sqlite *sqlite, struct store_request *requests) {
    for (int again = 0; !transact(sqlite, requests); again++)
        if (!database_full(&sqlite->keeper.database) || !keeper_make_room(&sqlite->keeper, again))
            return false;
    bool sealed = keeper_seal(&sqlite->keeper, sqlite->keeper.database.raised);
    for (struct store_request *request = requests; request != NULL; request = request->next)
        answered(request, sealed || !request->raised);
    if (sealed && sqlite->keeper.state != STORE_SERVING) {
        sqlite->keeper.state = STORE_SERVING; /* there is room again */
        sqlite->keeper.why[0] = '\0';
    }
    if (sqlite->commits >= BALLAST_COMMITS) {
        sqlite->commits = 0;
        keeper_lay_ballast(&sqlite->keeper);
    }
    tell_state(sqlite);
    return true;
}

/* One damaged page may belong to one account: then the others must not suffer with it. */
static void transact_one_by_one(struct sqlite *sqlite, struct store_request *requests) {
    while (requests != NULL) {
        struct store_request *next = requests->next;
        requests->next = NULL;
        keeper_open(&sqlite->keeper);
        if (!sqlite->keeper.open || !transact_and_seal(sqlite, requests)) {
            answered(requests, false);
            if (sqlite->keeper.open)
                fail(sqlite);
        }
        requests->next = next;
        requests = next;
    }
}

static void write_all(struct sqlite *sqlite, struct store_request *requests) {
    if (requests == NULL)
        return;
    if (!sqlite->keeper.open) {
        for (struct store_request *request = requests; request != NULL; request = request->next)
            answered(request, false);
        return;
    }
    if (transact_and_seal(sqlite, requests))
        return;
    bool damaged = (sqlite->keeper.database.error & 0xff) == SQLITE_CORRUPT;
    fail(sqlite);
    for (struct store_request *request = requests; request != NULL; request = request->next)
        answered(request, false);
    if (damaged && requests->next != NULL)
        transact_one_by_one(sqlite, requests);
}

/* Answers all facts out of one look at the store. */
static void read_all(struct sqlite *sqlite, struct store_request *requests) {
    struct database *database = &sqlite->keeper.database;
    for (struct store_request *request = requests; request != NULL; request = request->next) {
        if (!sqlite->keeper.open)
            keeper_open(&sqlite->keeper); /* the one before found it damaged */
        if (!sqlite->keeper.open)
            return;
        database->error = SQLITE_OK;
        if (!in_transaction(database))
            run(database, SQL_READ);
        answer_facts(database, request);
        request->answered = database_sound(database);
        if (!request->answered)
            fail(sqlite);
    }
    if (sqlite->keeper.open && in_transaction(database))
        run(database, SQL_COMMIT);
}

/* ---- orders about the files ---- */

static void start_backup(struct sqlite *sqlite, struct store_request *order) {
    struct store_report *report = &order->found.order->report;
    struct buffer text;
    struct list done;
    buffer_init(&text, report->fault, sizeof report->fault);
    if (sqlite->keeper.open && sqlite->backup == NULL) {
        sqlite->backup = backup_begin(&sqlite->keeper.database, order);
        if (sqlite->backup != NULL)
            return;
    } else {
        report->result = STORE_REFUSED;
        buffer_add_format(&text, "%s", sqlite->keeper.open ? "another backup is under way" : sqlite->keeper.why);
    }
    list_empty(&done);
    list_add(&done, order);
    engine_port_done(sqlite->port, done.first);
}

static void change_files(struct sqlite *sqlite, struct store_request *order) {
    struct store_report *report = &order->found.order->report;
    struct list done;
    end_backup(sqlite);
    if (order->asked.order->verb == STORE_ACCEPT)
        keeper_accept(&sqlite->keeper, order->now, report);
    else
        keeper_restore(&sqlite->keeper, order->asked.order->path, order->now, report);
    tell_state(sqlite);
    list_empty(&done);
    list_add(&done, order);
    engine_port_done(sqlite->port, done.first);
}

static void files(struct sqlite *sqlite, struct store_request *orders) {
    while (orders != NULL) {
        struct store_request *next = orders->next;
        if (orders->asked.order->verb == STORE_BACKUP)
            start_backup(sqlite, orders);
        else
            change_files(sqlite, orders);
        orders = next;
    }
}

/* ---- batches ---- */

static void count_answers(struct sqlite *sqlite, const struct list *list) {
    struct store_counters more = {0};
    if (list->first == NULL)
        return;
    for (const struct store_request *request = list->first; request != NULL; request = request->next) {
        more.facts += request->kind == STORE_REQUEST_FACTS;
        more.settles += request->kind == STORE_REQUEST_SETTLE;
        more.orders += request->kind == STORE_REQUEST_ORDER;
    }
    engine_port_count(sqlite->port, &more);
}

static void do_batch(struct sqlite *sqlite, struct store_request *requests) {
    struct list facts, writes, others;
    list_empty(&facts);
    list_empty(&writes);
    list_empty(&others);
    while (requests != NULL) {
        struct store_request *next = requests->next;
        if (requests->kind == STORE_REQUEST_FACTS)
            list_add(&facts, requests);
        else if (requests->kind == STORE_REQUEST_SETTLE || order_is_of_rows(requests->asked.order->verb))
            list_add(&writes, requests);
        else
            list_add(&others, requests);
        requests = next;
    }
    bool open = sqlite->keeper.open;
    enum store_state state = sqlite->keeper.state;
    if (sqlite->backup != NULL && open && !database_in_place(&sqlite->keeper.database, sqlite->keeper.path))
        end_backup(sqlite); /* keeper_open closes what it reads */
    keeper_open(&sqlite->keeper);
    if (open != sqlite->keeper.open || state != sqlite->keeper.state)
        tell_state(sqlite);
    read_all(sqlite, facts.first);
    count_answers(sqlite, &facts);
    engine_port_done(sqlite->port, facts.first);
    write_all(sqlite, writes.first);
    count_answers(sqlite, &writes);
    engine_port_done(sqlite->port, writes.first);
    files(sqlite, others.first);
}

/* What waits, up to a batch; NULL: nothing. Under the mutex. */
static struct store_request *next_batch(struct sqlite *sqlite) {
    struct store_request *batch = sqlite->waiting.first, *last = batch;
    if (batch == NULL)
        return NULL;
    for (int taken = 1; taken < BATCH_LIMIT && last->next != NULL; taken++)
        last = last->next;
    sqlite->waiting.first = last->next;
    if (sqlite->waiting.first == NULL)
        sqlite->waiting.end = &sqlite->waiting.first;
    last->next = NULL;
    return batch;
}

static void *work(void *context) {
    struct sqlite *sqlite = context;
    for (;;) {
        pthread_mutex_lock(&sqlite->mutex);
        struct store_request *batch = next_batch(sqlite);
        bool over = batch == NULL && sqlite->stopping;
        pthread_mutex_unlock(&sqlite->mutex);
        if (over)
            break;
        if (batch != NULL)
            do_batch(sqlite, batch);
        else if (sqlite->commits >= SETTLED_IN && sqlite->keeper.open && !sqlite->keeper.wal_long)
            keeper_lengthen_wal(&sqlite->keeper);
        else if (sqlite->backup == NULL)
            sem_wait(&sqlite->wake); /* an early return costs one look at the list */
        if (sqlite->backup != NULL && !backup_step(sqlite->backup, BACKUP_PAGES))
            end_backup(sqlite);
    }
    end_backup(sqlite);
    keeper_close(&sqlite->keeper);
    return NULL;
}

/* ---- the engine's functions ---- */

/* Signals are for the daemon's own thread. */
static bool start_thread(struct sqlite *sqlite) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&sqlite->thread, NULL, work, sqlite) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void *sqlite_start(const char *place, const struct store_settings *settings, struct engine_port *port,
                          char *fault, size_t size) {
    struct buffer text;
    buffer_init(&text, fault, size);
    struct sqlite *sqlite = calloc(1, sizeof *sqlite);
    if (sqlite == NULL || !keeper_init(&sqlite->keeper, place, settings)) {
        buffer_add(&text, sqlite == NULL ? "no memory for a store" : "the store's path or the host's name is too long");
        free(sqlite);
        return NULL;
    }
    sqlite->port = port;
    list_empty(&sqlite->waiting);
    pthread_mutex_init(&sqlite->mutex, NULL);
    sem_init(&sqlite->wake, 0, 0);
    keeper_open(&sqlite->keeper);
    tell_state(sqlite);
    if (start_thread(sqlite))
        return sqlite;
    buffer_add(&text, "no thread for a store");
    keeper_close(&sqlite->keeper);
    free(sqlite);
    return NULL;
}

static void sqlite_submit(void *engine, struct store_request *request) {
    struct sqlite *sqlite = engine;
    pthread_mutex_lock(&sqlite->mutex);
    bool idle = sqlite->waiting.first == NULL;
    list_add(&sqlite->waiting, request);
    pthread_mutex_unlock(&sqlite->mutex);
    if (idle)
        sem_post(&sqlite->wake);
}

static void sqlite_stop(void *engine) {
    struct sqlite *sqlite = engine;
    pthread_mutex_lock(&sqlite->mutex);
    sqlite->stopping = true;
    pthread_mutex_unlock(&sqlite->mutex);
    sem_post(&sqlite->wake);
    pthread_join(sqlite->thread, NULL);
    sem_destroy(&sqlite->wake);
    pthread_mutex_destroy(&sqlite->mutex);
    free(sqlite);
}

const struct store_engine sqlite_engine = {
    .scheme = "sqlite",
    .start = sqlite_start,
    .submit = sqlite_submit,
    .stop = sqlite_stop,
};
