/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys. To add one: a row here, a place in its enum, a field or rule that reads it, and its entry in
 * authgate.conf(5), which a test compares with the row. Nothing here reads a file. */
#include "policy/keys.h"

#include <string.h>

#include "policy/configuration.h"

#define SECOND 1
#define MINUTE 60
#define HOUR   3600
#define DAY    86400

static const char *const mode_choices[] = {"enforce", "report", "off", NULL};
static const char *const action_choices[] = {"allow", "report", "deny", NULL};
static const char *const lock_choices[] = {"", "report", "lock", NULL}; /* enum action, "lock" where it has "deny" */
static const char *const open_choices[] = {"open", "closed", NULL};
static const char *const totp_choices[] = {"enrolled", "required", "off", NULL};
static const char *const trusted_choices[] = {"ask", "skip", NULL};
static const char *const log_choices[] = {"stderr", "syslog", NULL};
static const char *const exists_choices[] = {"none", "nss", NULL};
static const char *const socket_choices[] = {"gate", "saslauthd", "admin", NULL};

#define ENTRY(id_, name_, type_, required_, help_, ...)                                                                \
    {                                                                                                                  \
        .id = (id_), .name = (name_), .place = PLACE_ENTRY, .type = (type_), .required = (required_), .help = (help_), \
        __VA_ARGS__                                                                                                    \
    }
#define LAST_ENTRY                                                                                                     \
    { .name = NULL }

const char *const socket_request_words[] = {"begin", "commit", "end", "ask", "smtpd_access_policy", NULL};

static const struct key socket_entry[] = {
    ENTRY(SOCKET_ENTRY_KIND, "kind", TYPE_CHOICE, true, "What is spoken there", .choices = socket_choices),
    ENTRY(SOCKET_ENTRY_PATH, "path", TYPE_PATH, true, "Where it is"),
    ENTRY(SOCKET_ENTRY_OWNER, "owner", TYPE_TEXT, false, "Who owns it; the daemon's user unless set"),
    ENTRY(SOCKET_ENTRY_GROUP, "group", TYPE_TEXT, false, "Its group; the daemon's unless set"),
    ENTRY(SOCKET_ENTRY_MODE, "mode", TYPE_PERMISSION, false, "Its permission bits", .fallback = "\"0600\""),
    ENTRY(SOCKET_ENTRY_REQUESTS, "requests", TYPE_CHOICES, false, "What may be asked there; everything unless set",
          .choices = socket_request_words),
    ENTRY(SOCKET_ENTRY_SERVICES, "services", TYPE_SERVICES, false, "Which services may be asked about; all unless set"),
    ENTRY(SOCKET_ENTRY_SEEN_AS, "seen_as", TYPE_PATH, false,
          "The path by which its clients know it, inside their chroot"),
    LAST_ENTRY,
};
static const struct key travel_entry[] = {
    ENTRY(TRAVEL_ENTRY_COUNTRIES, "countries", TYPE_COUNTRIES, true, "Where to"),
    ENTRY(TRAVEL_ENTRY_FROM, "from", TYPE_FROM, true, "The first day"),
    ENTRY(TRAVEL_ENTRY_UNTIL, "until", TYPE_UNTIL, true, "The last day"),
    LAST_ENTRY,
};
static const struct key brownout_entry[] = {
    ENTRY(BROWNOUT_ENTRY_AT, "at", TYPE_FROM, true, "When it starts"),
    ENTRY(BROWNOUT_ENTRY_LASTING, "lasting", TYPE_DURATION, true, "How long it lasts", .low = MINUTE, .high = 30 * DAY),
    LAST_ENTRY,
};
static const struct key exception_entry[] = {
    ENTRY(EXCEPTION_ENTRY_RULE, "rule", TYPE_RULE, true, "The rule that does not hold"),
    ENTRY(EXCEPTION_ENTRY_SERVICE, "service", TYPE_SERVICE, false, "For this service alone; for all unless set"),
    ENTRY(EXCEPTION_ENTRY_UNTIL, "until", TYPE_UNTIL, true, "The last day"),
    ENTRY(EXCEPTION_ENTRY_REASON, "reason", TYPE_TEXT, true, "Why, for those who come after"),
    LAST_ENTRY,
};

#define HOST(id_, name_, type_, help_, ...)                                                                            \
    { .id = (id_), .name = (name_), .place = PLACE_HOST, .type = (type_), .help = (help_), __VA_ARGS__ }
