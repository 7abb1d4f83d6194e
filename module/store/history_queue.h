/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of a history that wait to be written: two bounded places, one of which is filled while the other is
 * written. Whoever uses it brings the lock. Called by history.c. */
#ifndef AUTHGATE_STORE_HISTORY_QUEUE_H
#define AUTHGATE_STORE_HISTORY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/history.h"
#include "store/history_engine.h"

#define HISTORY_QUEUE_SIZE (2 * 1024 * 1024) /* bytes: some 14,000 logins */

struct history_queue {
    unsigned char *places[2];
    int filling;
    size_t used;
    size_t count;
};

/* False where memory is short. */
bool history_queue_open(struct history_queue *queue);
void history_queue_close(struct history_queue *queue);

/* Copies it in. False where there is no room. */
bool history_queue_add_login(struct history_queue *queue, const struct history_login *login);
bool history_queue_add_event(struct history_queue *queue, const struct history_event *event);

/* Whether it is time to write before more comes. */
bool history_queue_half_full(const struct history_queue *queue);

/* All that waits; it stays until the next call. */
struct history_batch history_queue_take(struct history_queue *queue);

#endif
