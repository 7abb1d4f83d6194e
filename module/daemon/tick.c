/* SPDX-License-Identifier: BSD-2-Clause */
/* A timer descriptor for each wait: the loop's own timers are only as exact as a millisecond counted from when it last
 * slept, which would show what is to be hidden. Called by the saslauthd protocol. */
#include "daemon/tick.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NANOSECONDS 1000000000LL
#define LENGTH      (TICK_LENGTH * 1000000LL)

struct tick {
    int timer;
    struct event *event;
    void (*done)(void *context);
    void *context;
};

struct timespec tick_start(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
}

static int64_t nanoseconds(const struct timespec *time) {
    return time->tv_sec * NANOSECONDS + time->tv_nsec;
}

static struct timespec next_tick(const struct timespec *start) {
    struct timespec now = tick_start();
    int64_t passed = nanoseconds(&now) - nanoseconds(start);
    int64_t at = nanoseconds(start) + (passed / LENGTH + 1) * LENGTH;
    return (struct timespec){.tv_sec = at / NANOSECONDS, .tv_nsec = at % NANOSECONDS};
}

static void due(evutil_socket_t descriptor, short events, void *argument) {
    struct tick *tick = argument;
    (void)descriptor;
    (void)events;
    tick->done(tick->context);
}

struct tick *tick_wait(struct event_base *base, const struct timespec *start, void (*done)(void *context),
                       void *context) {
    const struct itimerspec at = {.it_value = next_tick(start)};
    struct tick *tick = calloc(1, sizeof *tick);
    if (tick == NULL)
        return NULL;
    tick->done = done;
    tick->context = context;
    tick->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (tick->timer >= 0 && timerfd_settime(tick->timer, TFD_TIMER_ABSTIME, &at, NULL) == 0)
        tick->event = event_new(base, tick->timer, EV_READ, due, tick);
    if (tick->event == NULL || event_add(tick->event, NULL) != 0)
        tick_cancel(&tick);
    return tick;
}

void tick_cancel(struct tick **pointer) {
    struct tick *tick = *pointer;
    *pointer = NULL;
    if (tick == NULL)
        return;
    if (tick->event != NULL)
        event_free(tick->event);
    if (tick->timer >= 0)
        close(tick->timer);
    free(tick);
}
