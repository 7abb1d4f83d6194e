/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes the messages of modules and of Postfix apart, holds each connection to the order begin, commit, end, and puts
 * the answers together. One connection carries one login at a time. What is asked is decided in login.c. */
#include "daemon/gate_protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/ask.h"
#include "daemon/connection.h"
#include "daemon/login.h"
#include "daemon/postfix_policy.h"
#include "daemon/server.h"
#include "policy/configuration.h"
#include "wire/message.h"
#include "wire/request.h"

/* What a connection is in the middle of. */
struct conversation {
    struct login *login;
    bool committing; /* the answer that is due is the commit's */
};

static void send_answer(struct connection *connection, const struct message *message) {
    char text[MESSAGE_LIMIT];
    struct buffer buffer;
    buffer_init(&buffer, text, sizeof text);
    if (message_encode(message, &buffer))
        connection_send(connection, text, buffer.length);
    else
        connection_close(connection);
    explicit_bzero(text, buffer.length);
}

static const char *reason_value(enum reason reason) {
    return reason != REASON_NONE ? reason_name(reason) : NULL;
}

static void say(struct connection *connection, enum verdict verdict, enum reason reason) {
    struct message message = {{NULL}};
    message.value[FIELD_VERDICT] = verdict_name(verdict);
    message.value[FIELD_REASON] = reason_value(reason);
    send_answer(connection, &message);
}

static void refuse_malformed(struct connection *connection, const struct message *message, const char *why) {
    const char *request = message->value[FIELD_REQUEST];
    login_log_malformed(connection_server(connection), message, why);
    if (request == NULL || strcmp(request, request_name(REQUEST_POLICY)) != 0) /* to which trouble has no answer */
        say(connection, VERDICT_DENY, REASON_MALFORMED);
    connection_close(connection);
}

static void format_key(const unsigned char *key, char text[2 * SIPHASH_KEY_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SIPHASH_KEY_SIZE; i++) {
        text[2 * i] = digits[key[i] >> 4];
        text[2 * i + 1] = digits[key[i] & 15];
    }
    text[2 * SIPHASH_KEY_SIZE] = '\0';
}

static void answered(void *context, const struct login_answer *answer) {
    struct connection *connection = context;
    const struct conversation *conversation = connection_state(connection);
    const struct server *server = connection_server(connection);
    char key[2 * SIPHASH_KEY_SIZE + 1], code_length[4];
    struct message message = {{NULL}};
    message.value[FIELD_VERDICT] = verdict_name(answer->verdict);
    message.value[FIELD_REASON] = reason_value(answer->reason);
    message.value[FIELD_REF] = answer->ref;
    if (answer->verdict == VERDICT_CONTINUE) {
        format_key(server->mark_key, key);
        snprintf(code_length, sizeof code_length, "%d", answer->code_length);
        message.value[FIELD_MARK_KEY] = key;
        message.value[FIELD_CODE_LENGTH] = code_length;
    }
    connection_set_busy(connection, false);
    connection_expect(connection,
                      clock_monotonic() + (conversation->committing ? SERVER_SETTLED_TIME : SERVER_IDLE_TIME));
    send_answer(connection, &message);
    explicit_bzero(key, sizeof key);
    if (answer->reason == REASON_MALFORMED)
        connection_close(connection);
}

static bool service_allowed(struct connection *connection, const char *name) {
    const struct socket_setting *setting = connection_setting(connection);
    if (setting->services == ALL_SERVICES)
        return true;
    int service = configuration_service(connection_server(connection)->configuration, name);
    return service != SERVICE_UNKNOWN && (setting->services & (1U << service)) != 0;
}

/* Readies the connection for a login. NULL where it cannot have one; that has been said then. */
static struct conversation *open_conversation(struct connection *connection, const struct message *message) {
    if (connection_state(connection) != NULL) {
        refuse_malformed(connection, message, "a second begin on one connection");
        return NULL;
    }
    if (!service_allowed(connection, message->value[FIELD_SERVICE])) {
        refuse_malformed(connection, message, "a service that this socket does not take");
        return NULL;
    }
    struct conversation *conversation = calloc(1, sizeof *conversation);
    if (conversation == NULL) {
        say(connection, VERDICT_LATER, REASON_UNAVAILABLE);
        return NULL;
    }
    connection_set_state(connection, conversation);
    connection_set_busy(connection, true);
    return conversation;
}

static void begin(struct connection *connection, const struct message *message) {
    struct conversation *conversation = open_conversation(connection, message);
    if (conversation == NULL)
        return;
    conversation->login = login_begin(connection_server(connection), message, answered, connection);
    if (conversation->login == NULL) {
        connection_set_busy(connection, false);
        connection_set_state(connection, NULL);
        free(conversation);
        say(connection, VERDICT_LATER, REASON_UNAVAILABLE);
    }
}

static void commit(struct connection *connection, const struct message *message) {
    struct conversation *conversation = connection_state(connection);
    if (conversation == NULL || !login_is(conversation->login, message) || !login_open(conversation->login)) {
        refuse_malformed(connection, message, "a commit of no open login of this connection");
        return;
    }
    conversation->committing = true;
    connection_set_busy(connection, true);
    login_commit(conversation->login, message, answered, connection);
}

