/* SPDX-License-Identifier: BSD-2-Clause */
/* Every key of the configuration, declared once: the parser, `check`, `explain` and the key list of authgate.conf(5)
 * come from this table. */
#ifndef AUTHGATE_POLICY_KEYS_H
#define AUTHGATE_POLICY_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/* Where a key may stand. */
enum key_place {
    PLACE_HOST,   /* at the top of the main file */
    PLACE_POLICY, /* in `defaults` of the main file, and at the top of every file under domains/, groups/, accounts/ */
    PLACE_GROUP,  /* at the top of a file under groups/ */
    PLACE_ENTRY,  /* in the entries of a list of groups */
};

enum key_type {
    TYPE_CHOICE,  /* one of `choices`; its place among them is the number */
    TYPE_CHOICES, /* a list of them; the number has a bit for each */
    TYPE_BOOLEAN,
    TYPE_NUMBER,
    TYPE_DURATION,   /* "15m", in seconds */
    TYPE_FROM,       /* a date from its first moment, or a moment */
    TYPE_UNTIL,      /* a date to its last moment, or a moment */
    TYPE_COUNTRIES,  /* codes and continents */
    TYPE_PREFIXES,   /* addresses and networks, `private`, `loopback` */
    TYPE_MECHANISMS, /* SASL mechanisms, put in upper case */
    TYPE_SERVICE,    /* the name of a service; its number */
    TYPE_SERVICES,   /* a list of them; the number has a bit for each */
    TYPE_RULE,       /* the name of a rule that can be excepted; its reason's number */
    TYPE_TEXT,       /* any text but an empty one */
    TYPE_PATH,       /* an absolute path */
    TYPE_FILE,       /* a path, relative to the configuration file */
    TYPE_PROGRAM,    /* one of `choices` or an absolute path */
    TYPE_URL,        /* of a store */
    TYPE_PERMISSION, /* "0660" */
    TYPE_ZONE,       /* a time zone's name */
    TYPE_CHARACTER,  /* one printable character */
    TYPE_DOMAIN,
    TYPE_DOMAINS,
    TYPE_WORDS,    /* names of letters, digits, '-', '_' and '.' */
    TYPE_ACCOUNTS, /* account names in any form */
    TYPE_ENTRIES,  /* a list of groups, whose keys `entry` declares */
    TYPE_COUNT
};

/* Whether a key is a group with a slot for each service or each rule. */
enum key_per { PER_NONE, PER_SERVICE, PER_RULE };

enum host_key {
    HOST_SOCKETS,
    HOST_USER,
    HOST_LOG,
    HOST_DEFAULT_DOMAIN,
    HOST_DOMAINS,
    HOST_RECIPIENT_DELIMITER,
    HOST_SERVICES_KNOWN,
    HOST_GROUPS,
    HOST_TIMEZONE,
    HOST_COUNTRY_DATABASE,
    HOST_STORE,
    HOST_HISTORY,
    HOST_RAW_FOR,
    HOST_SECRET_KEY_FILE,
    HOST_ACCOUNT_EXISTS,
    HOST_SASLAUTHD_UPSTREAM,
    HOST_SASLAUTHD_REQUIRE_PLUGIN,
    HOST_POSTFIX_REQUIRE_LOGIN,
    HOST_NOTIFY,
    HOST_KEY_COUNT
};

enum group_key { GROUP_MEMBERS, GROUP_MEMBERS_FILE, GROUP_UNIX_GROUP, GROUP_KEY_COUNT };

enum socket_entry {
    SOCKET_ENTRY_KIND,
    SOCKET_ENTRY_PATH,
    SOCKET_ENTRY_OWNER,
    SOCKET_ENTRY_GROUP,
    SOCKET_ENTRY_MODE,
    SOCKET_ENTRY_REQUESTS,
    SOCKET_ENTRY_SERVICES,
    SOCKET_ENTRY_SEEN_AS
};
enum travel_entry { TRAVEL_ENTRY_COUNTRIES, TRAVEL_ENTRY_FROM, TRAVEL_ENTRY_UNTIL };
enum brownout_entry { BROWNOUT_ENTRY_AT, BROWNOUT_ENTRY_LASTING };
enum exception_entry { EXCEPTION_ENTRY_RULE, EXCEPTION_ENTRY_SERVICE, EXCEPTION_ENTRY_UNTIL, EXCEPTION_ENTRY_REASON };
#define ENTRY_KEY_LIMIT 8 /* keys that one entry can have */

struct key {
    const char *name; /* dotted: the groups that it stands in, and its own name; in an entry its own name alone */
    enum key_place place;
    enum key_type type;
    enum key_per per;
    int id;                     /* in the enum of its place: host_key, policy_key, group_key, or an entry's */
    const char *fallback;       /* its value where nobody sets it, as it would be written; NULL: none */
    int64_t low, high;          /* bounds of numbers and of durations in seconds */
    const char *const *choices; /* NULL-terminated; "" stands for a number without a word */
    const struct key *entry;    /* NULL-named at its end, in the order of their ids */
    bool required;              /* in an entry */
    const char *help;           /* one line, a sentence without its full stop */
};

/* All keys but those of entries, in the order of the manual. */
const struct key *keys_all(size_t *count);

/* The key of this dotted name in one of two places (the same one twice for one), or NULL. */
const struct key *key_find(const char *name, enum key_place place, enum key_place other);

/* The key of a policy_key. */
const struct key *key_of_policy(enum policy_key id);

/* What a value of this type looks like, for messages and the manual: `a duration such as "15m"`. */
const char *key_type_text(enum key_type type);

/* Whether `modes` may name this rule, and whether an exception may: not every rule can be softened. */
bool key_rule_has_mode(enum reason rule);
bool key_rule_has_exceptions(enum reason rule);

#endif
