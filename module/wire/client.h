/* SPDX-License-Identifier: BSD-2-Clause */
/* The modules' end of a gate conversation: one connection, one question and one answer at a time, every wait under the
 * caller's deadline. Reads no file, starts no thread, raises no SIGPIPE. */
#ifndef AUTHGATE_WIRE_CLIENT_H
#define AUTHGATE_WIRE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/verdict.h"
#include "wire/message.h"
#include "wire/request.h"

struct client {
    int descriptor;             /* -1: not connected. Close-on-exec. */
    size_t used;                /* bytes of `text` that were written */
    char text[MESSAGE_LIMIT];   /* the last answer; the answer's values point into it. May hold secrets. */
};

enum client_result {
    CLIENT_OK,
    CLIENT_UNREACHABLE, /* no connection within the deadline */
    CLIENT_LOST,        /* the connection ended, or was silent past the deadline, before the answer was whole */
    CLIENT_GARBLED,     /* an answer that is no message, or bytes beyond it */
    CLIENT_FAILED,      /* this side failed: the message does not fit, or memory or descriptors ran out */
};

void client_init(struct client *client);

/* Connects to the Unix socket `path`, trying again while nobody listens (missing socket, refused, full backlog) until
 * `deadline` (clock_monotonic milliseconds). Closes an earlier connection first. */
enum client_result client_connect(struct client *client, const char *path, int64_t deadline);

/* Sends `question` and waits for one answer. On anything but CLIENT_OK the connection is closed. */
enum client_result client_call(struct client *client, const struct message *question, struct message *answer,
                               int64_t deadline);

/* Sends without waiting for an answer (`end`). Never blocks. */
enum client_result client_send(struct client *client, const struct message *question);

/* A pause before a further try, for callers that begin again after CLIENT_LOST: 1 ms the first time (*pause is 0), then
 * growing. False, at once, where the deadline has passed. */
bool client_pause(int *pause, int64_t deadline);

/* Closes the connection if there is one and wipes the answer. */
void client_close(struct client *client);

#endif
