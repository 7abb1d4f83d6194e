/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a begin into a login. Judges nothing. Called by login.c once for each login. */
#include "daemon/login_opening.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "credential/keyed_hash.h"
#include "daemon/login_state.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "policy/configuration.h"

#define HASHED_FIELDS 6

static void hash_parts(const struct login *login, const struct hash_part *parts, unsigned char hash[STORE_HASH_SIZE]) {
    struct server *server = login->server;
    if (server->vault != NULL) {
        const struct hash_input input = {HASH_LOGIN, login->name, parts, HASHED_FIELDS};
        keyed_hash(vault_keyring(server->vault), &input, hash);
        return;
    }
    char text[MESSAGE_LIMIT];
    struct buffer buffer;
    buffer_init(&buffer, text, sizeof text);
    buffer_add_format(&buffer, "%s,", login->name);
    for (size_t i = 0; i < HASHED_FIELDS; i++) {
        buffer_add_format(&buffer, "%zu:", parts[i].length);
        buffer_add_bytes(&buffer, parts[i].bytes, parts[i].length);
    }
    uint64_t word = siphash(server->facts_key, text, buffer.length);
    memcpy(hash, &word, sizeof word);
    explicit_bzero(text, buffer.length);
}

/* So that a ref cannot be used again for anything else. With a store the hash is the same after a restart. */
static void hash_facts(struct login *login, const struct message *begin) {
    static const enum field fields[HASHED_FIELDS] = {FIELD_SERVICE, FIELD_CLIENT_ADDRESS, FIELD_MECHANISM,
                                                     FIELD_DIGITS,  FIELD_APP_PASSWORD,   FIELD_DEFER};
    struct hash_part parts[HASHED_FIELDS];
    for (size_t i = 0; i < HASHED_FIELDS; i++) {
        const char *value = begin->value[fields[i]] != NULL ? begin->value[fields[i]] : "";
        parts[i] = (struct hash_part){value, strlen(value)};
    }
    hash_parts(login, parts, login->facts);
}

static struct login *find_by_ref(const struct server *server, const struct login *self) {
    for (struct login *login = server->logins; login != NULL; login = login->next)
        if (login != self && strcmp(login->record.ref, self->record.ref) == 0)
            return login;
    return NULL;
}

static bool same_facts(const unsigned char *one, const unsigned char *other) {
    return memcmp(one, other, STORE_HASH_SIZE) == 0;
}

static bool take_up(struct login *login, const struct message *begin) {
    struct server *server = login->server;
    memcpy(login->record.ref, begin->value[FIELD_REF], REF_LENGTH);
    login->gathering.facts.now -= strtol(begin->value[FIELD_BEGUN], NULL, 10);
    login->gathering.cut = (int)strtol(begin->value[FIELD_CODE_LENGTH], NULL, 10);
    struct login *other = find_by_ref(server, login);
    const struct settlement *settlement = settled_find(server->settled, login->record.ref, login->now);
    if ((other != NULL && !same_facts(other->facts, login->facts)) ||
        (settlement != NULL && !same_facts(settlement->facts, login->facts)))
        return false;
    if (other != NULL)
        other->superseded = true;
    login->repeated = settlement != NULL;
    if (login->repeated)
        login->before = *settlement;
    return true;
}

bool login_opening_name(struct login *login, const struct message *begin) {
    bool repeat = login->kind == LOGIN_CONVERSED && begin->value[FIELD_REF] != NULL;
    return repeat ? take_up(login, begin) : settled_new_ref(login->server->settled, login->now, login->record.ref);
}

/* Postfix's policy requests are about logins whose credential was judged when they were made. */
static enum credential credential_of(const struct login *login) {
    static const char *const tokens[] = {"OAUTHBEARER", "XOAUTH2", "GSSAPI", "GSS-SPNEGO", "EXTERNAL"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        if (strcmp(login->record.mechanism, tokens[i]) == 0)
            return CREDENTIAL_TOKEN;
    return login->kind == LOGIN_RELAYED ? CREDENTIAL_TOKEN : CREDENTIAL_PASSWORD;
}

/* Keeps a copy of what was typed, until the facts are gathered. */
static bool keep_typed(struct secret *secret, const char *value, const char **kept) {
    if (value == NULL)
        return true;
    bool done = secret_set(secret, value, strlen(value));
    *kept = secret->bytes;
    return done;
}

/* Where no commit is to come, nothing that was typed could be settled. */
static bool read_typed(struct login *login, const struct message *begin) {
    if (login->kind != LOGIN_CONVERSED)
        return true;
    const char *digits = begin->value[FIELD_DIGITS];
    login->digits_hash = digits != NULL ? siphash(login->server->facts_key, digits, strlen(digits)) | 1 : 0;
    return keep_typed(&login->digits, digits, &login->gathering.digits) &&
           keep_typed(&login->app_password, begin->value[FIELD_APP_PASSWORD], &login->gathering.app_password);
}

static void read_words(struct login *login, const struct message *begin) {
    const struct configuration *configuration = login->server->configuration;
    struct login_record *record = &login->record;
    struct facts *facts = &login->gathering.facts;
    facts->service = configuration_service(configuration, begin->value[FIELD_SERVICE]);
    login_record_word(record->service, facts->service != SERVICE_UNKNOWN
                                           ? configuration_settings(configuration)->services[facts->service]
                                           : begin->value[FIELD_SERVICE]);
    login_record_mechanism(record->mechanism, begin->value[FIELD_MECHANISM]);
    facts->credential = credential_of(login);
    facts->mechanism = record->mechanism[0] != '\0' ? record->mechanism : NULL;
    if (begin->value[FIELD_CLIENT_ADDRESS] != NULL)
        address_parse(begin->value[FIELD_CLIENT_ADDRESS], &record->address);
    facts->address = record->address;
    login->defer = begin->value[FIELD_DEFER] != NULL;
}

bool login_opening_read(struct login *login, const struct message *begin) {
    const struct settings *settings = configuration_settings(login->server->configuration);
    read_words(login, begin);
    bool typed = read_typed(login, begin);
    bool sound = account_name_canonical(&settings->naming, begin->value[FIELD_USER], login->record.account);
    if (!account_name_undivided(&settings->naming, begin->value[FIELD_USER], login->name))
        login_record_name(login->name, begin->value[FIELD_USER]);
    if (!sound)
        memcpy(login->record.account, login->name, sizeof login->name);
    login->gathering.facts.name_divided = strcmp(login->name, login->record.account) != 0;
    hash_facts(login, begin);
    return typed && sound;
}

void login_opening_forget(struct login *login) {
    secret_clear(&login->digits);
    secret_clear(&login->app_password);
    login->gathering.digits = login->gathering.app_password = NULL;
}
