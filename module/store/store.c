/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's side of every engine: copies what is asked, watches deadlines, and calls completions on the caller's
 * thread. Called by the daemon alone. Knows no table and no SQL; waits for an engine only at its start and stop. */
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/engine.h"
#include "store/request.h"

#define WAITING_LIMIT 8192

static const struct store_engine *const engines[] = {&sqlite_engine};

/* What the engine's threads touch, under its mutex. */
struct engine_port {
    pthread_mutex_t mutex;
    int wake; /* eventfd */
    struct store_request *done, **done_end;
    enum store_state state;
    char why[256];
    bool state_changed; /* not complained about yet */
    struct store_counters counters;
};

struct store {
    struct engine_port port;
    const struct store_engine *engine;
    void *instance;
    pid_t process; /* a forked child may not touch it */
    int poll;      /* epoll of port.wake and timer */
    int timer;
    int64_t earliest; /* no waiting call has an earlier deadline; the timer is set to it */
    struct store_request *oldest, *newest;
    size_t waiting;
    uint64_t last_number;
    uint64_t late;
    enum store_state told; /* the last state complained about */
    void (*complain)(void *context, int priority, const char *line);
    void *complain_context;
};

const char *store_answer_name(enum store_answer answer) {
    static const char *const names[] = {
        [STORE_UNAVAILABLE] = "unavailable", [STORE_SETTLED] = "settled", [STORE_REUSED] = "reused",
        [STORE_OVER_BUDGET] = "over-budget", [STORE_LOCKED] = "locked",           [STORE_WRONG] = "wrong",
    };
    return names[answer];
}

/* ---- the engine's side ---- */

