/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills struct settings from the main file. Called when a configuration is loaded; opens nothing and asks nobody
 * whether users, groups or paths exist: `check` does, and may run on another host than the daemon. */
#include "policy/host.h"

#include <stdlib.h>
#include <string.h>

#include "policy/entry.h"
#include "policy/policy_file.h"
#include "policy/value.h"

struct host_reading {
    struct reading reading;
    struct host *host;
    const config_setting_t *seen[HOST_KEY_COUNT];
    struct socket_setting *sockets;
};

static bool same_path(const struct host *host, const char *path, size_t before) {
    for (size_t i = 0; i < before; i++)
        if (strcmp(host->settings.sockets[i].path, path) == 0)
            return true;
    return false;
}

static const char *word_of(const struct entry *entry, int field, const char *otherwise) {
    return entry->set[field] ? entry->fields[field].words[0] : otherwise;
}

static uint32_t bits_of(const struct entry *entry, int field, uint32_t otherwise) {
    return entry->set[field] ? (uint32_t)entry->fields[field].number : otherwise;
}

#define SOCKET_PATH_LIMIT 107 /* of sun_path, less its NUL */

static bool take_socket(struct reading *reading, const struct entry *entry, void *context) {
    struct host_reading *file = context;
    size_t *count = &file->host->settings.socket_count;
    enum socket_kind kind = (enum socket_kind)entry->fields[SOCKET_ENTRY_KIND].number;
    const char *path = word_of(entry, SOCKET_ENTRY_PATH, NULL);
    if (strlen(path) > SOCKET_PATH_LIMIT) {
        reading_mistake(reading, entry->setting, "a socket's path has at most %d bytes", SOCKET_PATH_LIMIT);
        return false;
    }
    if (same_path(file->host, path, *count)) {
        reading_mistake(reading, entry->setting, "there is a socket %s above already", path);
        return false;
    }
    if (kind != SOCKET_GATE && (entry->set[SOCKET_ENTRY_REQUESTS] || entry->set[SOCKET_ENTRY_SERVICES])) {
        reading_mistake(reading, entry->setting, "requests and services are for sockets of kind \"gate\" alone");
        return false;
    }
    file->sockets[(*count)++] = (struct socket_setting){
        .kind = kind,
        .path = path,
        .owner = word_of(entry, SOCKET_ENTRY_OWNER, NULL),
        .group = word_of(entry, SOCKET_ENTRY_GROUP, NULL),
        .mode = entry->set[SOCKET_ENTRY_MODE] ? (mode_t)entry->fields[SOCKET_ENTRY_MODE].number : 0600,
        .requests = bits_of(entry, SOCKET_ENTRY_REQUESTS, UINT32_MAX),
        .services = bits_of(entry, SOCKET_ENTRY_SERVICES, ALL_SERVICES),
        .seen_as = word_of(entry, SOCKET_ENTRY_SEEN_AS, path),
        .line = entry->line,
    };
    return true;
}

static void read_sockets(struct host_reading *file) {
    const config_setting_t *list = file->seen[HOST_SOCKETS];
    if (list == NULL)
        return;
    size_t room = config_setting_is_list(list) ? (size_t)config_setting_length(list) : 0;
    file->sockets = arena_take(&file->host->memory, room, sizeof *file->sockets);
    file->host->settings.sockets = file->sockets;
    const struct key *key = key_find("sockets", PLACE_HOST, PLACE_HOST);
    if (file->sockets != NULL)
        (void)entries_read(&file->reading, list, key, take_socket, file);
}

static void take(void *context, const config_setting_t *setting, const struct key *key, int slot) {
    (void)slot;
    struct host_reading *file = context;
    file->seen[key->id] = setting;
    if (key->type == TYPE_ENTRIES)
        reading_origin(&file->reading, setting, &file->host->values[key->id]);
    else
        file->host->set[key->id] = value_read(&file->reading, setting, key, &file->host->values[key->id]);
}

