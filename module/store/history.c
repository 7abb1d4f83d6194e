/* SPDX-License-Identifier: BSD-2-Clause */
/* The history's queue, the thread that writes it, and what the loop sees of both. Whatever goes wrong below ends in a
 * counter and one line for the log when it starts and when it is over. */
#include "store/history.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/history_engine.h"
#include "store/history_queue.h"
#include "store/history_reader.h"

#define LINGER          100     /* milliseconds that entries may wait for company */
#define SETTLE_TIME     2000    /* milliseconds that a question waits for what was handed over before it */
#define TIDY_AGAIN      20      /* milliseconds between two bites of a clean-up */
#define TIDY_EVERY      3600000 /* milliseconds between two clean-ups */
#define COMPLAINT_LIMIT 4
#define COMPLAINT_SIZE  (HISTORY_FAULT_SIZE + 128)

struct complaint {
    int priority;
    char line[COMPLAINT_SIZE];
};

struct history {
    const struct history_engine *engine;
    char *place;
    char *host;
    struct history_settings settings;
    int signal; /* eventfd: dispatch has something to do */
    struct history_reader *reader;
    pthread_t writer_thread;
    bool writer_started;
    void *writer; /* the engine's; the writing thread's own */

    pthread_mutex_t lock;  /* of all below */
    pthread_cond_t wake;   /* the writing thread has something to do */
    pthread_cond_t landed; /* a batch is through, or the history stops */
    struct history_queue queue;
    bool ready; /* the file has been tried for the first time */
    bool hurry, stopping;
    uint64_t handed, through; /* entries taken, and those that were written or lost */
    struct history_counters counters;
    struct complaint complaints[COMPLAINT_LIMIT];
    size_t complaint_count;
};

static const struct history_engine *const engines[] = {&sqlite_history_engine};

static void tell(const struct history *history) {
    const uint64_t one = 1;
    if (write(history->signal, &one, sizeof one) < 0)
        return; /* the counter is up already */
}