static void wake(struct engine_port *port) {
    uint64_t one = 1;
    while (write(port->wake, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void engine_port_done(struct engine_port *port, struct store_request *requests) {
    if (requests == NULL)
        return;
    pthread_mutex_lock(&port->mutex);
    bool was_empty = port->done == NULL;
    *port->done_end = requests;
    for (struct store_request *request = requests; request != NULL; request = request->next)
        port->done_end = &request->next;
    pthread_mutex_unlock(&port->mutex);
    if (was_empty)
        wake(port);
}

void engine_port_state(struct engine_port *port, enum store_state state, int64_t generation, const char *why) {
    struct buffer text;
    pthread_mutex_lock(&port->mutex);
    bool changed = state != port->state;
    port->state = state;
    port->counters.generation = generation;
    buffer_init(&text, port->why, sizeof port->why);
    buffer_add_format(&text, "%.*s", (int)sizeof port->why - 1, why);
    port->state_changed |= changed;
    pthread_mutex_unlock(&port->mutex);
    if (changed)
        wake(port);
}

void engine_port_count(struct engine_port *port, const struct store_counters *more) {
    pthread_mutex_lock(&port->mutex);
    port->counters.facts += more->facts;
    port->counters.settles += more->settles;
    port->counters.orders += more->orders;
    port->counters.commits += more->commits;
    port->counters.failures += more->failures;
    pthread_mutex_unlock(&port->mutex);
}

/* ---- waiting calls and their deadlines ---- */

static void set_timer(struct store *store, int64_t deadline) {
    struct itimerspec at = {0};
    store->earliest = deadline;
    if (deadline != INT64_MAX) {
        at.it_value.tv_sec = deadline / 1000;
        at.it_value.tv_nsec = deadline % 1000 * 1000000 + 1; /* zero would disarm it */
    }
    timerfd_settime(store->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void link_waiting(struct store *store, struct store_request *request) {
    request->older = store->newest;
    request->newer = NULL;
    *(store->newest == NULL ? &store->oldest : &store->newest->newer) = request;
    store->newest = request;
    store->waiting++;
    if (request->deadline < store->earliest)
        set_timer(store, request->deadline < 0 ? 0 : request->deadline);
}

static void unlink_waiting(struct store *store, struct store_request *request) {
    *(request->older == NULL ? &store->oldest : &request->older->newer) = request->newer;
    *(request->newer == NULL ? &store->newest : &request->newer->older) = request->older;
    store->waiting--;
    request->completed = true;
}

static uint64_t submit(struct store *store, struct store_request *request) {
    request->number = ++store->last_number;
    link_waiting(store, request);
    store->engine->submit(store->instance, request);
    return store->last_number;
}

static bool may_take(const struct store *store) {
    return store->waiting < WAITING_LIMIT && getpid() == store->process;
}

uint64_t store_facts(struct store *store, const struct store_question *question, store_facts_done *done,
                     void *context) {
    struct store_request *request = may_take(store) ? request_of_question(question) : NULL;
    if (request == NULL)
        return 0;
    request->done.facts = done;
    request->context = context;
    return submit(store, request);
}

uint64_t store_settle(struct store *store, const struct store_login *login, store_settle_done *done, void *context) {
    struct store_request *request = may_take(store) ? request_of_login(login) : NULL;
    if (request == NULL)
        return 0;
    request->done.settle = done;
    request->context = context;
    return submit(store, request);
}

uint64_t store_administer(struct store *store, const struct store_order *order, store_report_done *done,
                          void *context) {
    struct store_request *request = may_take(store) ? request_of_order(order) : NULL;
    if (request == NULL)
        return 0;
    request->done.order = done;
    request->context = context;
    return submit(store, request);
}

void store_cancel(struct store *store, uint64_t call) {
    for (struct store_request *request = store->newest; request != NULL; request = request->older)
        if (request->number == call) {
            unlink_waiting(store, request);
            return;
        }
}

/* ---- completions ---- */

/* Calls the completion of a call that is no longer waiting. */
static void complete(const struct store_request *request, bool answered) {
    static const struct store_report failed = {.result = STORE_FAILED};
    switch (request->kind) {
    case STORE_REQUEST_FACTS:
        request->done.facts(request->context, answered && request->answered ? request->found.facts : NULL);
        break;
    case STORE_REQUEST_SETTLE:
        request->done.settle(request->context, answered ? request->answer : STORE_UNAVAILABLE);
        break;
    case STORE_REQUEST_ORDER:
        request->done.order(request->context, answered ? &request->found.order->report : &failed);
        break;
    }
}

static struct store_request *take_done(struct engine_port *port) {
    uint64_t wakes;
    while (read(port->wake, &wakes, sizeof wakes) < 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&port->mutex);
    struct store_request *done = port->done;
    port->done = NULL;
    port->done_end = &port->done;
    pthread_mutex_unlock(&port->mutex);
    return done;
}

static void deliver(struct store *store) {
    struct store_request *request = take_done(&store->port);
    while (request != NULL) {
        struct store_request *next = request->next;
        if (!request->completed) {
            unlink_waiting(store, request);
            complete(request, true);
        }
        request_free(request);
        request = next;
    }
}

/* A completion may cancel any other call or make new ones, so each round starts from the list as it is then. What is
 * completed here is freed when the engine gives it back. */
static void expire(struct store *store, int64_t now) {
    if (now < store->earliest)
        return;
    struct store_request *request = store->oldest;
    while (request != NULL) {
        if (request->deadline > now) {
            request = request->newer;
            continue;
        }
        unlink_waiting(store, request);
        store->late++;
        complete(request, false);
        request = store->oldest;
    }
    int64_t earliest = INT64_MAX;
    for (request = store->oldest; request != NULL; request = request->newer)
        if (request->deadline < earliest)
            earliest = request->deadline;
    uint64_t expirations;
    while (read(store->timer, &expirations, sizeof expirations) < 0 && errno == EINTR) {
    }
    set_timer(store, earliest);
}

static void complain(struct store *store) {
    char line[512];
    struct buffer text;
    pthread_mutex_lock(&store->port.mutex);
    bool changed = store->port.state_changed && store->port.state != store->told;
    enum store_state state = store->port.state;
    store->port.state_changed = false;
    buffer_init(&text, line, sizeof line);
    buffer_add_format(&text, "store: %s", state == STORE_SERVING ? "serves again" : store->port.why);
    pthread_mutex_unlock(&store->port.mutex);
    if (!changed)
        return;
    store->told = state;
    if (store->complain != NULL)
        store->complain(store->complain_context, state == STORE_SERVING ? LOG_NOTICE : LOG_CRIT, line);
}

void store_dispatch(struct store *store, int64_t now) {
    if (getpid() != store->process)
        return;
    deliver(store);
    expire(store, now);
    complain(store);
}

int store_descriptor(const struct store *store) {
    return store->poll;
}

enum store_state store_state(const struct store *store, char *why, size_t size) {
    struct engine_port *port = (struct engine_port *)&store->port;
    struct buffer text;
    pthread_mutex_lock(&port->mutex);
    enum store_state state = port->state;
    if (why != NULL) {
        buffer_init(&text, why, size);
        buffer_add_format(&text, "%.*s", (int)size - 1, port->why);
    }
    pthread_mutex_unlock(&port->mutex);
    return state;
}

void store_count(const struct store *store, struct store_counters *counters) {
    struct engine_port *port = (struct engine_port *)&store->port;
    pthread_mutex_lock(&port->mutex);
    *counters = port->counters;
    pthread_mutex_unlock(&port->mutex);
    counters->late = store->late;
    counters->waiting = store->waiting;
}

/* ---- opening and closing ---- */

static const struct store_engine *find_engine(const char *url, const char **place) {
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        size_t length = strlen(engines[i]->scheme);
        if (strncmp(url, engines[i]->scheme, length) == 0 && url[length] == ':') {
            *place = url + length + 1;
            return engines[i];
        }
    }
    return NULL;
}

static void close_descriptors(struct store *store) {
    const int descriptors[] = {store->poll, store->timer, store->port.wake};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

static bool watch(int poll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN};
    return descriptor >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static bool open_descriptors(struct store *store) {
    store->poll = epoll_create1(EPOLL_CLOEXEC);
    store->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    store->port.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return store->poll >= 0 && watch(store->poll, store->timer) && watch(store->poll, store->port.wake);
}

static void destroy(struct store *store) {
    close_descriptors(store);
    pthread_mutex_destroy(&store->port.mutex);
    free(store);
}

static void say(char *fault, size_t size, const char *what) {
    struct buffer text;
    buffer_init(&text, fault, size);
    buffer_add(&text, what);
}

struct store *store_open(const struct store_settings *settings, char *fault, size_t size) {
    const char *place = NULL;
    const struct store_engine *engine = find_engine(settings->url, &place);
    if (engine == NULL) {
        say(fault, size, "no such kind of store; write sqlite:PATH");
        return NULL;
    }
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        say(fault, size, "no memory for a store");
        return NULL;
    }
    store->engine = engine;
    store->process = getpid();
    store->earliest = INT64_MAX;
    store->complain = settings->complain;
    store->complain_context = settings->complain_context;
    store->port.done_end = &store->port.done;
    pthread_mutex_init(&store->port.mutex, NULL);
    if (!open_descriptors(store))
        say(fault, size, "no descriptors for a store");
    else
        store->instance = engine->start(place, settings, &store->port, fault, size);
    if (store->instance == NULL) {
        destroy(store);
        return NULL;
    }
    return store;
}

void store_close(struct store **pointer) {
    struct store *store = *pointer;
    *pointer = NULL;
    if (store == NULL || getpid() != store->process)
        return; /* a child has neither the engine's threads nor the right to its files */
    store->engine->stop(store->instance);
    struct store_request *request = take_done(&store->port);
    while (request != NULL) {
        struct store_request *next = request->next;
        request_free(request);
        request = next;
    }
    destroy(store);
}
