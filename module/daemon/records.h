/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer of several messages, put together in memory and sent at once. */
#ifndef AUTHGATE_DAEMON_RECORDS_H
#define AUTHGATE_DAEMON_RECORDS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/verdict.h"
#include "wire/message.h"

struct connection;

struct records {
    struct buffer bytes; /* its storage is the heap's */
    bool broken;         /* memory was short, or a record could not be encoded */
};

void records_start(struct records *records);

/* Starts a record of a kind: its fields are the caller's to set. */
struct message records_make(const char *kind);

/* Adds it, empty values left out. A value that its field cannot have breaks the whole answer. */
void records_add(struct records *records, const struct message *record);

/* Adds record=error. */
void records_add_error(struct records *records, enum reason reason, const char *text);

/* Closes the answer with record=end, sends it, and frees what it took. A broken one closes the connection. */
void records_send(struct records *records, struct connection *connection);

/* Wipes and frees what was not sent. Safe on what was. */
void records_clear(struct records *records);

#endif