#define POLICY(id_, name_, type_, help_, ...)                                                                          \
    { .id = (id_), .name = (name_), .place = PLACE_POLICY, .type = (type_), .help = (help_), __VA_ARGS__ }
#define GROUP(id_, name_, type_, help_)                                                                                \
    { .id = (id_), .name = (name_), .place = PLACE_GROUP, .type = (type_), .help = (help_) }

static const struct key keys[] = {
    HOST(HOST_SOCKETS, "sockets", TYPE_ENTRIES, "Where the daemon listens, for whom, and what may be asked there",
         .entry = socket_entry),
    HOST(HOST_USER, "user", TYPE_TEXT, "Whom the daemon becomes for good when it was started as root"),
    HOST(HOST_LOG, "log", TYPE_CHOICE, "Where log lines go; syslog is the facility mail", .choices = log_choices,
         .fallback = "\"stderr\""),
    HOST(HOST_DEFAULT_DOMAIN, "default_domain", TYPE_DOMAIN, "The domain of account names that have none"),
    HOST(HOST_DOMAINS, "domains", TYPE_DOMAINS,
         "The domains that are served, any other being malformed; unless set, default_domain and those with a file"),
    HOST(HOST_RECIPIENT_DELIMITER, "recipient_delimiter", TYPE_CHARACTER,
         "What starts the part of a local part that is cut off"),
    HOST(HOST_SERVICES_KNOWN, "services_known", TYPE_WORDS,
         "Names of further services beside imap, pop3, smtp, sieve and doveadm"),
    HOST(HOST_GROUPS, "groups", TYPE_WORDS, "The groups under groups/, the one that wins first"),
    HOST(HOST_TIMEZONE, "timezone", TYPE_ZONE, "The zone in which dates are days; the host's unless set"),
    HOST(HOST_COUNTRY_DATABASE, "country_database", TYPE_PATH, "The mmdb file that knows the country of an address"),
    HOST(HOST_STORE, "store", TYPE_URL, "Where secrets, used codes, app passwords and locks are kept"),
    HOST(HOST_HISTORY, "history", TYPE_URL, "Where past logins are kept"),
    HOST(HOST_RAW_FOR, "raw_for", TYPE_DURATION,
         "How long past logins are kept one by one, before a row a day stands for them", .low = DAY, .high = 3650 * DAY,
         .fallback = "\"30d\""),
    HOST(HOST_SECRET_KEY_FILE, "secret_key_file", TYPE_PATH, "The key that encrypts what the store holds"),
    HOST(HOST_ACCOUNT_EXISTS, "account_exists", TYPE_PROGRAM,
         "What is asked whether an account still exists, before an app password opens it", .choices = exists_choices,
         .fallback = "\"none\""),
    HOST(HOST_SASLAUTHD_UPSTREAM, "saslauthd.upstream", TYPE_PATH, "The socket of the saslauthd that knows passwords",
         .fallback = "\"/run/saslauthd/mux\""),
    HOST(HOST_SASLAUTHD_REQUIRE_PLUGIN, "saslauthd.require_plugin", TYPE_BOOLEAN,
         "Refuse a password that no plugin's request announced", .fallback = "true"),
    HOST(HOST_POSTFIX_REQUIRE_LOGIN, "postfix_policy.require_login", TYPE_BOOLEAN,
         "Refuse mail of a user name whose login the gate never accepted", .fallback = "true"),
    HOST(HOST_NOTIFY, "notify", TYPE_PATH, "The program that is run for what an administrator should hear at once"),

    GROUP(GROUP_MEMBERS, "members", TYPE_ACCOUNTS, "The accounts in the group"),
    GROUP(GROUP_MEMBERS_FILE, "members_file", TYPE_FILE, "A file with the name of an account on each line"),
    GROUP(GROUP_UNIX_GROUP, "unix_group", TYPE_TEXT, "The Unix group whose members are in the group"),

    POLICY(POLICY_MODE, "mode", TYPE_CHOICE, "Whether rules deny, only report what they would deny, or are off",
           .choices = mode_choices, .fallback = "\"enforce\""),
    POLICY(POLICY_MODES, "modes", TYPE_CHOICE,
           "The mode of one rule, by the rule's name; the laxer of it and mode holds", .per = PER_RULE,
           .choices = mode_choices),
    POLICY(POLICY_COUNTRIES_ALLOW, "countries.allow", TYPE_COUNTRIES,
           "The countries that logins may come from; every country unless set"),
    POLICY(POLICY_COUNTRIES_DENY, "countries.deny", TYPE_COUNTRIES, "The countries that no login may come from"),
    POLICY(POLICY_COUNTRIES_UNKNOWN, "countries.unknown", TYPE_CHOICE,
           "What becomes of a login whose country is not known; deny once countries.allow or countries.deny is set",
           .choices = action_choices),
    POLICY(POLICY_TRAVEL, "travel", TYPE_ENTRIES, "Countries that are allowed besides, for some days",
           .entry = travel_entry),
    POLICY(POLICY_NETWORKS_TRUSTED, "networks.trusted", TYPE_PREFIXES,
           "Networks that pass the country rules and, where trusted_networks is skip, the second factor"),
    POLICY(POLICY_NETWORKS_DENIED, "networks.denied", TYPE_PREFIXES, "Networks that no login may come from"),
    POLICY(POLICY_NETWORKS_PROXIES, "networks.proxies", TYPE_PREFIXES,
           "Hosts that log in for others, such as webmail; their address tells nothing of the client's"),
    POLICY(POLICY_SERVICES, "services", TYPE_CHOICE, "Whether a service is open, by the service's name",
           .per = PER_SERVICE, .choices = open_choices),
    POLICY(POLICY_LEGACY_AUTH_DEFAULT, "legacy_auth.default", TYPE_CHOICE,
           "Whether a bare password is enough, on services that legacy_auth.services does not name",
           .choices = action_choices, .fallback = "\"allow\""),
    POLICY(POLICY_LEGACY_AUTH_SERVICES, "legacy_auth.services", TYPE_CHOICE,
           "Whether a bare password is enough on a service, by the service's name", .per = PER_SERVICE,
           .choices = action_choices),
    POLICY(POLICY_LEGACY_AUTH_MECHANISMS, "legacy_auth.mechanisms", TYPE_MECHANISMS,
           "SASL mechanisms that are refused outright"),
    POLICY(POLICY_LEGACY_AUTH_FROM, "legacy_auth.from", TYPE_FROM,
           "The day from which legacy_auth denies; until then it reports"),
    POLICY(POLICY_LEGACY_AUTH_BROWNOUTS, "legacy_auth.brownouts", TYPE_ENTRIES,
           "Hours before legacy_auth.from in which it denies already", .entry = brownout_entry),
    POLICY(POLICY_SECOND_FACTOR_TOTP, "second_factor.totp", TYPE_CHOICE,
           "Who needs a code: accounts that have enrolled, every account, or none", .choices = totp_choices,
           .fallback = "\"enrolled\""),
    POLICY(POLICY_SECOND_FACTOR_FROM, "second_factor.from", TYPE_FROM,
           "The day from which a missing code denies; until then it reports"),
    POLICY(POLICY_SECOND_FACTOR_APP_PASSWORDS, "second_factor.app_passwords", TYPE_BOOLEAN,
           "Whether app passwords are accepted", .fallback = "true"),
    POLICY(POLICY_SECOND_FACTOR_REMEMBER, "second_factor.remember", TYPE_DURATION,
           "How long a network needs no new code after one", .low = 0, .high = 366 * DAY, .fallback = "\"30d\""),
    POLICY(POLICY_SECOND_FACTOR_WINDOW, "second_factor.window", TYPE_NUMBER,
           "How many time steps a code may be early or late", .low = 0, .high = 10, .fallback = "1"),
    POLICY(POLICY_SECOND_FACTOR_TRUSTED_NETWORKS, "second_factor.trusted_networks", TYPE_CHOICE,
           "Whether logins from networks.trusted are asked for a code", .choices = trusted_choices,
           .fallback = "\"ask\""),
    POLICY(POLICY_THROTTLE_PASSWORDS, "throttle.passwords", TYPE_NUMBER,
           "How many distinct refused passwords a network may try for an account within the window, and the networks "
           "of an IPv6 /48 together four times as many; 0: no throttling",
           .low = 0, .high = 1000, .fallback = "5"),
    POLICY(POLICY_THROTTLE_WINDOW, "throttle.window", TYPE_DURATION,
           "How long a refused password counts; so does a right one whose login was denied", .low = SECOND,
           .high = 7 * DAY, .fallback = "\"15m\""),
    POLICY(POLICY_COMPROMISE_COUNTRIES, "compromise.countries", TYPE_NUMBER,
           "From how many countries accepted logins within the window mean that the account is not its owner's alone",
           .low = 2, .high = 50, .fallback = "3"),
    POLICY(POLICY_COMPROMISE_WINDOW, "compromise.window", TYPE_DURATION, "How long a login's country counts",
           .low = MINUTE, .high = 30 * DAY, .fallback = "\"24h\""),
    POLICY(POLICY_COMPROMISE_ACTION, "compromise.action", TYPE_CHOICE, "What is done about such an account",
           .choices = lock_choices, .fallback = "\"report\""),
    POLICY(POLICY_COMPROMISE_FOR, "compromise.for", TYPE_DURATION, "How long such an account stays locked",
           .low = MINUTE, .high = 366 * DAY, .fallback = "\"24h\""),
    POLICY(POLICY_STOLEN_ACTION, "stolen.action", TYPE_CHOICE,
           "What is done when a right password comes from the wrong place or with wrong codes", .choices = lock_choices,
           .fallback = "\"report\""),
    POLICY(POLICY_STOLEN_FOR, "stolen.for", TYPE_DURATION, "How long the account stays locked then", .low = MINUTE,
           .high = 366 * DAY, .fallback = "\"24h\""),
    POLICY(POLICY_EXCEPTIONS, "exceptions", TYPE_ENTRIES, "Rules that do not hold for a while; each ends by itself",
           .entry = exception_entry),
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static const char *const type_texts[TYPE_COUNT] = {
    [TYPE_CHOICE] = "one of the words",
    [TYPE_CHOICES] = "a list of the words",
    [TYPE_BOOLEAN] = "true or false",
    [TYPE_NUMBER] = "a whole number",
    [TYPE_DURATION] = "a duration such as \"15m\", in s, m, h or d",
    [TYPE_FROM] = "a date such as \"2026-12-01\" or a moment such as \"2026-12-01T09:00\"",
    [TYPE_UNTIL] = "a date such as \"2026-12-31\" or a moment such as \"2026-12-31T18:00\"",
    [TYPE_COUNTRIES] = "a list of countries such as [ \"JP\", \"continent:EU\" ]",
    [TYPE_PREFIXES] = "a list of networks such as [ \"192.0.2.0/24\", \"private\" ]",
    [TYPE_MECHANISMS] = "a list of mechanisms such as [ \"CRAM-MD5\" ]",
    [TYPE_SERVICE] = "a service such as \"imap\"",
    [TYPE_SERVICES] = "a list of services such as [ \"smtp\" ]",
    [TYPE_RULE] = "a rule such as \"legacy-auth\"",
    [TYPE_TEXT] = "a text in double quotes",
    [TYPE_PATH] = "an absolute path in double quotes",
    [TYPE_FILE] = "a path in double quotes",
    [TYPE_PROGRAM] = "one of the words or a program's absolute path",
    [TYPE_URL] = "a store such as \"sqlite:/var/lib/authgate/NAME.db\"",
    [TYPE_PERMISSION] = "permission bits such as \"0660\"",
    [TYPE_ZONE] = "a time zone such as \"Asia/Tokyo\"",
    [TYPE_CHARACTER] = "one character such as \"+\"",
    [TYPE_DOMAIN] = "a domain such as \"example.com\"",
    [TYPE_DOMAINS] = "a list of domains such as [ \"example.com\" ]",
    [TYPE_WORDS] = "a list of names such as [ \"staff\" ]",
    [TYPE_ACCOUNTS] = "a list of accounts such as [ \"alice\" ]",
    [TYPE_ENTRIES] = "a list of groups such as ( { ... }, { ... } )",
};

const struct key *keys_all(size_t *count) {
    *count = KEY_COUNT;
    return keys;
}

const struct key *key_find(const char *name, enum key_place place, enum key_place other) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if ((keys[i].place == place || keys[i].place == other) && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

const struct key *key_of_policy(enum policy_key id) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (keys[i].place == PLACE_POLICY && keys[i].id == (int)id)
            return &keys[i];
    return NULL;
}

const char *key_type_text(enum key_type type) {
    return type_texts[type];
}

/* Without these no login could be told from any other, or an attacker would gain by the softening. */
bool key_rule_has_mode(enum reason rule) {
    return rule > REASON_NONE && rule < REASON_UNAVAILABLE && rule != REASON_MALFORMED && rule != REASON_THROTTLED;
}

bool key_rule_has_exceptions(enum reason rule) {
    return rule >= REASON_SERVICE_CLOSED && rule <= REASON_SECOND_FACTOR_MISSING;
}
