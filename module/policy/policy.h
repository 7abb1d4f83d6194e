/* SPDX-License-Identifier: BSD-2-Clause */
/* What the policy files say of one account: the nearest value of each key, each with the file and line that set it.
 * These are the structs that the gate reads; they come from configuration.h and never change once made. */
#ifndef AUTHGATE_POLICY_POLICY_H
#define AUTHGATE_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/country_code.h"
#include "base/verdict.h"

/* Every key that a policy file may set, as declared in keys.c. A key with one entry for each service or rule
 * (`services.pop3`, `modes.country`) takes as many slots as there can be; the others take one. */
enum policy_key {
    POLICY_MODE,                           /* choice enum mode */
    POLICY_MODES,                          /* per rule (enum reason): choice enum mode */
    POLICY_COUNTRIES_ALLOW,                /* countries; absent: every country */
    POLICY_COUNTRIES_DENY,                 /* countries */
    POLICY_COUNTRIES_UNKNOWN,              /* choice enum action; absent: deny once allow or deny is set */
    POLICY_TRAVEL,                         /* travels */
    POLICY_NETWORKS_TRUSTED,               /* prefixes */
    POLICY_NETWORKS_DENIED,                /* prefixes */
    POLICY_NETWORKS_PROXIES,               /* prefixes */
    POLICY_SERVICES,                       /* per service: choice: 0 open, 1 closed */
    POLICY_LEGACY_AUTH_DEFAULT,            /* choice enum action */
    POLICY_LEGACY_AUTH_SERVICES,           /* per service: choice enum action */
    POLICY_LEGACY_AUTH_MECHANISMS,         /* words, upper case */
    POLICY_LEGACY_AUTH_FROM,               /* time */
    POLICY_LEGACY_AUTH_BROWNOUTS,          /* spans */
    POLICY_SECOND_FACTOR_TOTP,             /* choice enum totp_demand */
    POLICY_SECOND_FACTOR_FROM,             /* time */
    POLICY_SECOND_FACTOR_APP_PASSWORDS,    /* boolean */
    POLICY_SECOND_FACTOR_REMEMBER,         /* duration */
    POLICY_SECOND_FACTOR_WINDOW,           /* number: steps either side */
    POLICY_SECOND_FACTOR_TRUSTED_NETWORKS, /* choice: 0 ask, 1 skip */
    POLICY_THROTTLE_PASSWORDS,             /* number */
    POLICY_THROTTLE_WINDOW,                /* duration */
    POLICY_COMPROMISE_COUNTRIES,           /* number */
    POLICY_COMPROMISE_WINDOW,              /* duration */
    POLICY_COMPROMISE_ACTION,              /* choice enum action (ACTION_DENY stands for "lock") */
    POLICY_COMPROMISE_FOR,                 /* duration */
    POLICY_STOLEN_ACTION,                  /* choice enum action (ACTION_DENY stands for "lock") */
    POLICY_STOLEN_FOR,                     /* duration */
    POLICY_EXCEPTIONS,                     /* exceptions */
    POLICY_KEY_COUNT
};

enum mode { MODE_ENFORCE, MODE_REPORT, MODE_OFF };
enum action { ACTION_ALLOW, ACTION_REPORT, ACTION_DENY };
enum totp_demand { TOTP_ENROLLED, TOTP_REQUIRED, TOTP_OFF };

/* A service by its place in the host's list of known services; the first five are imap, pop3, smtp, sieve, doveadm. */
#define SERVICE_LIMIT   16
#define SERVICE_UNKNOWN (-1)

/* Times are seconds since the epoch; a span holds from <= now < until. */
struct span {
    int64_t from;
    int64_t until;
};

struct travel {
    struct country_set countries;
    struct span span;
    int line;
};

struct exception {
    enum reason rule;
    int service;   /* SERVICE_UNKNOWN: every service */
    int64_t until; /* exclusive */
    const char *reason;
    int line;
};

/* One key's value in one file. Only the member that the key's type names is set. */
struct value {
    const char *file; /* "built-in" for a default */
    int line;         /* 0 for a default */
    int64_t number;   /* choices, booleans (0, 1), numbers, durations in seconds, times */
    size_t count;     /* of the array in use */
    struct country_set countries;
    union {
        const struct prefix *prefixes;
        const struct travel *travels;
        const struct span *spans;
        const struct exception *exceptions;
        const char *const *words;
    };
};

#define POLICY_SLOT_COUNT (POLICY_KEY_COUNT - 3 + 2 * SERVICE_LIMIT + REASON_COUNT)

struct layer; /* one file's policy, counted by reference */
#define POLICY_GROUP_LIMIT 64
#define POLICY_LAYER_LIMIT (POLICY_GROUP_LIMIT + 4) /* with account, domain, defaults and what is built in */

/* One account's policy as it is now. It keeps what it points at alive until policy_release. */
struct policy {
    const struct value *slot[POLICY_SLOT_COUNT]; /* NULL: nobody set it and it has no default */
    struct layer *layers[POLICY_LAYER_LIMIT];    /* the nearest first */
    size_t layer_count;
};

/* Where in `slot` a key's values start, and how many they are. Keys with a slot for each rule have one for each number
 * of enum reason, those with a slot for each service SERVICE_LIMIT of them. */
size_t policy_slot(enum policy_key key);
size_t policy_slot_count(enum policy_key key);

/* The value of a key with one slot. */
const struct value *policy_value(const struct policy *policy, enum policy_key key);

/* The value of a key with a slot per service or rule; NULL where nobody set it for `index` (or index is out of range).
 */
const struct value *policy_value_of(const struct policy *policy, enum policy_key key, int index);

/* The number of a key's value, or `otherwise` where it has none. */
int64_t policy_number(const struct policy *policy, enum policy_key key, int64_t otherwise);

/* Whether one of a value's prefixes holds the address. NULL holds none. */
bool value_holds_address(const struct value *value, const struct address *address);

/* Whether one of a value's words is `word`. */
bool value_holds_word(const struct value *value, const char *word);

/* Gives back what the policy kept alive and empties it. Safe on an empty one. */
void policy_release(struct policy *policy);

#endif