static struct timespec moment(int64_t milliseconds) {
    return (struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
}

/* Called with the lock held. */
static void complain(struct history *history, int priority, const char *what, const char *fault) {
    if (history->complaint_count == COMPLAINT_LIMIT)
        return;
    struct complaint *complaint = &history->complaints[history->complaint_count++];
    complaint->priority = priority;
    snprintf(complaint->line, sizeof complaint->line, "history: %s%s%s", what, fault[0] != '\0' ? ": " : "", fault);
    tell(history);
}

/* Called with the lock held. */
static void note_outcome(struct history *history, bool good, size_t count, const char *fault) {
    struct history_counters *counters = &history->counters;
    if (good)
        counters->written += count;
    else
        counters->lost += count;
    if (good && fault[0] != '\0')
        complain(history, LOG_WARNING, fault, "");
    if (!good && !counters->failing)
        complain(history, LOG_ERR, "logins are not recorded (they go on all the same)", fault);
    if (good && counters->failing) {
        char lost[64];
        snprintf(lost, sizeof lost, "%llu entries were lost", (unsigned long long)counters->lost);
        complain(history, LOG_NOTICE, "logins are recorded again", lost);
    }
    counters->failing = !good;
}

static bool write_once(struct history *history, const struct history_batch *batch, char *fault) {
    if (history->writer == NULL)
        history->writer = history->engine->writer_open(history->place, history->host, fault);
    return history->writer != NULL && history->engine->write(history->writer, batch, fault);
}

/* Writes a batch, in a second try with the file opened anew where that may help. */
static bool write_batch(struct history *history, const struct history_batch *batch, char *fault) {
    fault[0] = '\0';
    if (write_once(history, batch, fault))
        return true;
    if (history->writer == NULL || !history->engine->broken(history->writer))
        return false;
    history->engine->writer_close(history->writer);
    history->writer = NULL;
    fault[0] = '\0';
    return write_once(history, batch, fault);
}

/* Waits until there is something to write, for company to come, or for the next clean-up. Called with the lock held. */
static void wait_for_entries(struct history *history, int64_t tidy_at) {
    int64_t linger_until = 0;
    while (!history->stopping) {
        int64_t now = clock_monotonic();
        bool some = history->queue.count > 0;
        if (some && linger_until == 0)
            linger_until = now + LINGER;
        if (some && (history->hurry || history_queue_half_full(&history->queue) || now >= linger_until))
            return;
        if (!some && now >= tidy_at)
            return;
        struct timespec until = moment(some ? linger_until : tidy_at);
        pthread_cond_timedwait(&history->wake, &history->lock, &until);
    }
}

/* Deletes a bite of what is old, without the lock. Returns when to go on. */
static int64_t tidy(struct history *history) {
    bool more = false;
    pthread_mutex_unlock(&history->lock);
    if (history->writer != NULL)
        more = history->engine->tidy(history->writer, clock_wall(), history->settings.raw_for);
    pthread_mutex_lock(&history->lock);
    return clock_monotonic() + (more ? TIDY_AGAIN : TIDY_EVERY);
}

static void write_waiting(struct history *history) {
    char fault[HISTORY_FAULT_SIZE];
    struct history_batch batch = history_queue_take(&history->queue);
    history->hurry = false;
    pthread_mutex_unlock(&history->lock);
    bool good = write_batch(history, &batch, fault);
    pthread_mutex_lock(&history->lock);
    history->through += batch.count;
    note_outcome(history, good, batch.count, fault);
    pthread_cond_broadcast(&history->landed);
}

/* So that the file is there, and trouble with it is said, before the first login. */
static void open_early(struct history *history) {
    char fault[HISTORY_FAULT_SIZE] = "";
    history->writer = history->engine->writer_open(history->place, history->host, fault);
    pthread_mutex_lock(&history->lock);
    note_outcome(history, history->writer != NULL, 0, fault);
    history->ready = true;
    pthread_cond_broadcast(&history->landed);
    pthread_mutex_unlock(&history->lock);
}

static void *write_all(void *argument) {
    struct history *history = argument;
    open_early(history);
    pthread_mutex_lock(&history->lock);
    int64_t tidy_at = clock_monotonic() + LINGER;
    for (;;) {
        wait_for_entries(history, tidy_at);
        if (history->queue.count > 0)
            write_waiting(history);
        else if (history->stopping)
            break;
        if (clock_monotonic() >= tidy_at && !history->stopping)
            tidy_at = tidy(history);
    }
    pthread_mutex_unlock(&history->lock);
    if (history->writer != NULL)
        history->engine->writer_close(history->writer);
    return NULL;
}

static void settle(void *context) {
    struct history *history = context;
    struct timespec until = moment(clock_monotonic() + SETTLE_TIME);
    pthread_mutex_lock(&history->lock);
    uint64_t wanted = history->handed;
    history->hurry = history->queue.count > 0;
    pthread_cond_signal(&history->wake);
    int timed_out = 0;
    while ((!history->ready || history->through < wanted) && !history->stopping && timed_out == 0)
        timed_out = pthread_cond_timedwait(&history->landed, &history->lock, &until);
    pthread_mutex_unlock(&history->lock);
}

static bool start_writer(struct history *history) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals belong to the loop */
    history->writer_started = pthread_create(&history->writer_thread, NULL, write_all, history) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return history->writer_started;
}

static bool start(struct history *history) {
    struct history_reader_settings reader = {.engine = history->engine,
                                             .place = history->place,
                                             .signal = history->signal,
                                             .settle = settle,
                                             .context = history};
    if (history->place == NULL || history->host == NULL || history->signal < 0 ||
        !history_queue_open(&history->queue) || !start_writer(history))
        return false;
    history->reader = history_reader_start(&reader);
    return history->reader != NULL;
}

