/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds one login's facts and its conversation with the gate. The entry points in pam_authgate.c fill it and turn what
 * it heard into PAM codes; it trusts no answer further than the request's own row allows, and hears nothing by default.
 */
#include "pam/login.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"

#define BEGUN_LIMIT 60 /* seconds; a login that hangs longer says so much and no more */

struct login *login_create(void) {
    struct login *login = malloc(sizeof *login);
    if (login == NULL)
        return NULL;
    memset(login, 0, offsetof(struct login, client));
    client_init(&login->client);
    login->process = getpid();
    return login;
}

void login_destroy(struct login **login) {
    if (*login == NULL)
        return;
    client_close(&(*login)->client);
    explicit_bzero(*login, offsetof(struct login, client));
    free(*login);
    *login = NULL;
}

/* Copies `text` into `place` of `size` bytes where it fits with its NUL. */
static bool keep(char *place, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size)
        return false;
    memcpy(place, text, length + 1);
    return true;
}

bool login_set_user(struct login *login, const char *user) {
    return field_valid(FIELD_USER, user) && keep(login->user, sizeof login->user, user);
}

bool login_set_service(struct login *login, const char *service) {
    return field_valid(FIELD_SERVICE, service) && keep(login->service, sizeof login->service, service);
}

void login_set_address(struct login *login, const char *address) {
    struct address parsed;
    login->address[0] = '\0';
    if (address != NULL && address_parse(address, &parsed))
        address_format(&parsed, login->address);
}

void login_set_password(struct login *login, const char *typed) {
    password_digits(typed, login->digits);
    password_app(typed, login->app_password);
}