static void add_services(struct host_reading *file) {
    struct host *host = file->host;
    const struct value *known = &host->values[HOST_SERVICES_KNOWN];
    for (size_t i = 0; host->set[HOST_SERVICES_KNOWN] && i < known->count; i++) {
        enum services_fault fault = services_add(&host->services, known->words[i]);
        if (fault == SERVICES_TAKEN)
            reading_mistake(&file->reading, file->seen[HOST_SERVICES_KNOWN], "\"%s\" is known already; take it out",
                            known->words[i]);
        else if (fault == SERVICES_FULL)
            reading_mistake(&file->reading, file->seen[HOST_SERVICES_KNOWN],
                            "\"%s\" is one too many; there can be %d services in all", known->words[i], SERVICE_LIMIT);
    }
}

static void fill_in_fallbacks(struct host *host) {
    size_t count;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count; i++)
        if (keys[i].place == PLACE_HOST && keys[i].type != TYPE_ENTRIES && !host->set[keys[i].id])
            if (!policy_fallback(&keys[i], &host->memory, &host->values[keys[i].id]) && keys[i].fallback != NULL)
                host->memory.failed = true;
}

/* A text's first word, or NULL where there is none. */
static const char *text_of(const struct host *host, enum host_key key) {
    const struct value *value = &host->values[key];
    return value->count > 0 ? value->words[0] : NULL;
}

static void fill_settings(struct host *host, const char *path) {
    struct settings *settings = &host->settings;
    const struct value *values = host->values;
    settings->file = arena_text(&host->memory, path);
    settings->user = text_of(host, HOST_USER);
    settings->log = values[HOST_LOG].number == LOG_SETTING_SYSLOG ? LOG_SETTING_SYSLOG : LOG_SETTING_STDERR;
    settings->naming.default_domain = text_of(host, HOST_DEFAULT_DOMAIN);
    settings->naming.recipient_delimiter = (char)values[HOST_RECIPIENT_DELIMITER].number;
    settings->services = host->services.names;
    settings->service_count = host->services.count;
    settings->timezone = text_of(host, HOST_TIMEZONE);
    settings->country_database = text_of(host, HOST_COUNTRY_DATABASE);
    settings->store = text_of(host, HOST_STORE);
    settings->history = text_of(host, HOST_HISTORY);
    settings->raw_for = values[HOST_RAW_FOR].number;
    settings->secret_key_file = text_of(host, HOST_SECRET_KEY_FILE);
    settings->account_exists = text_of(host, HOST_ACCOUNT_EXISTS);
    settings->saslauthd_upstream = text_of(host, HOST_SASLAUTHD_UPSTREAM);
    settings->saslauthd_require_plugin = values[HOST_SASLAUTHD_REQUIRE_PLUGIN].number != 0;
    settings->postfix_require_login = values[HOST_POSTFIX_REQUIRE_LOGIN].number != 0;
    settings->notify = text_of(host, HOST_NOTIFY);
}

/* What a file that was read with mistakes did not give must not be used either. */
static void drop_unread(struct host *host) {
    for (int i = 0; i < HOST_KEY_COUNT; i++)
        if (!host->set[i])
            host->values[i] = (struct value){.file = host->values[i].file, .line = host->values[i].line};
}

static void check_default_domain(struct host_reading *file) {
    const struct host *host = file->host;
    const char *domain = text_of(host, HOST_DEFAULT_DOMAIN);
    const struct value *domains = &host->values[HOST_DOMAINS];
    if (domain != NULL && domains->count > 0 && !value_holds_word(domains, domain))
        reading_mistake(&file->reading, file->seen[HOST_DEFAULT_DOMAIN],
                        "default_domain is not served; add \"%s\" to domains", domain);
}

/* Letters, digits and full stops are refused where the value is read; these two are rarer, but names have them. */
static void check_delimiter(struct host_reading *file) {
    char delimiter = (char)file->host->values[HOST_RECIPIENT_DELIMITER].number;
    if (account_name_delimiter_doubtful(delimiter))
        reading_warning(&file->reading, file->seen[HOST_RECIPIENT_DELIMITER],
                        "recipient_delimiter \"%c\" can stand in a user's own name: mary%cjane is then judged by the "
                        "policy and the second factor of mary, and has no app passwords; write \"+\" if mail servers "
                        "allow it",
                        delimiter, delimiter);
}

/* The key of a store that shares a file with another would be lost with it. */
static void check_stores(struct host_reading *file) {
    const char *store = text_of(file->host, HOST_STORE), *history = text_of(file->host, HOST_HISTORY);
    if (store != NULL && history != NULL && strcmp(store, history) == 0)
        reading_mistake(&file->reading, file->seen[HOST_HISTORY],
                        "history is the same file as store; give it a file of its own");
}

