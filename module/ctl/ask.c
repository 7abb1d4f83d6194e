/* SPDX-License-Identifier: BSD-2-Clause */
/* The reading end of answers that take several messages; connecting is the wire client's. Called by the verbs that ask
 * the daemon. */
#include "ctl/ask.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "ctl/host.h"
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

static void take_error(struct talk *talk, struct answer *answer, const char *text) {
    const char *said = text != NULL ? text : "the daemon cannot answer";
    struct buffer complaint;
    buffer_init(&complaint, talk->complaint, sizeof talk->complaint);
    buffer_add_format(&complaint, "%.*s", (int)sizeof talk->complaint - 1, said);
    answer->status = verb_fail(STATUS_NO, "%s%s%s", talk->about != NULL ? talk->about : "",
                               talk->about != NULL ? ": " : "", said);
}

/* Hands on one record. False where it is none, or a second answer's. */
static bool take_one(struct talk *talk, struct answer *answer, size_t extent, take_record *take, void *context) {
    struct message record;
    if (message_decode(&record, answer->bytes, extent) != MESSAGE_OK || record.value[FIELD_RECORD] == NULL)
        return false;
    if (strcmp(record.value[FIELD_RECORD], "end") == 0)
        answer->ended = true;
    else if (strcmp(record.value[FIELD_RECORD], "error") == 0)
        take_error(talk, answer, record.value[FIELD_TEXT]);
    else
        take(context, &record);
    return true;
}

static bool take_whole(struct talk *talk, struct answer *answer, take_record *take, void *context) {
    size_t extent;
    while (!answer->ended && (extent = message_extent(answer->bytes, answer->length)) > 0) {
        if (!take_one(talk, answer, extent, take, context))
            return false;
        answer->length -= extent;
        memmove(answer->bytes, answer->bytes + extent, answer->length);
    }
    return true;
}

static enum status ask_within(struct talk *talk, const struct message *question, take_record *take, void *context) {
    struct client client;
    struct answer answer = {.status = STATUS_DONE};
    client_init(&client);
    if (client_connect(&client, talk->socket, clock_monotonic() + CONNECT_TIME) != CLIENT_OK)
        return unreachable(talk->socket);
    int64_t deadline = clock_monotonic() + talk->patience;
    enum client_result sent = client_send(&client, question);
    if (sent == CLIENT_FAILED)
        return verb_fail(STATUS_USAGE, "what was given is no such value, is too long, or has control characters");
    bool sound = sent == CLIENT_OK;
    while (sound && !answer.ended)
        sound = receive(client.descriptor, &answer, deadline) && take_whole(talk, &answer, take, context);
    client_close(&client);
    explicit_bzero(answer.bytes, sizeof answer.bytes);
    if (!sound)
        return verb_fail(STATUS_UNREACHABLE, "the daemon at %s gave no whole answer", talk->socket);
    return answer.status;
}

enum status ask(const char *socket, const struct message *question, take_record *take, void *context) {
    struct talk talk = {.socket = socket, .patience = ANSWER_TIME};
    return ask_within(&talk, question, take, context);
}

/* Behind sudo it is the person who called it that counts. */
static void find_who(char *who, size_t size) {
    const char *name = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = name == NULL ? getpwuid(getuid()) : NULL;
    struct buffer text;
    buffer_init(&text, who, size);
    if (name == NULL && user != NULL)
        name = user->pw_name;
    if (name == NULL || name[0] == '\0' || !buffer_add(&text, name) || !field_valid(FIELD_WHO, who))
        snprintf(who, size, "uid %u", getuid());
}

void talk_start(struct talk *talk, const struct invocation *invocation) {
    *talk = (struct talk){.patience = ANSWER_TIME};
    talk->configuration = host_load(invocation, invocation->socket != NULL);
    talk->socket = host_admin_socket(invocation, talk->configuration);
    find_who(talk->who, sizeof talk->who);
}

void talk_end(struct talk *talk) {
    configuration_free(&talk->configuration);
}

enum status talk_ask(struct talk *talk, const char *request, struct message *question, take_record *take,
                     void *context) {
    question->value[FIELD_REQUEST] = request;
    question->value[FIELD_WHO] = talk->who;
    talk->complaint[0] = '\0';
    return ask_within(talk, question, take, context);
}