/* A field's value, or NULL where it is not to be sent. */
static const char *given(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static void fill_begin(const struct login *login, struct message *question) {
    *question = (struct message){0};
    question->value[FIELD_REQUEST] = request_name(REQUEST_BEGIN);
    question->value[FIELD_PROTOCOL] = PROTOCOL_VERSION;
    question->value[FIELD_USER] = login->user;
    question->value[FIELD_SERVICE] = login->service;
    question->value[FIELD_CLIENT_ADDRESS] = given(login->address);
    question->value[FIELD_DIGITS] = given(login->digits);
    question->value[FIELD_APP_PASSWORD] = given(login->app_password);
    question->value[FIELD_DEFER] = login->defer ? "yes" : NULL;
}

static void nothing_heard(struct login *login, const char *why) {
    login->answer = (struct answer){0};
    login->trouble = why;
    client_close(&login->client);
}

static void trouble(struct login *login, enum client_result result) {
    static const char *const words[] = {
        [CLIENT_OK] = "no trouble",
        [CLIENT_UNREACHABLE] = "the gate cannot be reached",
        [CLIENT_LOST] = "the gate did not answer in time",
        [CLIENT_GARBLED] = "the gate's answer is no message",
        [CLIENT_FAILED] = "this process could not ask the gate",
    };
    nothing_heard(login, words[result]);
}

/* Takes what every answer has: verdict, reason, ref. False where one of them cannot be, or the ref is another login's.
 */
static bool hear(struct login *login, const struct message *answer) {
    const char *verdict = answer->value[FIELD_VERDICT];
    const char *reason = answer->value[FIELD_REASON];
    const char *ref = answer->value[FIELD_REF];
    login->answer = (struct answer){.reason = reason != NULL};
    login->reason[0] = '\0';
    if (reason != NULL && (!field_valid(FIELD_REASON, reason) || !keep(login->reason, sizeof login->reason, reason)))
        return false;
    if (ref != NULL && (!field_valid(FIELD_REF, ref) || (login->ref[0] != '\0' && strcmp(ref, login->ref) != 0)))
        return false;
    if (ref != NULL)
        keep(login->ref, sizeof login->ref, ref);
    login->answer.heard = verdict != NULL && verdict_parse(verdict, &login->answer.verdict);
    return login->answer.heard;
}

/* Takes the key for marks, if there is one. */
static bool hear_mark_key(struct login *login, const struct message *answer) {
    const char *key = answer->value[FIELD_MARK_KEY];
    login->has_mark_key = key != NULL && password_mark_key(key, login->mark_key);
    return key == NULL || login->has_mark_key;
}

/* Takes what `continue` comes with: a ref to commit by, and a code_length of digits that are there. */
static bool hear_continue(struct login *login, const struct message *answer) {
    const char *code_length = answer->value[FIELD_CODE_LENGTH];
    if (code_length == NULL)
        code_length = "0";
    if (!field_valid(FIELD_CODE_LENGTH, code_length) ||
        !keep(login->code_length, sizeof login->code_length, code_length))
        return false;
    return login->ref[0] != '\0' && hear_mark_key(login, answer) && login_code_length(login) <= strlen(login->digits);
}

size_t login_code_length(const struct login *login) {
    return login->code_length[0] == '\0' ? 0 : (size_t)(login->code_length[0] - '0');
}

static void hear_begin(struct login *login, const struct message *answer) {
    bool fitting = hear(login, answer);
    if (fitting && login->answer.verdict == VERDICT_CONTINUE)
        fitting = hear_continue(login, answer) && (!login->answer.reason || login->defer);
    if (!fitting) {
        nothing_heard(login, "the gate's answer is none to this question");
        return;
    }
    login->trouble = NULL;
    login->deferred = login->answer.verdict == VERDICT_CONTINUE && login->answer.reason;
    login->progress.open = login->answer.verdict == VERDICT_CONTINUE;
    if (login->answer.verdict != VERDICT_CONTINUE)
        client_close(&login->client);
}

void login_begin(struct login *login, const struct gate_access *access) {
    struct message question;
    struct message answer;
    fill_begin(login, &question);
    login->began = clock_monotonic();
    for (int pause = 0;;) {
        enum client_result result = client_connect(&login->client, access->socket, access->deadline);
        if (result == CLIENT_OK)
            result = client_call(&login->client, &question, &answer, access->deadline);
        if (result == CLIENT_OK) {
            hear_begin(login, &answer);
            return;
        }
        if (result != CLIENT_LOST || !client_pause(&pause, access->deadline)) {
            trouble(login, result);
            return;
        }
    }
}

void login_mark(struct login *login, const char *password) {
    explicit_bzero(login->mark, sizeof login->mark);
    if (login->has_mark_key && password != NULL)
        password_mark(login->mark_key, password, strlen(password), login->mark);
}

/* Takes the answer to a repeated begin. Whatever it is but `continue`, it stands for the answer to the commit. */
static enum client_result hear_repeat(struct login *login, const struct message *answer) {
    if (!hear(login, answer) || login->answer.verdict == VERDICT_ACCEPT || !hear_mark_key(login, answer))
        return CLIENT_GARBLED;
    if (login->answer.verdict != VERDICT_CONTINUE) {
        client_close(&login->client);
        return CLIENT_OK;
    }
    if (login->answer.reason && !login->defer)
        return CLIENT_GARBLED;
    login->deferred = login->deferred || login->answer.reason;
    return CLIENT_OK;
}

/* Says of the same login on a new connection what the first begin said. CLIENT_OK with an open connection: commit can
 * be said again. */
static enum client_result begin_again(struct login *login, const struct gate_access *access, const char *password) {
    enum client_result result = client_connect(&login->client, access->socket, access->deadline);
    if (result != CLIENT_OK)
        return result;
    int64_t seconds = (clock_monotonic() - login->began) / 1000;
    char begun[3];
    struct buffer text;
    buffer_init(&text, begun, sizeof begun);
    buffer_add_format(&text, "%d", seconds < BEGUN_LIMIT ? (int)seconds : BEGUN_LIMIT);
    struct message question;
    struct message answer;
    fill_begin(login, &question);
    question.value[FIELD_REF] = login->ref;
    question.value[FIELD_CODE_LENGTH] = login->code_length;
    question.value[FIELD_BEGUN] = begun;
    result = client_call(&login->client, &question, &answer, access->deadline);
    if (result == CLIENT_OK)
        result = hear_repeat(login, &answer);
    if (result == CLIENT_OK)
        login_mark(login, password);
    return result;
}

static void fill_commit(const struct login *login, struct message *question) {
    *question = (struct message){0};
    question->value[FIELD_REQUEST] = request_name(REQUEST_COMMIT);
    question->value[FIELD_USER] = login->user;
    question->value[FIELD_REF] = login->ref;
    question->value[FIELD_PASSWORD_MARK] = given(login->mark);
}

static enum client_result call_commit(struct login *login, const struct gate_access *access) {
    struct message question;
    struct message answer;
    fill_commit(login, &question);
    enum client_result result = client_call(&login->client, &question, &answer, access->deadline);
    if (result != CLIENT_OK)
        return result;
    if (!hear(login, &answer) || !request_allows(REQUEST_COMMIT, login->answer.verdict))
        return CLIENT_GARBLED;
    return CLIENT_OK;
}

/* One try: on the connection that there is, or on a new one. */
static enum client_result try_commit(struct login *login, const struct gate_access *access, const char *password) {
    if (login->client.descriptor < 0) {
        enum client_result result = begin_again(login, access, password);
        if (result != CLIENT_OK || login->client.descriptor < 0)
            return result;
    }
    return call_commit(login, access);
}

/* A login that is refused in any case waits for no answer: the gate is told that the password was right, and that is
 * all. False where it could not be told on the connection that there is. */
static bool tell_commit(struct login *login) {
    struct message question;
    if (login->client.descriptor < 0)
        return false;
    fill_commit(login, &question);
    return client_send(&login->client, &question) == CLIENT_OK;
}

void login_commit(struct login *login, const struct gate_access *access, const char *password) {
    if (login->deferred && tell_commit(login)) {
        login->answer = (struct answer){.heard = true, .verdict = VERDICT_DENY, .reason = true};
        login->progress.commit_answered = true; /* no answer matters any more */
        return;
    }
    enum client_result result;
    int pause = 0;
    do
        result = try_commit(login, access, password);
    while (result == CLIENT_LOST && client_pause(&pause, access->deadline));
    if (result != CLIENT_OK) {
        trouble(login, result);
        return;
    }
    login->trouble = NULL;
    login->progress.commit_answered = true;
    login->progress.accepted = login->answer.verdict == VERDICT_ACCEPT && !login->answer.reason;
    explicit_bzero(login->digits, sizeof login->digits);
    explicit_bzero(login->app_password, sizeof login->app_password);
}

void login_end(struct login *login, enum end_status status) {
    struct message question = {0};
    question.value[FIELD_REQUEST] = request_name(REQUEST_END);
    question.value[FIELD_USER] = login->user;
    question.value[FIELD_REF] = login->ref;
    question.value[FIELD_STATUS] = end_status_name(status);
    question.value[FIELD_PASSWORD_MARK] = given(login->mark);
    client_send(&login->client, &question);
}
