/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded queue, a few threads and an eventfd that wakes the loop. The jobs know nothing of threads but that `run`
 * must touch only its own context. A few hundred jobs wait at worst, so the queue is a list that is walked. */
#include "daemon/worker.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define THREAD_LIMIT 8
#define LANE_SHARE   4 /* one lane fills at most a quarter of the queue */
#define STOP_SECONDS 1

struct job {
    struct job *next;
    struct worker_job what;
    uint64_t turn;
};

struct queue {
    struct job *first;
    struct job **end;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queue waiting, finished; /* `waiting` is in the order of turns */
    size_t waiting_count, waiting_limit;
    uint64_t turn; /* of the job that was begun last */
    bool stopping;
    pthread_t threads[THREAD_LIMIT];
    size_t thread_count;
    int signal; /* eventfd: something is finished */
    struct event *event;
};

static void queue_add(struct queue *queue, struct job *job) {
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct job *queue_take(struct queue *queue) {
    struct job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return job;
}

static void *work(void *argument) {
    struct workers *workers = argument;
    pthread_mutex_lock(&workers->lock);
    while (!workers->stopping) {
        struct job *job = queue_take(&workers->waiting);
        if (job == NULL) {
            pthread_cond_wait(&workers->wake, &workers->lock);
            continue;
        }
        workers->waiting_count--;
        workers->turn = job->turn;
        pthread_mutex_unlock(&workers->lock);
        job->what.run(job->what.context);
        pthread_mutex_lock(&workers->lock);
        queue_add(&workers->finished, job);
        uint64_t one = 1;
        if (write(workers->signal, &one, sizeof one) < 0)
            continue; /* the counter is already up: the loop will look anyway */
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static void tell_finished(evutil_socket_t descriptor, short events, void *argument) {
    struct workers *workers = argument;
    (void)events;
    uint64_t count;
    if (read(descriptor, &count, sizeof count) < 0)
        return;
    for (;;) {
        pthread_mutex_lock(&workers->lock);
        struct job *job = queue_take(&workers->finished);
        pthread_mutex_unlock(&workers->lock);
        if (job == NULL)
            return;
        job->what.done(job->what.context);
        free(job);
    }
}

static bool start_threads(struct workers *workers, size_t threads) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals belong to the loop */
    for (size_t i = 0; i < threads && i < THREAD_LIMIT; i++) {
        if (pthread_create(&workers->threads[i], NULL, work, workers) != 0)
            break;
        workers->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return workers->thread_count > 0;
}

struct workers *workers_start(struct event_base *base, size_t threads, size_t waiting) {
    struct workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL)
        return NULL;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    workers->waiting.end = &workers->waiting.first;
    workers->finished.end = &workers->finished.first;
    workers->waiting_limit = waiting;
    workers->signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->signal >= 0)
        workers->event = event_new(base, workers->signal, EV_READ | EV_PERSIST, tell_finished, workers);
    if (workers->event == NULL || event_add(workers->event, NULL) != 0 || !start_threads(workers, threads))
        workers_stop(&workers);
    return workers;
}

/* A lane's next job has the turn behind its last one's, or, where none of it waits, the turn that is on. */
static bool find_turn(const struct workers *workers, struct job *job) {
    size_t ahead = 0;
    job->turn = workers->turn;
    for (const struct job *other = workers->waiting.first; other != NULL; other = other->next) {
        if (other->what.lane == job->what.lane) {
            job->turn = other->turn + 1;
            ahead++;
        }
    }
    return workers->waiting_count < workers->waiting_limit && ahead < workers->waiting_limit / LANE_SHARE;
}

/* Behind all whose turn is not later. */
static void line_up(struct queue *queue, struct job *job) {
    struct job **place = &queue->first;
    while (*place != NULL && (*place)->turn <= job->turn)
        place = &(*place)->next;
    job->next = *place;
    *place = job;
    if (job->next == NULL)
        queue->end = &job->next;
}

bool workers_submit(struct workers *workers, const struct worker_job *what) {
    struct job *job = malloc(sizeof *job);
    if (job == NULL)
        return false;
    *job = (struct job){.what = *what};
    pthread_mutex_lock(&workers->lock);
    bool room = !workers->stopping && find_turn(workers, job);
    if (room) {
        line_up(&workers->waiting, job);
        workers->waiting_count++;
        pthread_cond_signal(&workers->wake);
    }
    pthread_mutex_unlock(&workers->lock);
    if (!room)
        free(job);
    return room;
}

static struct job *take_out(struct queue *queue, const void *context) {
    struct job **place = &queue->first;
    while (*place != NULL && (*place)->what.context != context)
        place = &(*place)->next;
    struct job *job = *place;
    if (job == NULL)
        return NULL;
    *place = job->next;
    if (job->next == NULL)
        queue->end = place;
    return job;
}

bool workers_withdraw(struct workers *workers, const void *context) {
    if (workers == NULL)
        return true;
    pthread_mutex_lock(&workers->lock);
    struct job *job = take_out(&workers->waiting, context);
    workers->waiting_count -= job != NULL;
    pthread_mutex_unlock(&workers->lock);
    bool withdrawn = job != NULL;
    free(job);
    return withdrawn;
}

static void drop(struct queue *queue) {
    struct job *job;
    while ((job = queue_take(queue)) != NULL)
        free(job);
}

/* Whether all threads have come to their end in time. A directory that hangs may hold one for ever. */
static bool join_all(struct workers *workers) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    while (workers->thread_count > 0 &&
           pthread_clockjoin_np(workers->threads[workers->thread_count - 1], NULL, CLOCK_MONOTONIC, &until) == 0)
        workers->thread_count--;
    return workers->thread_count == 0;
}

bool workers_stop(struct workers **stopped) {
    struct workers *workers = *stopped;
    if (workers == NULL)
        return true;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    if (!join_all(workers))
        return false;
    drop(&workers->waiting);
    drop(&workers->finished);
    if (workers->event != NULL)
        event_free(workers->event);
    if (workers->signal >= 0)
        close(workers->signal);
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
    *stopped = NULL;
    return true;
}
