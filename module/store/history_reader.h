/* SPDX-License-Identifier: BSD-2-Clause */
/* The questions that are being answered and the thread that reads for them. Called by history.c. */
#ifndef AUTHGATE_STORE_HISTORY_READER_H
#define AUTHGATE_STORE_HISTORY_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/history.h"

struct history_engine;
struct history_reader;

struct history_reader_settings {
    const struct history_engine *engine;
    const char *place; /* must live as long as the reader */
    int signal;        /* an eventfd, written to when history_reader_dispatch has something to do */
    /* Called on the reading thread before a question is read for the first time: waits until all that was handed over
     * before is written, or for some seconds. */
    void (*settle)(void *context);
    void *context;
};

/* NULL where memory or threads are short. */
struct history_reader *history_reader_start(const struct history_reader_settings *settings);

/* Waits for a page that is being read, and sets the pointer to NULL. No `take` is called. */
void history_reader_stop(struct history_reader **reader);

/* As history.h has them. */
uint64_t history_reader_ask(struct history_reader *reader, const struct history_question *question, history_take *take,
                            void *context);
void history_reader_cancel(struct history_reader *reader, uint64_t query);
void history_reader_dispatch(struct history_reader *reader);

#endif
