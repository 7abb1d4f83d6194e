/* SPDX-License-Identifier: BSD-2-Clause */
/* App passwords: made here, shown once, kept as a keyed hash with a MAC over what limits them, as app_password.c checks
 * them at logins. Run by admin jobs. */
#include <stdio.h>
#include <string.h>

#include "credential/keyed_hash.h"
#include "credential/sealed.h"
#include "daemon/admin_accounts.h"
#include "daemon/admin_job.h"
#include "daemon/server.h"
#include "policy/configuration.h"

#define ID_TEXT_SIZE (2 * STORE_ID_SIZE + 1)
#define ID_SHOWN     8 /* hexadecimal digits: enough to tell one account's apart */
#define WORD_LIMIT   64

static void write_id(const unsigned char *id, char text[ID_TEXT_SIZE]) {
    for (size_t i = 0; i < STORE_ID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
}

/* Takes the next word of a list that commas or blanks divide. False at its end, or (with "") where one is too long. */
static bool next_word(const char **list, char word[WORD_LIMIT]) {
    *list += strspn(*list, ", ");
    size_t length = strcspn(*list, ", ");
    bool fits = length < WORD_LIMIT;
    if (length == 0)
        return false;
    memcpy(word, *list, fits ? length : 0);
    word[fits ? length : 0] = '\0';
    *list += length;
    return true;
}

/* Writes a list as it is typed: what the store has with one blank between, with commas. */
static const char *as_typed(const char *list, char *text, size_t size) {
    struct buffer typed;
    char word[WORD_LIMIT];
    buffer_init(&typed, text, size);
    while (next_word(&list, word))
        buffer_add_format(&typed, "%s%s", typed.length > 0 ? "," : "", word);
    return text;
}

/* ---- what limits one ---- */

/* Whether `word` stands in a list of words with one blank between. */
static bool listed(const char *list, const char *word) {
    char one[WORD_LIMIT];
    while (next_word(&list, one))
        if (strcmp(one, word) == 0)
            return true;
    return false;
}

static bool add_word(struct buffer *list, const char *word) {
    return (list->length == 0 || buffer_add_char(list, ' ')) && buffer_add(list, word);
}

/* The services by their canonical names. False, with words in `fault`, where one is none. */
static bool read_services(struct admin_job *job, char *fault, size_t size) {
    const struct configuration *configuration = job->server->configuration;
    const char *list = admin_job_value(job, FIELD_SERVICES);
    char word[WORD_LIMIT];
    struct buffer services;
    buffer_init(&services, job->app_password.services, sizeof job->app_password.services);
    while (next_word(&list, word)) {
        int service = configuration_service(configuration, word);
        if (service == SERVICE_UNKNOWN) {
            snprintf(fault, size, "\"%.40s\" is no service here", word);
            return false;
        }
        const char *name = configuration_settings(configuration)->services[service];
        if (!listed(job->app_password.services, name) && !add_word(&services, name)) {
            snprintf(fault, size, "these are too many services");
            return false;
        }
    }
    snprintf(fault, size, "an app password without a service would open nothing: say --services");
    return services.length > 0;
}

static bool read_networks(struct admin_job *job, char *fault, size_t size) {
    const char *list = admin_job_value(job, FIELD_NETWORKS);
    char word[WORD_LIMIT], canonical[ADDRESS_TEXT_SIZE];
    struct buffer networks;
    buffer_init(&networks, job->app_password.networks, sizeof job->app_password.networks);
    while (next_word(&list, word)) {
        struct prefix prefix;
        enum prefix_fault wrong = prefix_parse(word, &prefix);
        prefix_format(&prefix, canonical);
        if (wrong == PREFIX_HOST_BITS)
            snprintf(fault, size, "\"%.60s\" has bits beyond its length; %s?", word, canonical);
        else if (wrong != PREFIX_OK)
            snprintf(fault, size, "\"%.60s\" is no network such as 203.0.113.0/24", word);
        else if (!add_word(&networks, canonical))
            snprintf(fault, size, "these are too many networks");
        else
            continue;
        return false;
    }
    return true;
}

static bool read_limits(struct admin_job *job, char *fault, size_t size) {
    struct store_app_password *made = &job->app_password;
    const char *name = job->question.value[FIELD_NAME];
    char services[sizeof made->services];
    made->expires = admin_job_time(job, FIELD_EXPIRES);
    if (!read_services(job, fault, size) || !read_networks(job, fault, size))
        return false;
    snprintf(fault, size, "it would have expired already");
    if (made->expires < 0 || (made->expires != 0 && made->expires <= job->gathering.facts.now))
        return false;
    snprintf(made->name, sizeof made->name, "%.64s",
             name != NULL ? name : as_typed(made->services, services, sizeof services));
    return true;
}

/* ---- the records ---- */

static void add_record(struct admin_job *job, const struct store_app_password *one, const char *secret,
                       const char *warning) {
    char id[ID_TEXT_SIZE], numbers[5][ADMIN_NUMBER_SIZE];
    char services[sizeof one->services], networks[sizeof one->networks];
    const struct {
        enum field field;
        int64_t number;
    } times[] = {{FIELD_MADE, one->made},
                 {FIELD_EXPIRES, one->expires},
                 {FIELD_REVOKED, one->revoked},
                 {FIELD_LAST_USED, one->last_used},
                 {FIELD_USES, one->uses}};
    struct message record = records_make("app-password");
    write_id(one->id, id);
    id[ID_SHOWN] = '\0';
    record.value[FIELD_ACCOUNT] = job->account;
    record.value[FIELD_ID] = id;
    record.value[FIELD_APP_PASSWORD] = secret;
    record.value[FIELD_NAME] = one->name;
    record.value[FIELD_SERVICES] = as_typed(one->services, services, sizeof services);
    record.value[FIELD_NETWORKS] = as_typed(one->networks, networks, sizeof networks);
    record.value[FIELD_WHO] = one->revoked_by;
    record.value[FIELD_CLIENT_ADDRESS] = one->last_address;
    record.value[FIELD_COUNTRY] = one->last_country;
    record.value[FIELD_SERVICE] = one->last_service;
    record.value[FIELD_TEXT] = warning;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i].number != 0)
            record.value[times[i].field] = admin_number(times[i].number, numbers[i]);
    records_add(&job->records, &record);
}

