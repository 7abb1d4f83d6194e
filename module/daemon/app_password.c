/* SPDX-License-Identifier: BSD-2-Clause */
/* An app password's limits: services by name, networks as prefixes, an end. Called by login.c with the store's row. */
#include "daemon/app_password.h"

#include <string.h>

#include "credential/keyed_hash.h"

/* Whether `word` is one of the blank-separated words of `list`. */
static bool listed(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *next = list; *next != '\0';) {
        size_t span = strcspn(next, " ");
        if (span == length && strncmp(next, word, length) == 0)
            return true;
        next += span + strspn(next + span, " ");
    }
    return false;
}

static bool from_network(const char *list, const struct address *address) {
    for (const char *next = list; *next != '\0';) {
        size_t span = strcspn(next, " ");
        char text[ADDRESS_TEXT_SIZE];
        struct prefix prefix;
        if (span < sizeof text) {
            memcpy(text, next, span);
            text[span] = '\0';
            if (prefix_parse(text, &prefix) == PREFIX_OK && prefix_contains(&prefix, address))
                return true;
        }
        next += span + strspn(next + span, " ");
    }
    return list[0] == '\0';
}

static bool limits_genuine(const struct keyring *keyring, const char *account, const struct store_app_password *found) {
    struct app_password_limits limits = {
        .id = found->id,
        .hash = found->hash,
        .services = found->services,
        .networks = found->networks,
        .expires = found->expires,
    };
    unsigned char expected[KEYED_HASH_SIZE];
    scope_mac(keyring, account, &limits, expected);
    return keyed_hash_equal(expected, found->mac);
}

enum app_password_scope app_password_scope(const struct keyring *keyring, const char *account, const char *service,
                                           const struct facts *facts, const struct store_app_password *found) {
    if (!limits_genuine(keyring, account, found))
        return APP_PASSWORD_TAMPERED;
    if (facts->name_divided)
        return APP_PASSWORD_OUT_OF_SCOPE;
    bool lasting = found->revoked == 0 && (found->expires == 0 || facts->now < found->expires);
    if (lasting && listed(found->services, service) && from_network(found->networks, &facts->address))
        return APP_PASSWORD_FITS;
    return APP_PASSWORD_OUT_OF_SCOPE;
}
