/* SPDX-License-Identifier: BSD-2-Clause */
/* One request a connection: joined to the ask of the same process, driven through the very conversation that the PAM
 * module has (begin, the password check, commit), with the real saslauthd as the password check. Decides nothing
 * itself: where nothing joins it refuses, where anything fails it closes without an answer, which Postfix answers with
 * 454. */
#include "daemon/saslauthd_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/ask.h"
#include "daemon/connection.h"
#include "daemon/login.h"
#include "daemon/saslauthd_request.h"
#include "daemon/server.h"
#include "daemon/tick.h"
#include "daemon/upstream.h"
#include "policy/configuration.h"
#include "wire/password.h"

#define CLOSE_AFTER (UPSTREAM_TIME + 10000) /* milliseconds; every step before has a shorter deadline of its own */

/* One request under way. */
struct relay {
    struct connection *connection;
    struct login *login;
    struct upstream *upstream;
    struct secret password;       /* as typed, then less the code */
    char name[ACCOUNT_NAME_SIZE]; /* undivided: smtpd goes on with it, so the password must be that one's */
    char service[SASLAUTHD_SERVICE_SIZE];
    struct login_answer begun; /* without its ref */
    bool answered;             /* begin is */
    struct timespec came;
    struct tick *tick; /* until a refusal is told */
};

static void answer(struct connection *connection, const char *word) {
    const char counted[4] = {0, 2, word[0], word[1]};
    connection_send(connection, counted, sizeof counted);
    connection_close(connection);
}

/* Accept is OK, deny is NO, and whatever could not be judged gets no answer. */
static void answer_verdict(struct connection *connection, enum verdict verdict) {
    if (verdict == VERDICT_ACCEPT)
        answer(connection, "OK");
    else if (verdict == VERDICT_DENY)
        answer(connection, "NO");
    else
        connection_close(connection);
}

static void say_no(void *context) {
    struct relay *relay = context;
    answer(relay->connection, "NO");
}

/* The answer to a login whose password may have been looked at. */
static void conclude(struct relay *relay, enum verdict verdict) {
    if (verdict == VERDICT_DENY && relay->tick == NULL)
        relay->tick = tick_wait(connection_server(relay->connection)->base, &relay->came, say_no, relay);
    if (verdict != VERDICT_DENY || relay->tick == NULL)
        answer_verdict(relay->connection, verdict);
}

static void committed(void *context, const struct login_answer *said) {
    struct relay *relay = context;
    conclude(relay, said->verdict);
}

static void end(struct relay *relay, enum end_status status, const char *mark) {
    login_end(relay->login, status, mark);
    conclude(relay, status == END_WRONG ? VERDICT_DENY : VERDICT_LATER);
}

static void checked(void *context, enum upstream_result result) {
    struct relay *relay = context;
    relay->upstream = NULL;
    char mark[PASSWORD_MARK_SIZE];
    password_mark(connection_server(relay->connection)->mark_key, relay->password.bytes, relay->password.length, mark);
    secret_clear(&relay->password);
    struct message message = {{NULL}};
    message.value[FIELD_PASSWORD_MARK] = mark;
    if (result == UPSTREAM_RIGHT)
        login_commit(relay->login, &message, committed, relay);
    else
        end(relay, result == UPSTREAM_WRONG ? END_WRONG : END_ERROR, mark);
    explicit_bzero(mark, sizeof mark);
}

/* Cuts the code off and has the rest checked. */
static void check_password(struct relay *relay) {
    struct server *server = connection_server(relay->connection);
    struct secret rest = {0};
    size_t code_length = (size_t)relay->begun.code_length;
    if (code_length > 0) {
        if (!password_cut(relay->password.bytes, code_length, &rest)) {
            end(relay, relay->password.length <= code_length ? END_WRONG : END_ERROR, NULL);
            return;
        }
        secret_clear(&relay->password);
        relay->password = rest;
    }
    const struct settings *settings = configuration_settings(server->configuration);
    const struct upstream_question question = {.path = settings->saslauthd_upstream,
                                               .name = relay->name,
                                               .default_domain = settings->naming.default_domain,
                                               .service = relay->service,
                                               .password = &relay->password,
                                               .health = &server->saslauthd};
    relay->upstream = upstream_ask(server->base, &question, checked, relay);
    if (relay->upstream == NULL)
        end(relay, END_ERROR, NULL);
}

/* Begin has been answered. */
static void go_on(struct relay *relay) {
    const struct login_answer *begun = &relay->begun;
    if (begun->verdict == VERDICT_CONTINUE)
        check_password(relay);
    else
        conclude(relay, begun->reason == REASON_THROTTLED ? VERDICT_LATER : begun->verdict);
}

static void begun(void *context, const struct login_answer *said) {
    struct relay *relay = context;
    relay->begun = *said;
    relay->begun.ref = NULL;
    relay->answered = true;
    if (relay->login != NULL) /* else login_begin has not returned yet */
        go_on(relay);
}