/* ---- add ---- */

static void added(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, "the store has no room for it"))
        return;
    char services[sizeof job->app_password.services];
    bool off = job->readable && policy_number(&job->gathering.policy, POLICY_SECOND_FACTOR_APP_PASSWORDS, 1) == 0;
    add_record(job, &job->app_password, job->generated,
               off ? "second_factor.app_passwords is off for this account: the password opens nothing meanwhile" : "");
    admin_job_log(job, "services", as_typed(job->app_password.services, services, sizeof services));
    admin_job_answer(job);
}

static void add(struct admin_job *job) {
    struct store_app_password *made = &job->app_password;
    const struct keyring *keyring = admin_job_keyring(job);
    const struct app_password_limits limits = {.id = made->id,
                                               .hash = made->hash,
                                               .services = made->services,
                                               .networks = made->networks,
                                               .expires = made->expires};
    struct store_order order = {.verb = STORE_ADD_APP_PASSWORD, .app_password = made};
    sealed_make_id(made->id);
    app_password_generate(job->generated);
    keyed_hash_text(keyring, HASH_APP_PASSWORD, job->account, job->generated, made->hash);
    scope_mac(keyring, job->account, &limits, made->mac);
    made->made = job->gathering.facts.now;
    admin_job_order(job, &order, added);
}

void admin_app_password_add(struct admin_job *job) {
    char fault[160];
    if (read_limits(job, fault, sizeof fault))
        admin_job_gather(job, add);
    else
        admin_job_fail(job, REASON_MALFORMED, fault);
}

/* ---- list ---- */

static void list_found(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return;
    for (size_t i = 0; i < report->app_password_count; i++)
        add_record(job, &report->app_passwords[i], NULL, "");
    admin_job_answer(job);
}

void admin_app_password_list(struct admin_job *job) {
    struct store_order order = {.verb = STORE_SHOW};
    admin_job_order(job, &order, list_found);
}

/* ---- revoke ---- */

static void revoked(struct admin_job *job, const struct store_report *report) {
    char id[ID_TEXT_SIZE];
    if (!admin_job_done(job, report, "it was revoked already"))
        return;
    admin_job_log(job, "name", job->app_password.name);
    struct message record = records_make("revoked");
    write_id(job->app_password.id, id);
    id[ID_SHOWN] = '\0';
    record.value[FIELD_ACCOUNT] = job->account;
    record.value[FIELD_ID] = id;
    record.value[FIELD_NAME] = job->app_password.name;
    records_add(&job->records, &record);
    admin_job_answer(job);
}

static bool same_list(const char *one, const char *other) {
    char first[sizeof((struct store_app_password *)NULL)->services], second[sizeof first];
    return strcmp(as_typed(one, first, sizeof first), as_typed(other, second, sizeof second)) == 0;
}

/* One that was given no name goes by its services, with blanks between them where it is older. */
static bool is_meant(const struct admin_job *job, const struct store_app_password *one) {
    char id[ID_TEXT_SIZE];
    const char *name = admin_job_value(job, FIELD_NAME);
    bool unnamed = same_list(one->name, one->services);
    write_id(one->id, id);
    return strcmp(one->name, name) == 0 || (unnamed && same_list(name, one->services)) ||
           (strlen(name) >= 4 && strncmp(id, name, strlen(name)) == 0);
}

/* The one that is meant, among those in force first. NULL where none is or several are. */
static const struct store_app_password *find_meant(const struct admin_job *job, const struct store_report *report,
                                                   size_t *count) {
    const struct store_app_password *found = NULL, *gone = NULL;
    *count = 0;
    for (size_t i = 0; i < report->app_password_count; i++) {
        const struct store_app_password *one = &report->app_passwords[i];
        if (!is_meant(job, one))
            continue;
        if (one->revoked != 0) {
            gone = one;
            continue;
        }
        found = one;
        ++*count;
    }
    return *count == 0 ? gone : *count == 1 ? found : NULL;
}

static void revoke_found(struct admin_job *job, const struct store_report *report) {
    size_t count;
    char who[65];
    if (!admin_job_done(job, report, ""))
        return;
    const struct store_app_password *meant = find_meant(job, report, &count);
    if (meant == NULL) {
        admin_job_fail(job, REASON_NONE,
                       count > 1 ? "several app passwords are called so: say the id of one (list)"
                                 : "the account has no such app password");
        return;
    }
    job->app_password = *meant;
    admin_job_who(job, who);
    struct store_order order = {.verb = STORE_REVOKE_APP_PASSWORD, .app_password = &job->app_password, .who = who};
    admin_job_order(job, &order, revoked);
}

void admin_app_password_revoke(struct admin_job *job) {
    struct store_order order = {.verb = STORE_SHOW};
    if (job->question.value[FIELD_NAME] == NULL)
        admin_job_fail(job, REASON_MALFORMED, "the question lacks the app password's name or id");
    else
        admin_job_order(job, &order, revoke_found);
}