static void end(struct connection *connection, const struct message *message) {
    struct conversation *conversation = connection_state(connection);
    const char *mark = message->value[FIELD_PASSWORD_MARK];
    enum end_status status;
    if (conversation == NULL || !login_is(conversation->login, message) ||
        !end_status_parse(message->value[FIELD_STATUS], &status) || !login_end(conversation->login, status, mark))
        login_log_malformed(connection_server(connection), message, "an end of no login of this connection");
    connection_close(connection);
}

/* What was judged at once has been answered: the connection is as new. */
static void close_conversation(struct connection *connection) {
    free(connection_state(connection));
    connection_set_state(connection, NULL);
    connection_set_busy(connection, false);
    connection_expect(connection, clock_monotonic() + SERVER_SETTLED_TIME);
}

static void ask_answered(void *context, const struct login_answer *answer) {
    struct connection *connection = context;
    close_conversation(connection);
    say(connection, answer->reason == REASON_THROTTLED ? VERDICT_LATER : answer->verdict, answer->reason);
}

/* SASL's plugin asks. What waits for the password is kept for the saslauthd protocol. */
static void ask(struct connection *connection, const struct message *message) {
    struct server *server = connection_server(connection);
    const struct settings *settings = configuration_settings(server->configuration);
    const struct ucred *peer = connection_peer(connection);
    if (!asks_waits(settings, message)) {
        asks_forget(server->asks, peer);
        struct conversation *conversation = open_conversation(connection, message);
        if (conversation == NULL)
            return;
        const struct login_asker asker = {ask_answered, connection, &conversation->login};
        login_judge(server, LOGIN_ASKED, message, &asker);
    } else if (!service_allowed(connection, message->value[FIELD_SERVICE])) {
        refuse_malformed(connection, message, "a service that this socket does not take");
    } else if (!asks_keep(server->asks, settings, message, peer, clock_monotonic())) {
        refuse_malformed(connection, message, NULL);
    } else {
        say(connection, VERDICT_CONTINUE, REASON_NONE);
    }
}

static void send_action(struct connection *connection, const struct login_answer *answer) {
    char text[POSTFIX_POLICY_ACTION_SIZE];
    struct message message = {{NULL}};
    message.value[FIELD_ACTION] = postfix_policy_action(answer, text);
    if (message.value[FIELD_ACTION] != NULL)
        send_answer(connection, &message);
    else
        connection_close(connection);
}

static void policy_answered(void *context, const struct login_answer *answer) {
    close_conversation(context);
    send_action(context, answer);
}

static void policy(struct connection *connection, const struct message *message) {
    if (!postfix_policy_concerns(message)) {
        send_action(connection, &(struct login_answer){.verdict = VERDICT_CONTINUE});
        return;
    }
    const struct message login = postfix_policy_login(message);
    struct conversation *conversation = open_conversation(connection, &login);
    if (conversation == NULL)
        return;
    const struct login_asker asker = {policy_answered, connection, &conversation->login};
    login_judge(connection_server(connection), LOGIN_RELAYED, &login, &asker);
}

/* The bit of a request in a socket's `requests`. */
static uint32_t request_bit(enum request request) {
    for (unsigned bit = 0; socket_request_words[bit] != NULL; bit++)
        if (strcmp(socket_request_words[bit], request_name(request)) == 0)
            return 1U << bit;
    return 0;
}

static void dispatch(struct connection *connection, enum request request, const struct message *message) {
    switch (request) {
    case REQUEST_BEGIN:
        begin(connection, message);
        return;
    case REQUEST_COMMIT:
        commit(connection, message);
        return;
    case REQUEST_END:
        end(connection, message);
        return;
    case REQUEST_ASK:
        ask(connection, message);
        return;
    case REQUEST_POLICY:
        policy(connection, message);
        return;
    case REQUEST_COUNT:
        say(connection, VERDICT_LATER, REASON_UNAVAILABLE);
        return;
    }
}

static void on_message(struct connection *connection, char *bytes, size_t length) {
    struct message message;
    enum message_fault fault = message_decode(&message, bytes, length);
    enum request request;
    if (fault != MESSAGE_OK)
        refuse_malformed(connection, &message, message_fault_text(fault));
    else if (message.value[FIELD_REQUEST] == NULL)
        refuse_malformed(connection, &message, "no request");
    else if (!request_parse(message.value[FIELD_REQUEST], &request))
        say(connection, VERDICT_LATER, REASON_UNAVAILABLE);
    else if ((connection_setting(connection)->requests & request_bit(request)) == 0)
        refuse_malformed(connection, &message, "a request that this socket does not take");
    else if (message.value[FIELD_PROTOCOL] != NULL && strcmp(message.value[FIELD_PROTOCOL], PROTOCOL_VERSION) != 0)
        say(connection, VERDICT_LATER, REASON_UNAVAILABLE);
    else if (!request_complete(request, &message))
        refuse_malformed(connection, &message, "a field missing, or a value that cannot be");
    else
        dispatch(connection, request, &message);
}

static void on_spoilt(struct connection *connection, const char *why) {
    refuse_malformed(connection, &(struct message){{NULL}}, why);
}

static void on_closed(struct connection *connection) {
    struct conversation *conversation = connection_state(connection);
    if (conversation == NULL)
        return;
    connection_set_state(connection, NULL);
    login_leave(&conversation->login);
    free(conversation);
}

const struct protocol gate_protocol = {
    .name = "gate",
    .extent = message_extent,
    .message = on_message,
    .spoilt = on_spoilt,
    .closed = on_closed,
};
