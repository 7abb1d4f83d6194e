/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of asks by the process that made them. One smtpd serves one client at a time, so its newest ask is the one
 * that its next saslauthd request belongs to; each joins once. Reads no clock and knows no socket. */
#include "daemon/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"
#include "policy/configuration.h"

#define KEPT_AT_MOST 8192

struct asks {
    struct table *table;
    int64_t started;
};

struct asks *asks_create(int64_t now) {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct asks *asks = calloc(1, sizeof *asks);
    if (asks != NULL)
        asks->started = now;
    if (asks != NULL && random_fill(key, sizeof key))
        asks->table = table_create(KEPT_AT_MOST, sizeof(pid_t), sizeof(struct asked), key);
    if (asks != NULL && asks->table == NULL)
        asks_destroy(&asks);
    return asks;
}

void asks_destroy(struct asks **asks) {
    if (*asks == NULL)
        return;
    table_destroy(&(*asks)->table);
    free(*asks);
    *asks = NULL;
}

static bool is(const char *value, const char *word) {
    return value != NULL && strcmp(value, word) == 0;
}

static bool is_ours(const struct settings *settings, const char *path) {
    for (size_t i = 0; i < settings->socket_count; i++)
        if (settings->sockets[i].kind == SOCKET_SASLAUTHD && is(path, settings->sockets[i].seen_as))
            return true;
    return false;
}

bool asks_waits(const struct settings *settings, const struct message *ask) {
    const char *mechanism = ask->value[FIELD_MECHANISM];
    return (is(mechanism, "PLAIN") || is(mechanism, "LOGIN")) && is(ask->value[FIELD_PWCHECK], "saslauthd") &&
           is_ours(settings, ask->value[FIELD_PWCHECK_PATH]);
}

static void copy(char *place, size_t size, const char *text) {
    struct buffer buffer;
    buffer_init(&buffer, place, size);
    if (text != NULL)
        buffer_add(&buffer, text);
}

bool asks_complete(const struct asks *asks, int64_t now) {
    return now - asks->started >= ASK_TIME;
}

void asks_forget(struct asks *asks, const struct ucred *peer) {
    table_remove(asks->table, &peer->pid);
}

bool asks_keep(struct asks *asks, const struct settings *settings, const struct message *ask, const struct ucred *peer,
               int64_t now) {
    struct address address;
    struct asked asked = {.uid = peer->uid};
    if (!account_name_undivided(&settings->naming, ask->value[FIELD_USER], asked.name)) {
        asks_forget(asks, peer);
        return false;
    }
    copy(asked.service, sizeof asked.service, ask->value[FIELD_SERVICE]);
    copy(asked.mechanism, sizeof asked.mechanism, ask->value[FIELD_MECHANISM]);
    if (ask->value[FIELD_CLIENT_ADDRESS] != NULL && address_parse(ask->value[FIELD_CLIENT_ADDRESS], &address))
        address_format(&address, asked.client_address);
    if (peer->pid != 0)
        memcpy(table_put(asks->table, &peer->pid, now, now + ASK_TIME), &asked, sizeof asked);
    return true;
}

bool asks_join(struct asks *asks, const struct ucred *peer, const char *name, int64_t now, struct asked *asked) {
    const struct asked *kept = peer->pid != 0 ? table_find(asks->table, &peer->pid, now) : NULL;
    if (kept == NULL)
        return false;
    *asked = *kept;
    table_remove(asks->table, &peer->pid);
    return asked->uid == peer->uid && strcmp(asked->name, name) == 0;
}
