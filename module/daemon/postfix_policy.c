/* SPDX-License-Identifier: BSD-2-Clause */
/* Remembers in memory who was let through, by keyed hashes alone, and turns verdicts into Postfix's actions: REJECT or
 * DUNNO, never a permit. The gate protocol and the login's conversation call it; what is judged is judged there. */
#include "daemon/postfix_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"
#include "daemon/server.h"
#include "gate/gate.h"
#include "policy/configuration.h"

#define KNOWN_FOR     (24 * 60 * 60 * 1000)
#define LEARNING_TIME (60 * 60 * 1000)
#define KNOWN_AT_MOST 262144
#define KEY_SIZE      16

/* Numbers of policy/policy.h */
#define SERVICE_SMTP        2
#define SERVICES_EVERYWHERE 5

struct postfix_policy {
    struct table *table;
    unsigned char keys[2][SIPHASH_KEY_SIZE];
    int64_t started;
    uint64_t evicted;
    int64_t overflowed; /* when an entry was last given up before its time; 0: never */
};

struct postfix_policy *postfix_policy_create(void) {
    unsigned char table_key[SIPHASH_KEY_SIZE];
    struct postfix_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL)
        return NULL;
    policy->started = clock_monotonic();
    if (random_fill(table_key, sizeof table_key) && random_fill(policy->keys, sizeof policy->keys))
        policy->table = table_create(KNOWN_AT_MOST, KEY_SIZE, 0, table_key);
    if (policy->table == NULL)
        postfix_policy_destroy(&policy);
    return policy;
}

void postfix_policy_destroy(struct postfix_policy **policy) {
    if (*policy == NULL)
        return;
    table_destroy(&(*policy)->table);
    free(*policy);
    *policy = NULL;
}

/* What stands for an account at an address: 128 bits under keys that nobody knows, so that two never meet. An unknown
 * address is one of its own: it stands for no other. */
static void make_key(const struct postfix_policy *policy, const char *account, const struct address *address,
                     unsigned char key[KEY_SIZE]) {
    char storage[ACCOUNT_NAME_SIZE + ADDRESS_TEXT_SIZE + 1];
    char text[ADDRESS_TEXT_SIZE];
    struct buffer both;
    address_format(address, text);
    buffer_init(&both, storage, sizeof storage);
    buffer_add_format(&both, "%s %s", text, account);
    for (size_t i = 0; i < 2; i++) {
        uint64_t half = siphash(policy->keys[i], both.bytes, both.length);
        memcpy(key + i * sizeof half, &half, sizeof half);
    }
}

/* smtp, and what a host has named itself; the other services that every host has send no mail. */
static bool sends_mail(int service) {
    return service == SERVICE_SMTP || service >= SERVICES_EVERYWHERE;
}

void postfix_policy_accepted(struct server *server, const char *account, const struct facts *facts) {
    struct postfix_policy *policy = server->postfix_policy;
    unsigned char key[KEY_SIZE];
    if (!sends_mail(facts->service))
        return;
    int64_t now = clock_monotonic();
    make_key(policy, account, &facts->address, key);
    table_put(policy->table, key, now, now + KNOWN_FOR);
    if (table_evicted(policy->table) == policy->evicted)
        return;
    policy->evicted = table_evicted(policy->table);
    policy->overflowed = now;
}

/* Why the table cannot be trusted to know everybody, or NULL. */
static const char *ignorance(const struct postfix_policy *policy, int64_t now) {
    if (now - policy->started < LEARNING_TIME)
        return "started-less-than-an-hour-ago";
    if (policy->overflowed != 0 && now - policy->overflowed < KNOWN_FOR)
        return "too-many-logins-to-remember";
    return NULL;
}

static void log_benefit_of_doubt(const char *account, const struct address *address, const char *why) {
    char text[LOG_LINE_SIZE], place[ADDRESS_TEXT_SIZE];
    struct buffer line;
    buffer_init(&line, text, sizeof text);
    address_format(address, place);
    log_add(&line, "account", account);
    log_add(&line, "address", place);
    log_add(&line, "verdict", "continue");
    log_add(&line, "would", "deny");
    log_add(&line, "reason", reason_name(REASON_NOT_GATED));
    log_add(&line, "note", why);
    log_line(LOG_NOTICE, text);
}

bool postfix_policy_knows(struct server *server, const char *account, const struct facts *facts) {
    struct postfix_policy *policy = server->postfix_policy;
    unsigned char key[KEY_SIZE];
    if (!configuration_settings(server->configuration)->postfix_require_login)
        return true;
    int64_t now = clock_monotonic();
    make_key(policy, account, &facts->address, key);
    if (table_find(policy->table, key, now) != NULL)
        return true;
    const char *why = ignorance(policy, now);
    if (why != NULL)
        log_benefit_of_doubt(account, &facts->address, why);
    return why != NULL;
}

bool postfix_policy_concerns(const struct message *request) {
    return request->value[FIELD_SASL_USERNAME] != NULL;
}

struct message postfix_policy_login(const struct message *request) {
    struct address address;
    const char *place = request->value[FIELD_CLIENT_ADDRESS];
    const char *service = request->value[FIELD_SERVICE];
    struct message login = {{NULL}};
    login.value[FIELD_USER] = request->value[FIELD_SASL_USERNAME];
    login.value[FIELD_SERVICE] = service != NULL ? service : "smtp";
    login.value[FIELD_CLIENT_ADDRESS] = place != NULL && address_parse(place, &address) ? place : NULL;
    login.value[FIELD_MECHANISM] = request->value[FIELD_SASL_METHOD];
    return login;
}

const char *postfix_policy_action(const struct login_answer *answer, char text[POSTFIX_POLICY_ACTION_SIZE]) {
    struct buffer action;
    buffer_init(&action, text, POSTFIX_POLICY_ACTION_SIZE);
    switch (answer->verdict) {
    case VERDICT_CONTINUE:
        buffer_add(&action, "DUNNO");
        return text;
    case VERDICT_DENY:
        buffer_add_format(&action, "REJECT authentication failed (%s)", answer->ref);
        return text;
    case VERDICT_ACCEPT:
    case VERDICT_LATER:
    case VERDICT_COUNT:
        break;
    }
    return NULL;
}