static void begin(struct relay *relay, struct message *message) {
    char digits[PASSWORD_DIGITS_SIZE], app_password[PASSWORD_APP_SIZE];
    password_digits(relay->password.bytes, digits);
    if (digits[0] != '\0')
        message->value[FIELD_DIGITS] = digits;
    if (password_app(relay->password.bytes, app_password))
        message->value[FIELD_APP_PASSWORD] = app_password;
    message->value[FIELD_DEFER] = "yes";
    relay->login = login_begin(connection_server(relay->connection), message, begun, relay);
    explicit_bzero(digits, sizeof digits);
    explicit_bzero(app_password, sizeof app_password);
    if (relay->login == NULL)
        connection_close(relay->connection);
    else if (relay->answered)
        go_on(relay);
}

static void refuse(struct connection *connection, const struct message *message, enum reason reason, const char *why) {
    login_log_refused(connection_server(connection), message, reason, why);
    answer_verdict(connection, reason == REASON_UNAVAILABLE ? VERDICT_LATER : VERDICT_DENY);
}

/* No ask of this process is about this login. */
static void refuse_unasked(struct connection *connection, const struct message *message) {
    if (asks_complete(connection_server(connection)->asks, clock_monotonic()))
        refuse(connection, message, REASON_NOT_GATED, "no-ask-of-the-SASL-plugin-came-before-the-password");
    else
        refuse(connection, message, REASON_UNAVAILABLE, "just-started");
}

/* Finds where the login comes from. False where it was refused. */
static bool join(struct relay *relay, const struct saslauthd_request *request, struct asked *asked,
                 struct message *message) {
    struct connection *connection = relay->connection;
    struct server *server = connection_server(connection);
    bool joined = asks_join(server->asks, connection_peer(connection), relay->name, clock_monotonic(), asked);
    if (joined && request->address[0] != '\0' && strcmp(request->address, asked->client_address) != 0)
        joined = false;
    if (!joined && configuration_settings(server->configuration)->saslauthd_require_plugin) {
        refuse_unasked(connection, message);
        return false;
    }
    if (!joined) {
        *asked = (struct asked){.name = ""};
        memcpy(asked->client_address, request->address, sizeof asked->client_address);
        memcpy(asked->service, relay->service, sizeof asked->service);
    }
    message->value[FIELD_SERVICE] = asked->service;
    message->value[FIELD_CLIENT_ADDRESS] = asked->client_address[0] != '\0' ? asked->client_address : NULL;
    message->value[FIELD_MECHANISM] = asked->mechanism[0] != '\0' ? asked->mechanism : NULL;
    return true;
}

static bool read_name(struct relay *relay, const char *user) {
    const struct settings *settings = configuration_settings(connection_server(relay->connection)->configuration);
    return account_name_undivided(&settings->naming, user, relay->name);
}

static struct relay *open_relay(struct connection *connection) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        connection_close(connection);
        return NULL;
    }
    relay->connection = connection;
    relay->came = tick_start();
    connection_set_state(connection, relay);
    connection_set_busy(connection, true);
    connection_expect(connection, clock_monotonic() + CLOSE_AFTER);
    return relay;
}

static void on_message(struct connection *connection, char *bytes, size_t length) {
    struct saslauthd_request request;
    struct asked asked;
    struct message message = {{NULL}};
    struct relay *relay = open_relay(connection);
    if (relay == NULL)
        return;
    const char *fault = saslauthd_request_read(&request, bytes, length);
    memcpy(relay->service, request.service, sizeof relay->service);
    message.value[FIELD_USER] = request.user;
    message.value[FIELD_SERVICE] = request.service;
    if (fault != NULL || !read_name(relay, request.user))
        refuse(connection, &message, REASON_MALFORMED, fault);
    else if (!secret_set(&relay->password, request.password, request.password_length))
        connection_close(connection);
    else if (join(relay, &request, &asked, &message))
        begin(relay, &message);
}

static void on_spoilt(struct connection *connection, const char *why) {
    login_log_malformed(connection_server(connection), &(struct message){{NULL}}, why);
}

/* The client is gone, or has its answer. A login that had neither answer says nothing about its password. */
static void on_closed(struct connection *connection) {
    struct relay *relay = connection_state(connection);
    if (relay == NULL)
        return;
    connection_set_state(connection, NULL);
    upstream_cancel(&relay->upstream);
    tick_cancel(&relay->tick);
    if (relay->login != NULL && login_open(relay->login) && !connection_server(connection)->draining)
        login_end(relay->login, END_ERROR, NULL);
    login_leave(&relay->login);
    secret_clear(&relay->password);
    free(relay);
}

const struct protocol saslauthd_protocol = {
    .name = "saslauthd",
    .extent = saslauthd_request_extent,
    .message = on_message,
    .spoilt = on_spoilt,
    .closed = on_closed,
};