static void set_up_locks(struct history *history) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&history->lock, NULL);
    pthread_cond_init(&history->wake, &monotonic);
    pthread_cond_init(&history->landed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static const struct history_engine *engine_of(const char *url) {
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (strncmp(url, engines[i]->scheme, strlen(engines[i]->scheme)) == 0)
            return engines[i];
    return NULL;
}

struct history *history_open(const struct history_settings *settings, char *fault, size_t size) {
    const struct history_engine *engine = engine_of(settings->url);
    if (engine == NULL) {
        snprintf(fault, size, "%s is no history that this version knows; sqlite:PATH is", settings->url);
        return NULL;
    }
    struct history *history = calloc(1, sizeof *history);
    if (history != NULL) {
        history->engine = engine;
        history->settings = *settings;
        history->place = strdup(settings->url + strlen(engine->scheme));
        history->host = strdup(settings->host);
        history->signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        set_up_locks(history);
        if (!start(history))
            history_close(&history);
    }
    if (history == NULL)
        snprintf(fault, size, "out of memory or threads");
    return history;
}

static void stop_writer(struct history *history) {
    pthread_mutex_lock(&history->lock);
    history->stopping = true;
    pthread_cond_broadcast(&history->wake);
    pthread_cond_broadcast(&history->landed);
    pthread_mutex_unlock(&history->lock);
    if (history->writer_started)
        pthread_join(history->writer_thread, NULL);
}

void history_close(struct history **closed) {
    struct history *history = *closed;
    if (history == NULL)
        return;
    stop_writer(history);
    history_reader_stop(&history->reader);
    history_queue_close(&history->queue);
    pthread_cond_destroy(&history->wake);
    pthread_cond_destroy(&history->landed);
    pthread_mutex_destroy(&history->lock);
    if (history->signal >= 0)
        close(history->signal);
    free(history->place);
    free(history->host);
    free(history);
    *closed = NULL;
}

/* Called with the lock held. */
static void count_added(struct history *history, bool added) {
    if (added) {
        history->handed++;
        if (history->queue.count == 1 || history_queue_half_full(&history->queue))
            pthread_cond_signal(&history->wake);
        return;
    }
    if (history->counters.dropped++ == 0)
        complain(history, LOG_WARNING, "logins come faster than they can be recorded; some are left out", "");
}

void history_add_login(struct history *history, const struct history_login *login) {
    if (history == NULL)
        return;
    pthread_mutex_lock(&history->lock);
    count_added(history, history_queue_add_login(&history->queue, login));
    pthread_mutex_unlock(&history->lock);
}

void history_add_event(struct history *history, const struct history_event *event) {
    if (history == NULL)
        return;
    pthread_mutex_lock(&history->lock);
    count_added(history, history_queue_add_event(&history->queue, event));
    pthread_mutex_unlock(&history->lock);
}

uint64_t history_ask(struct history *history, const struct history_question *question, history_take *take,
                     void *context) {
    return history_reader_ask(history->reader, question, take, context);
}

void history_cancel(struct history *history, uint64_t query) {
    history_reader_cancel(history->reader, query);
}

int history_descriptor(const struct history *history) {
    return history->signal;
}

void history_dispatch(struct history *history) {
    struct complaint complaints[COMPLAINT_LIMIT];
    uint64_t signals;
    if (read(history->signal, &signals, sizeof signals) < 0)
        signals = 0;
    pthread_mutex_lock(&history->lock);
    size_t count = history->complaint_count;
    memcpy(complaints, history->complaints, sizeof complaints);
    history->complaint_count = 0;
    pthread_mutex_unlock(&history->lock);
    for (size_t i = 0; i < count && history->settings.complain != NULL; i++)
        history->settings.complain(history->settings.complain_context, complaints[i].priority, complaints[i].line);
    history_reader_dispatch(history->reader);
}

void history_count(struct history *history, struct history_counters *counters) {
    pthread_mutex_lock(&history->lock);
    *counters = history->counters;
    counters->waiting = (size_t)(history->handed - history->through);
    pthread_mutex_unlock(&history->lock);
}
