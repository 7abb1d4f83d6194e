/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers questions page by page on a thread of its own, so that a report over a hundred million rows holds up neither
 * a login nor the writing. Whoever asks slowly costs nothing. Called by history.c. */
#include "store/history_reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store/history_engine.h"

#define QUERY_LIMIT 8
#define NICENESS    10 /* logins first */

enum state {
    QUERY_FREE = 0,
    QUERY_WANTED,  /* a page is to be read */
    QUERY_READING, /* the thread has it */
    QUERY_READY,   /* a page is to be handed out */
};

struct query {
    enum state state;
    bool cancelled; /* while the thread had it */
    uint64_t number;
    struct history_cursor cursor;
    struct history_rows rows;
    bool failed;
    char next[HISTORY_NEXT_SIZE];
    history_take *take;
    void *context;
};

struct history_reader {
    struct history_reader_settings settings;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    pthread_t thread;
    uint64_t last_number;
    struct query queries[QUERY_LIMIT];
    size_t turn;  /* whose page is read next, where several wait */
    void *opened; /* the engine's; the thread's own */
};

static void tell(const struct history_reader *reader) {
    const uint64_t one = 1;
    if (write(reader->settings.signal, &one, sizeof one) < 0)
        return; /* the counter is up already */
}

/* Reads one page; the query is the thread's meanwhile. False where it cannot be read. */
static bool read_page(struct history_reader *reader, struct query *query) {
    const struct history_engine *engine = reader->settings.engine;
    char fault[HISTORY_FAULT_SIZE];
    bool last = false;
    if (!query->cursor.begun)
        reader->settings.settle(reader->settings.context);
    if (reader->opened == NULL)
        reader->opened = engine->reader_open(reader->settings.place, fault);
    if (reader->opened == NULL)
        return false;
    if (engine->read(reader->opened, &query->cursor, &query->rows, &last) && !query->rows.short_of_memory) {
        if (!last)
            history_cursor_format(&query->cursor, query->next);
        return true;
    }
    engine->reader_close(reader->opened);
    reader->opened = NULL;
    return false;
}

static void give_up(struct query *query) {
    history_rows_clear(&query->rows);
    *query = (struct query){.state = QUERY_FREE};
}

static struct query *next_wanted(struct history_reader *reader) {
    for (size_t i = 0; i < QUERY_LIMIT; i++) {
        struct query *query = &reader->queries[(reader->turn + i) % QUERY_LIMIT];
        if (query->state == QUERY_WANTED) {
            reader->turn = (reader->turn + i + 1) % QUERY_LIMIT;
            return query;
        }
    }
    return NULL;
}

static void *read_all(void *argument) {
    struct history_reader *reader = argument;
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    pthread_mutex_lock(&reader->lock);
    while (!reader->stopping) {
        struct query *query = next_wanted(reader);
        if (query == NULL) {
            pthread_cond_wait(&reader->wake, &reader->lock);
            continue;
        }
        query->state = QUERY_READING;
        pthread_mutex_unlock(&reader->lock);
        bool good = read_page(reader, query);
        pthread_mutex_lock(&reader->lock);
        query->failed = !good;
        query->state = QUERY_READY;
        if (query->cancelled)
            give_up(query);
        else
            tell(reader);
    }
    pthread_mutex_unlock(&reader->lock);
    if (reader->opened != NULL)
        reader->settings.engine->reader_close(reader->opened);
    return NULL;
}

struct history_reader *history_reader_start(const struct history_reader_settings *settings) {
    struct history_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->settings = *settings;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->wake, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals belong to the loop */
    int failed = pthread_create(&reader->thread, NULL, read_all, reader);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return reader;
    pthread_cond_destroy(&reader->wake);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
    return NULL;
}

void history_reader_stop(struct history_reader **stopped) {
    struct history_reader *reader = *stopped;
    if (reader == NULL)
        return;
    pthread_mutex_lock(&reader->lock);
    reader->stopping = true;
    pthread_cond_signal(&reader->wake);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    for (size_t i = 0; i < QUERY_LIMIT; i++)
        give_up(&reader->queries[i]);
    pthread_cond_destroy(&reader->wake);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
    *stopped = NULL;
}

static bool fill_cursor(struct history_cursor *cursor, const struct history_question *question) {
    *cursor = (struct history_cursor){
        .what = question->what,
        .denied = question->denied,
        .network = question->network,
        .country = question->country,
        .since = question->since,
        .until = question->until != 0 ? question->until : INT64_MAX,
        .one_account = question->account != NULL,
        .one_ref = question->ref != NULL,
    };
    const char *account = question->account != NULL ? question->account : "";
    const char *ref = question->ref != NULL ? question->ref : "";
    if (strlen(account) > HISTORY_ACCOUNT_LIMIT || strlen(ref) > HISTORY_REF_LIMIT)
        return false;
    memcpy(cursor->account, account, strlen(account) + 1);
    memcpy(cursor->ref, ref, strlen(ref) + 1);
    return question->after == NULL || history_cursor_parse(cursor, question->after);
}

uint64_t history_reader_ask(struct history_reader *reader, const struct history_question *question, history_take *take,
                            void *context) {
    uint64_t number = 0;
    pthread_mutex_lock(&reader->lock);
    struct query *query = reader->queries;
    while (query < reader->queries + QUERY_LIMIT && query->state != QUERY_FREE)
        query++;
    if (query < reader->queries + QUERY_LIMIT && fill_cursor(&query->cursor, question)) {
        number = ++reader->last_number;
        query->number = number;
        query->take = take;
        query->context = context;
        query->state = QUERY_WANTED;
        pthread_cond_signal(&reader->wake);
    }
    pthread_mutex_unlock(&reader->lock);
    return number;
}

/* Called with the lock held. */
static struct query *find(struct history_reader *reader, uint64_t number) {
    for (size_t i = 0; i < QUERY_LIMIT; i++)
        if (reader->queries[i].state != QUERY_FREE && reader->queries[i].number == number)
            return &reader->queries[i];
    return NULL;
}

void history_reader_cancel(struct history_reader *reader, uint64_t number) {
    pthread_mutex_lock(&reader->lock);
    struct query *query = find(reader, number);
    if (query != NULL && query->state == QUERY_READING)
        query->cancelled = true;
    else if (query != NULL)
        give_up(query);
    pthread_mutex_unlock(&reader->lock);
}

/* Hands one page out. The lock is not held meanwhile: `take` asks and cancels as it likes. */
static void hand_out(struct history_reader *reader, struct query *query) {
    struct query done = *query;
    *query = (struct query){.state = QUERY_FREE};
    pthread_mutex_unlock(&reader->lock);
    const struct history_page page = {
        .failed = done.failed, .rows = done.rows.rows, .count = done.failed ? 0 : done.rows.count, .next = done.next};
    done.take(done.context, &page);
    history_rows_clear(&done.rows);
    pthread_mutex_lock(&reader->lock);
}

void history_reader_dispatch(struct history_reader *reader) {
    pthread_mutex_lock(&reader->lock);
    for (size_t i = 0; i < QUERY_LIMIT; i++)
        if (reader->queries[i].state == QUERY_READY)
            hand_out(reader, &reader->queries[i]);
    pthread_mutex_unlock(&reader->lock);
}
