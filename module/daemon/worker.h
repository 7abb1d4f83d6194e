/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads for the few things that may block (groups from a directory, reading a country database), so that the event
 * loop never does. A job is handed over, run on a thread, and its end is told on the loop's thread. */
#ifndef AUTHGATE_DAEMON_WORKER_H
#define AUTHGATE_DAEMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct workers;

/* Starts `threads` threads whose jobs' ends are told on `base`. At most `waiting` jobs wait. NULL on failure. */
struct workers *workers_start(struct event_base *base, size_t threads, size_t waiting);

/* Runs `run(context)` on some thread, then `done(context)` on the loop. False where too many jobs wait or memory is
 * short: then neither is called. The context is the caller's and must stay until `done`. */
bool workers_submit(struct workers *workers, void (*run)(void *context), void (*done)(void *context), void *context);

/* Waits for the running jobs, drops those that wait (their `done` is not called), and sets the pointer to NULL. */
void workers_stop(struct workers **workers);

#endif
