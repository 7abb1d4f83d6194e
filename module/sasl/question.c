/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes what libsasl2 knows of a login into bounded texts and writes the `ask`. Knows nothing of libsasl2's own types,
 * so that it can be tested alone; trusts no string to be short, clean or there. */
#include "sasl/question.h"

#include <stddef.h>
#include <string.h>

#include "wire/request.h"

static bool keep(char *place, size_t size, const char *text, size_t length) {
    if (length >= size)
        return false;
    memcpy(place, text, length);
    place[length] = '\0';
    return true;
}

/* Keeps a field's value, or leaves it empty where it cannot be one. */
static bool keep_field(char *place, size_t size, enum field field, const char *value) {
    place[0] = '\0';
    return value != NULL && field_valid(field, value) && keep(place, size, value, strlen(value));
}

bool question_set_user(struct question *question, const char *user, unsigned length) {
    if (user == NULL || memchr(user, '\0', length) != NULL ||
        !keep(question->user, sizeof question->user, user, length))
        return false;
    return field_valid(FIELD_USER, question->user);
}

bool question_set_service(struct question *question, const char *service) {
    return keep_field(question->service, sizeof question->service, FIELD_SERVICE, service);
}

void question_set_remote(struct question *question, const char *remote) {
    char text[64];
    struct address address;
    const char *separator = remote != NULL ? strchr(remote, ';') : NULL;
    if (remote == NULL)
        return;
    size_t length = separator != NULL ? (size_t)(separator - remote) : strlen(remote);
    if (!keep(text, sizeof text, remote, length) || !address_parse(text, &address))
        return;
    address_format(&address, question->address);
    if (separator != NULL)
        keep_field(question->port, sizeof question->port, FIELD_CLIENT_PORT, separator + 1);
}

void question_set_mechanism(struct question *question, const char *mechanism) {
    keep_field(question->mechanism, sizeof question->mechanism, FIELD_MECHANISM, mechanism);
}

void question_set_pwcheck(struct question *question, const char *method, const char *path) {
    keep_field(question->pwcheck, sizeof question->pwcheck, FIELD_PWCHECK, method);
    keep_field(question->pwcheck_path, sizeof question->pwcheck_path, FIELD_PWCHECK_PATH, path);
}

bool question_comes_twice(const struct question *question) {
    bool plain = strcmp(question->mechanism, "PLAIN") == 0 || strcmp(question->mechanism, "LOGIN") == 0;
    return plain && (question->pwcheck[0] == '\0' || strcasestr(question->pwcheck, "auxprop") != NULL);
}

bool question_same(const struct question *one, const struct question *other) {
    return memcmp(one, other, sizeof *one) == 0;
}

/* A field's value, or NULL where it is not to be sent. */
static const char *given(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

void question_fill(const struct question *question, struct message *message) {
    *message = (struct message){0};
    message->value[FIELD_REQUEST] = request_name(REQUEST_ASK);
    message->value[FIELD_PROTOCOL] = PROTOCOL_VERSION;
    message->value[FIELD_USER] = question->user;
    message->value[FIELD_SERVICE] = question->service;
    message->value[FIELD_CLIENT_ADDRESS] = given(question->address);
    message->value[FIELD_CLIENT_PORT] = given(question->port);
    message->value[FIELD_MECHANISM] = given(question->mechanism);
    message->value[FIELD_PWCHECK] = given(question->pwcheck);
    message->value[FIELD_PWCHECK_PATH] = given(question->pwcheck_path);
}
