/* SPDX-License-Identifier: BSD-2-Clause */
/* The reading end of answers that take several messages; connecting is the wire client's. Called by the verbs that ask
 * the daemon. */
#include "ctl/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/client.h"

#define CONNECT_TIME 1000  /* milliseconds: a daemon that restarts is back by then */
#define ANSWER_TIME  15000 /* milliseconds: groups may come from a slow directory */

struct answer {
    char bytes[2 * MESSAGE_LIMIT];
    size_t length;
    bool ended;
    enum status status;
};

static enum status unreachable(const char *socket) {
    const char *why = access(socket, R_OK | W_OK) == 0 ? "nobody listens" : strerror(errno);
    return verb_fail(STATUS_UNREACHABLE, "no daemon answers at %s: %s", socket, why);
}

static bool receive(int descriptor, struct answer *answer, int64_t deadline) {
    int64_t left = deadline - clock_monotonic();
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
        return false;
    ssize_t got = recv(descriptor, answer->bytes + answer->length, sizeof answer->bytes - answer->length, 0);
    if (got <= 0)
        return false;
    answer->length += (size_t)got;
    return true;
}

/* Hands on one record. False where it is none, or a second answer's. */
static bool take_one(struct answer *answer, size_t extent, take_record *take, void *context) {
    struct message record;
    if (message_decode(&record, answer->bytes, extent) != MESSAGE_OK || record.value[FIELD_RECORD] == NULL)
        return false;
    const char *text = record.value[FIELD_TEXT];
    if (strcmp(record.value[FIELD_RECORD], "end") == 0)
        answer->ended = true;
    else if (strcmp(record.value[FIELD_RECORD], "error") == 0)
        answer->status = verb_fail(STATUS_NO, "%s", text != NULL ? text : "the daemon cannot answer");
    else
        take(context, &record);
    return true;
}

static bool take_whole(struct answer *answer, take_record *take, void *context) {
    size_t extent;
    while (!answer->ended && (extent = message_extent(answer->bytes, answer->length)) > 0) {
        if (!take_one(answer, extent, take, context))
            return false;
        answer->length -= extent;
        memmove(answer->bytes, answer->bytes + extent, answer->length);
    }
    return true;
}

enum status ask(const char *socket, const struct message *question, take_record *take, void *context) {
    struct client client;
    struct answer answer = {.status = STATUS_DONE};
    client_init(&client);
    if (client_connect(&client, socket, clock_monotonic() + CONNECT_TIME) != CLIENT_OK)
        return unreachable(socket);
    int64_t deadline = clock_monotonic() + ANSWER_TIME;
    bool sound = client_send(&client, question) == CLIENT_OK;
    while (sound && !answer.ended)
        sound = receive(client.descriptor, &answer, deadline) && take_whole(&answer, take, context);
    client_close(&client);
    if (!sound)
        return verb_fail(STATUS_UNREACHABLE, "the daemon at %s gave no whole answer", socket);
    return answer.status;
}
