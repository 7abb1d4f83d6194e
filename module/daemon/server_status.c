/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the server's state and changes none of it. Called by admin_protocol.c. */
#include "daemon/server_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "country/database.h"
#include "credential/keyring.h"
#include "daemon/connection.h"
#include "daemon/country_watch.h"
#include "daemon/notify.h"
#include "daemon/records.h"
#include "daemon/server.h"
#include "daemon/throttle.h"
#include "daemon/throttle_list.h"
#include "daemon/vault.h"
#include "policy/configuration.h"
#include "store/history.h"
#include "store/store.h"

static void add_text(struct records *records, const char *key, const char *value) {
    struct message record = records_make("status");
    record.value[FIELD_KEY] = key;
    record.value[FIELD_VALUE] = value;
    records_add(records, &record);
}

static void add_number(struct records *records, const char *key, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    add_text(records, key, text);
}

static void add_country(const struct server *server, const struct settings *settings, struct records *records) {
    const struct country_database *database = country_watch_current(server->country);
    add_text(records, "country_database", settings->country_database != NULL ? settings->country_database : "none");
    if (database == NULL) {
        if (settings->country_database != NULL)
            add_text(records, "country_database_type", "not readable: rules about countries cannot judge");
        return;
    }
    add_text(records, "country_database_type", country_database_type(database));
    add_number(records, "country_database_built", country_database_built(database));
}

static void add_list(const char *const *words, uint32_t bits, const char *all, struct buffer *text) {
    const char *separator = "";
    bool whole = true;
    for (unsigned bit = 0; bit < 32 && words[bit] != NULL; bit++)
        whole = whole && (bits & (1U << bit)) != 0;
    if (whole) {
        buffer_add(text, all);
        return;
    }
    for (unsigned bit = 0; bit < 32 && words[bit] != NULL; bit++) {
        if ((bits & (1U << bit)) == 0)
            continue;
        buffer_add_format(text, "%s%s", separator, words[bit]);
        separator = ", ";
    }
}

static void add_services(const struct settings *settings, uint32_t services, struct buffer *text) {
    const char *names[SERVICE_LIMIT + 1] = {NULL};
    for (size_t i = 0; i < settings->service_count && i < SERVICE_LIMIT; i++)
        names[i] = settings->services[i];
    add_list(names, services, "every service", text);
}

static void add_socket(const struct settings *settings, const struct socket_setting *setting, struct records *records) {
    static const char *const kinds[] = {
        [SOCKET_GATE] = "gate", [SOCKET_SASLAUTHD] = "saslauthd", [SOCKET_ADMIN] = "admin"};
    char storage[1024];
    struct buffer text;
    buffer_init(&text, storage, sizeof storage);
    if (setting->kind == SOCKET_GATE) {
        add_list(socket_request_words, setting->requests, "every request", &text);
        buffer_add(&text, " for ");
        add_services(settings, setting->services, &text);
    }
    struct message record = records_make("socket");
    record.value[FIELD_KEY] = kinds[setting->kind];
    record.value[FIELD_VALUE] = setting->path;
    record.value[FIELD_TEXT] = storage;
    records_add(records, &record);
}

static void add_counter(struct records *records, const char *key, uint64_t count, const char *meaning) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, count);
    struct message record = records_make("counter");
    record.value[FIELD_KEY] = key;
    record.value[FIELD_VALUE] = text;
    record.value[FIELD_TEXT] = meaning;
    records_add(records, &record);
}

const char *server_status_store(const struct server *server, char *why, size_t size) {
    static const char *const words[] = {
        [STORE_SERVING] = "serving", [STORE_FAILING] = "failing",   [STORE_MISSING] = "missing",
        [STORE_NOT_OURS] = "not-ours", [STORE_OUTDATED] = "outdated",
    };
    return words[store_state(vault_store(server->vault), why, size)];
}

static void add_store(const struct server *server, const struct settings *settings, struct records *records) {
    char why[512];
    struct store_counters counters;
    add_text(records, "store", settings->store != NULL ? settings->store : "none: nobody has a second factor");
    if (server->vault == NULL)
        return;
    add_text(records, "store_state", server_status_store(server, why, sizeof why));
    add_text(records, "store_trouble", why);
    store_count(vault_store(server->vault), &counters);
    add_number(records, "store_generation", counters.generation);
    add_number(records, "store_commits", (int64_t)counters.commits);
    add_number(records, "store_failures", (int64_t)counters.failures);
    add_number(records, "store_answers_too_late", (int64_t)counters.late);
    add_number(records, "store_rows_unopened", (int64_t)server->unopened);
    add_number(records, "sealing_keys", (int64_t)keyring_count(vault_keyring(server->vault)));
}

static void add_history(const struct server *server, const struct settings *settings, struct records *records) {
    struct history_counters counters;
    add_text(records, "history", settings->history != NULL ? settings->history : "none: logins are not remembered");
    if (server->history == NULL)
        return;
    history_count(server->history, &counters);
    add_text(records, "history_state", counters.failing ? "failing" : "recording");
    add_number(records, "history_recorded", (int64_t)counters.written);
    add_number(records, "history_lost", (int64_t)(counters.lost + counters.dropped));
}

static void add_throttle(const struct server *server, struct records *records) {
    struct throttle_counters counters;
    uint64_t told, left_out;
    throttle_count(server->throttle, &counters);
    notifier_count(server->notifier, &told, &left_out);
    add_number(records, "throttled_now",
               (int64_t)throttle_list_look(server->throttled, NULL, clock_monotonic(), NULL, NULL));
    add_number(records, "throttle_networks", (int64_t)counters.networks);
    add_number(records, "throttle_wrong_passwords", (int64_t)counters.counted);
    add_number(records, "throttle_forgotten_early", (int64_t)counters.evicted);
    add_number(records, "notices_told", (int64_t)told);
    add_number(records, "notices_left_out", (int64_t)left_out);
}

void server_status_add(const struct server *server, struct records *records) {
    const struct settings *settings = configuration_settings(server->configuration);
    add_text(records, "version", AUTHGATE_VERSION);
    add_number(records, "pid", getpid());
    add_number(records, "started", server->started);
    add_text(records, "state", server->draining ? "draining" : "serving");
    add_text(records, "configuration", server->configuration_path);
    add_country(server, settings, records);
    add_store(server, settings, records);
    add_history(server, settings, records);
    add_throttle(server, records);
    add_number(records, "connections", (int64_t)connections_count(server->connections));
    add_number(records, "log_lines_lost", (int64_t)log_dropped());
    for (size_t i = 0; i < settings->socket_count; i++)
        add_socket(settings, &settings->sockets[i], records);
    add_counter(records, "accepted", server->verdicts[VERDICT_ACCEPT], "logins let in");
    add_counter(records, "denied", server->verdicts[VERDICT_DENY], "refused, wrong passwords among them");
    add_counter(records, "later", server->verdicts[VERDICT_LATER], "refused for now: something could not be found out");
    add_counter(records, "reported", server->reports, "let in, though a rule that only reports would deny");
}
