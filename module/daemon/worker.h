/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads for the few things that may block (groups from a directory, reading a country database), so that the event
 * loop never does. A job is handed over, run on a thread, and its end is told on the loop's thread. */
#ifndef AUTHGATE_DAEMON_WORKER_H
#define AUTHGATE_DAEMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct workers;

/* Jobs of one lane run in their order, and lanes take turns: whoever hands over many jobs waits for their own, and
 * nobody else does. A client network has one each (gather.c); this one is the daemon's own. */
#define WORKERS_OWN_LANE UINT64_MAX

/* Starts `threads` threads whose jobs' ends are told on `base`. At most `waiting` jobs wait, a quarter of them of one
 * lane. NULL on failure. */
struct workers *workers_start(struct event_base *base, size_t threads, size_t waiting);

struct worker_job {
    void (*run)(void *context);  /* on some thread */
    void (*done)(void *context); /* then, on the loop */
    void *context;               /* the caller's; must stay until `done`, or until it is withdrawn */
    uint64_t lane;
};

/* False where too many jobs wait or memory is short: then neither `run` nor `done` is called. */
bool workers_submit(struct workers *workers, const struct worker_job *job);

/* Takes back the job with this context, which nobody needs any more: true, and neither `run` nor `done` will be called;
 * or false where it has begun, and `done` will be. NULL for `workers` (they were stopped): true. */
bool workers_withdraw(struct workers *workers, const void *context);

/* Waits a second for the running jobs, drops those that wait (their `done` is not called), and sets the pointer to
 * NULL. False where a job still runs then: no `done` will be called any more, but what the job has must stay until the
 * process ends. The workers stay too and take no more jobs. */
bool workers_stop(struct workers **workers);

#endif
