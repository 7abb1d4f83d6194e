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
#include "daemon/server.h"
#include "daemon/upstream.h"
#include "policy/configuration.h"
#include "wire/password.h"

#define CLOSE_AFTER (UPSTREAM_TIME + 10000) /* milliseconds; every step before has a shorter deadline of its own */

enum part { PART_USER, PART_PASSWORD, PART_SERVICE, PART_REALM, PART_ADDRESS, PART_COUNT };

struct counted {
    const char *bytes; /* NULL: the part is not there */
    size_t length;
};

/* One request under way. */
struct relay {
    struct connection *connection;
    struct login *login;
    struct upstream *upstream;
    struct secret password; /* as typed, then less the code */
    char account[ACCOUNT_NAME_SIZE];
    char service[ASK_WORD_SIZE];
    struct login_answer begun; /* without its ref */
    bool answered;             /* begin is */
};

/* Takes the parts out of `bytes`: how many bytes they take, 0 where more must come. */
static size_t take_apart(const char *bytes, size_t length, struct counted parts[PART_COUNT]) {
    size_t used = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        parts[i] = (struct counted){NULL, 0};
        if (i == PART_ADDRESS && used == length) /* a released version's four */
            break;
        if (length - used < 2)
            return 0;
        size_t count = (size_t)(unsigned char)bytes[used] << 8 | (unsigned char)bytes[used + 1];
        used += 2;
        if (length - used < count)
            return 0;
        parts[i] = (struct counted){bytes + used, count};
        used += count;
    }
    return used;
}

static size_t extent(const char *bytes, size_t length) {
    struct counted parts[PART_COUNT];
    return take_apart(bytes, length, parts);
}

/* Copies a part as a string. False where it does not fit or holds a NUL. */
static bool copy(const struct counted *part, char *place, size_t size) {
    place[0] = '\0';
    if (part->length >= size || (part->length > 0 && memchr(part->bytes, '\0', part->length) != NULL))
        return false;
    if (part->length > 0)
        memcpy(place, part->bytes, part->length);
    place[part->length] = '\0';
    return true;
}

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

static void committed(void *context, const struct login_answer *said) {
    struct relay *relay = context;
    answer_verdict(relay->connection, said->verdict);
}

static void end(struct relay *relay, enum end_status status, const char *mark) {
    login_end(relay->login, status, mark);
    answer_verdict(relay->connection, status == END_WRONG ? VERDICT_DENY : VERDICT_LATER);
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
    const struct upstream_question question = {.path =
                                                   configuration_settings(server->configuration)->saslauthd_upstream,
                                               .account = relay->account,
                                               .service = relay->service,
                                               .password = &relay->password};
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
        answer_verdict(relay->connection, begun->reason == REASON_THROTTLED ? VERDICT_LATER : begun->verdict);
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

/* The address in a fifth part, "address;port", as text; "" where there is none. */
static void read_address(const struct counted *part, char text[ADDRESS_TEXT_SIZE]) {
    char place[128];
    struct address address;
    text[0] = '\0';
    if (part->bytes == NULL || !copy(part, place, sizeof place))
        return;
    place[strcspn(place, ";")] = '\0';
    if (address_parse(place, &address))
        address_format(&address, text);
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
static bool join(struct relay *relay, const struct counted *parts, struct asked *asked, struct message *message) {
    struct connection *connection = relay->connection;
    struct server *server = connection_server(connection);
    char told[ADDRESS_TEXT_SIZE];
    read_address(&parts[PART_ADDRESS], told);
    bool joined = asks_join(server->asks, connection_peer(connection), relay->account, clock_monotonic(), asked);
    if (joined && told[0] != '\0' && strcmp(told, asked->client_address) != 0)
        joined = false;
    if (!joined && configuration_settings(server->configuration)->saslauthd_require_plugin) {
        refuse_unasked(connection, message);
        return false;
    }
    if (!joined) {
        *asked = (struct asked){.account = ""};
        memcpy(asked->client_address, told, sizeof told);
        memcpy(asked->service, relay->service, sizeof asked->service);
    }
    message->value[FIELD_SERVICE] = asked->service;
    message->value[FIELD_CLIENT_ADDRESS] = asked->client_address[0] != '\0' ? asked->client_address : NULL;
    message->value[FIELD_MECHANISM] = asked->mechanism[0] != '\0' ? asked->mechanism : NULL;
    return true;
}

/* Puts the account's full name together; false where no message could carry it. */
static bool name_user(const struct counted *parts, char name[1025]) {
    char realm[1025];
    if (!copy(&parts[PART_USER], name, 1025) || !copy(&parts[PART_REALM], realm, sizeof realm))
        return false;
    if (realm[0] != '\0') {
        struct buffer whole;
        size_t length = strlen(name);
        buffer_init(&whole, name + length, 1025 - length);
        if (!buffer_add_char(&whole, '@') || !buffer_add(&whole, realm))
            return false;
    }
    return field_valid(FIELD_USER, name);
}

/* Reads the request's own words; NULL, or why it is refused. */
static const char *read_request(struct relay *relay, const struct counted *parts, char user[1025]) {
    const struct server *server = connection_server(relay->connection);
    const struct settings *settings = configuration_settings(server->configuration);
    const struct counted *password = &parts[PART_PASSWORD];
    if (!name_user(parts, user))
        return "a name that cannot be";
    if (!copy(&parts[PART_SERVICE], relay->service, sizeof relay->service) ||
        !field_valid(FIELD_SERVICE, relay->service))
        return "a service that cannot be";
    if (password->length == 0 || memchr(password->bytes, '\0', password->length) != NULL)
        return "an empty password, or a NUL in it";
    return account_name_canonical(&settings->naming, user, relay->account) ? NULL : "";
}

static struct relay *open_relay(struct connection *connection) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        connection_close(connection);
        return NULL;
    }
    relay->connection = connection;
    connection_set_state(connection, relay);
    connection_set_busy(connection, true);
    connection_expect(connection, clock_monotonic() + CLOSE_AFTER);
    return relay;
}

static void on_message(struct connection *connection, char *bytes, size_t length) {
    struct counted parts[PART_COUNT];
    struct asked asked;
    char user[1025] = "";
    struct message message = {{NULL}};
    struct relay *relay = open_relay(connection);
    if (relay == NULL || take_apart(bytes, length, parts) != length)
        return;
    const char *fault = read_request(relay, parts, user);
    message.value[FIELD_USER] = user;
    message.value[FIELD_SERVICE] = relay->service;
    if (fault != NULL)
        refuse(connection, &message, REASON_MALFORMED, fault);
    else if (!secret_set(&relay->password, parts[PART_PASSWORD].bytes, parts[PART_PASSWORD].length))
        connection_close(connection);
    else if (join(relay, parts, &asked, &message))
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
    if (relay->login != NULL && login_open(relay->login) && !connection_server(connection)->draining)
        login_end(relay->login, END_ERROR, NULL);
    login_leave(&relay->login);
    secret_clear(&relay->password);
    free(relay);
}

const struct protocol saslauthd_protocol = {
    .name = "saslauthd",
    .extent = extent,
    .message = on_message,
    .spoilt = on_spoilt,
    .closed = on_closed,
};