/* Whether a client may ask about mail at one of the sockets: the request of Postfix's policy delegation, about smtp. */
static bool asked_about_mail(const struct host *host) {
    const struct settings *settings = &host->settings;
    uint32_t request = 0, smtp = UINT32_C(1) << services_number(&host->services, "smtp");
    for (int i = 0; socket_request_words[i] != NULL; i++)
        if (strcmp(socket_request_words[i], "smtpd_access_policy") == 0)
            request = UINT32_C(1) << i;
    for (size_t i = 0; i < settings->socket_count; i++)
        if (settings->sockets[i].kind == SOCKET_GATE && (settings->sockets[i].requests & request) != 0 &&
            (settings->sockets[i].services & smtp) != 0)
            return true;
    return false;
}

static bool takes_passwords(const struct settings *settings) {
    for (size_t i = 0; i < settings->socket_count; i++)
        if (settings->sockets[i].kind == SOCKET_SASLAUTHD)
            return true;
    return false;
}

/* A login by the one door that the other then keeps from sending anything. */
static void check_unannounced(struct host_reading *file) {
    const struct host *host = file->host;
    bool unannounced = host->set[HOST_SASLAUTHD_REQUIRE_PLUGIN] &&
                       host->values[HOST_SASLAUTHD_REQUIRE_PLUGIN].number == 0 && takes_passwords(&host->settings);
    bool remembered = !host->set[HOST_POSTFIX_REQUIRE_LOGIN] || host->values[HOST_POSTFIX_REQUIRE_LOGIN].number != 0;
    if (unannounced && remembered && asked_about_mail(host))
        reading_warning(&file->reading, file->seen[HOST_SASLAUTHD_REQUIRE_PLUGIN],
                        "without require_plugin, a login that no plugin announced is let in without an address, and "
                        "where Postfix asks about its mail, that is rejected (not-gated); write postfix_policy = { "
                        "require_login = false; };, or take require_plugin out");
}

static void check_groups(struct host_reading *file) {
    const struct value *groups = &file->host->values[HOST_GROUPS];
    if (groups->count > POLICY_GROUP_LIMIT)
        reading_mistake(&file->reading, file->seen[HOST_GROUPS], "there can be at most %d groups", POLICY_GROUP_LIMIT);
}

void host_read(struct host *host, const char *path, const struct document *document, struct mistakes *mistakes) {
    services_start(&host->services);
    struct host_reading file = {
        .reading = {.document = document, .mistakes = mistakes, .memory = &host->memory, .services = &host->services},
        .host = host};
    struct reading_place place = {
        .place = PLACE_HOST, .other = PLACE_HOST, .take = take, .context = &file, .other_group = "defaults"};
    reading_group(&file.reading, document_root(document), "", &place);
    drop_unread(host);
    add_services(&file); /* before what names services */
    read_sockets(&file);
    check_default_domain(&file);
    check_delimiter(&file);
    check_stores(&file);
    check_unannounced(&file);
    check_groups(&file);
    if (file.seen[HOST_SOCKETS] == NULL)
        mistakes_warn(mistakes, (struct place){.file = path},
                      "there are no sockets, so nobody can ask; write sockets = ( { kind = \"gate\"; path = ...; } );");
    fill_in_fallbacks(host);
    fill_settings(host, path);
    if (host->memory.failed)
        mistakes_add(mistakes, (struct place){.file = path}, "memory is short");
}

struct place host_place(const struct host *host, enum host_key key) {
    const struct value *value = &host->values[key];
    return (struct place){.file = value->file == NULL ? host->settings.file : value->file, .line = value->line};
}

static int compare(const void *one, const void *other) {
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

void host_serve(struct host *host, const char **domains, size_t count) {
    if (count > 0)
        qsort(domains, count, sizeof *domains, compare);
    host->settings.naming.domains = domains;
    host->settings.naming.domain_count = count;
    host->settings.naming.domains_sorted = true;
}

void host_clear(struct host *host) {
    arena_clear(&host->memory);
    *host = (struct host){.services = {.count = 0}};
}
