/* SPDX-License-Identifier: BSD-2-Clause */
/* When a refusal may be told: a fixed time after its question came, so that how long it took to find out (whether a
 * wrong code had to be written, whether there was a second factor at all) does not show (THREATS A10). */
#ifndef AUTHGATE_DAEMON_TICK_H
#define AUTHGATE_DAEMON_TICK_H

#include <stdbool.h>
#include <time.h>

struct event_base;
struct tick;

#define TICK_LENGTH 100 /* milliseconds */

/* The instant that ticks are counted from: now. */
struct timespec tick_start(void);

/* Calls `done` once, on the loop, at the next whole number of ticks since `start`, to the microsecond. NULL where
 * memory or descriptors are short: the caller answers without waiting. */
struct tick *tick_wait(struct event_base *base, const struct timespec *start, void (*done)(void *context),
                       void *context);

/* Forgets it, called or not. Sets the pointer to NULL; safe on NULL. */
void tick_cancel(struct tick **tick);

#endif
