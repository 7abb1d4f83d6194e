/* SPDX-License-Identifier: BSD-2-Clause */
/* `explain` gathers as a login does and has the gate decide as it decides for a login; `account show` adds what the
 * store has of the account. Run by admin jobs; changes nothing, logs nothing. */
#include "daemon/admin_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/admin_job.h"
#include "daemon/explanation.h"
#include "daemon/server.h"
#include "daemon/server_status.h"
#include "daemon/throttle_list.h"
#include "policy/configuration.h"

void admin_status(struct admin_job *job) {
    server_status_add(job->server, &job->records);
    admin_job_answer(job);
}

/* ---- explain ---- */

static const char *service_of(const struct admin_job *job) {
    const struct settings *settings = configuration_settings(job->server->configuration);
    int service = job->gathering.facts.service;
    return service != SERVICE_UNKNOWN ? settings->services[service] : admin_job_value(job, FIELD_SERVICE);
}

/* A moment of the monotonic clock as one of the wall's, no earlier than it is. */
static int64_t wall_of(int64_t moment) {
    return clock_wall() + (moment - clock_monotonic() + 999) / 1000;
}

static int64_t throttled_until(const struct admin_job *job) {
    if (!job->gathering.facts.throttled)
        return 0;
    return wall_of(throttle_until(job->server->throttle, &job->gathering.throttle_login, clock_monotonic()));
}

static void explain(struct admin_job *job) {
    const struct explanation explanation = {
        .settings = configuration_settings(job->server->configuration),
        .facts = &job->gathering.facts,
        .policy = &job->gathering.policy,
        .account = job->account,
        .service = service_of(job),
        .throttled_until = throttled_until(job),
        .readable = job->readable,
    };
    explanation_add(&explanation, &job->records);
    admin_job_answer(job);
}

/* Mechanisms are judged in upper case. The question is the job's own, so that it may be changed in place. */
static void raise_case(const char *word) {
    for (char *byte = (char *)(uintptr_t)word; byte != NULL && *byte != '\0'; byte++)
        if (*byte >= 'a' && *byte <= 'z')
            *byte = (char)(*byte - 'a' + 'A');
}

/* Whether the account was asked for by a name that may be somebody else's: with a part behind a doubtful delimiter. */
static bool is_divided(const struct admin_job *job) {
    const struct settings *settings = configuration_settings(job->server->configuration);
    char name[ACCOUNT_NAME_SIZE];
    return account_name_undivided(&settings->naming, job->question.value[FIELD_ACCOUNT], name) &&
           strcmp(name, job->account) != 0;
}

/* Puts the facts that the question states where a login's begin would. False where one cannot be. */
static bool read_facts(struct admin_job *job) {
    const struct configuration *configuration = job->server->configuration;
    const char *const *value = job->question.value;
    struct facts *facts = &job->gathering.facts;
    char *end = NULL;
    if (value[FIELD_AT] != NULL)
        facts->now = strtoll(value[FIELD_AT], &end, 10);
    if (end != NULL && *end != '\0')
        return false;
    if (value[FIELD_CREDENTIAL] != NULL && !credential_parse(value[FIELD_CREDENTIAL], &facts->credential))
        return false;
    if (value[FIELD_CLIENT_ADDRESS] != NULL && !address_parse(value[FIELD_CLIENT_ADDRESS], &facts->address))
        return false;
    job->gathering.credential_told = value[FIELD_CREDENTIAL] != NULL;
    facts->service = configuration_service(configuration, value[FIELD_SERVICE]);
    facts->name_divided = is_divided(job);
    raise_case(value[FIELD_MECHANISM]);
    facts->mechanism = value[FIELD_MECHANISM];
    return strlen(value[FIELD_SERVICE]) < 64 && (facts->mechanism == NULL || strlen(facts->mechanism) < 64);
}

void admin_explain(struct admin_job *job) {
    if (job->question.value[FIELD_SERVICE] == NULL) {
        admin_job_fail(job, REASON_MALFORMED, "the question lacks a service");
        return;
    }
    if (!read_facts(job)) {
        admin_job_fail(job, REASON_MALFORMED, "the question has a value that cannot be");
        return;
    }
    job->gathering.service = service_of(job);
    admin_job_gather(job, explain);
}

/* ---- account show ---- */

static void add_state(struct admin_job *job, const char *key, const char *value, const char *text, int64_t made) {
    char when[ADMIN_NUMBER_SIZE];
    struct message record = records_make("state");
    record.value[FIELD_KEY] = key;
    record.value[FIELD_VALUE] = value;
    record.value[FIELD_TEXT] = text;
    if (made != 0)
        record.value[FIELD_MADE] = admin_number(made, when);
    records_add(&job->records, &record);
}

static void add_count(struct admin_job *job, const char *key, size_t count, const char *text) {
    char number[ADMIN_NUMBER_SIZE];
    add_state(job, key, admin_number((int64_t)count, number), text, 0);
}

static void add_lock(struct admin_job *job, const struct store_lock *lock) {
    char at[ADMIN_NUMBER_SIZE], until[ADMIN_NUMBER_SIZE];
    struct message record = records_make("lock");
    record.value[FIELD_VALUE] = lock->by_hand ? "hand" : "gate";
    record.value[FIELD_TEXT] = lock->why;
    record.value[FIELD_WHO] = lock->who;
    record.value[FIELD_MADE] = admin_number(lock->at, at);
    if (lock->until != 0)
        record.value[FIELD_UNTIL] = admin_number(lock->until, until);
    records_add(&job->records, &record);
}

static size_t count_in_force(const struct store_report *report, int64_t now) {
    size_t count = 0;
    for (size_t i = 0; i < report->app_password_count; i++) {
        const struct store_app_password *one = &report->app_passwords[i];
        count += one->revoked == 0 && (one->expires == 0 || now < one->expires);
    }
    return count;
}

static void add_stored(struct admin_job *job, const struct store_report *report) {
    char text[192];
    int64_t now = job->gathering.facts.now;
    bool spent = report->wrong_hour >= STORE_WRONG_HOUR || report->wrong_day >= STORE_WRONG_DAY;
    if (report->enrolled)
        add_state(job, "totp", "confirmed", report->pending ? "another secret waits to be confirmed" : "",
                  report->confirmed_secret.confirmed);
    else if (report->pending)
        add_state(job, "totp", "pending", "it waits for `totp confirm`", report->pending_secret.made);
    else
        add_state(job, "totp", "none", "", 0);
    add_count(job, "app_passwords", count_in_force(report, now), "in force");
    snprintf(text, sizeof text, "unused, of %zu", report->recovery_count);
    add_count(job, "recovery_codes", report->recovery_unused, text);
    add_count(job, "networks", report->network_count, "remembered");
    snprintf(text, sizeof text, "in the last hour, of %d that may be; %u in the last day, of %d%s", STORE_WRONG_HOUR,
             report->wrong_day, STORE_WRONG_DAY,
             spent ? ": no further code is looked at; `account unlock` forgets them" : "");
    add_count(job, "wrong_codes", report->wrong_hour, text);
    for (size_t i = 0; i < report->lock_count; i++)
        if (report->locks[i].until == 0 || now < report->locks[i].until)
            add_lock(job, &report->locks[i]);
}

static void add_throttle(void *context, const struct throttle_held *held) {
    struct admin_job *job = context;
    char network[ADDRESS_TEXT_SIZE], until[ADMIN_NUMBER_SIZE];
    struct message record = records_make("throttle");
    prefix_format(&held->network, network);
    record.value[FIELD_NETWORK] = held->network.base.family != 0 ? network : NULL;
    record.value[FIELD_VALUE] = throttle_state_name(held->state);
    record.value[FIELD_TEXT] = throttle_state_words(held->state);
    record.value[FIELD_UNTIL] = admin_number(wall_of(held->until), until);
    records_add(&job->records, &record);
}

static void answer_account(struct admin_job *job) {
    throttle_list_look(job->server->throttled, job->account, clock_monotonic(), add_throttle, job);
    if (job->readable)
        explanation_add_policy(&job->gathering.policy, configuration_settings(job->server->configuration),
                               &job->records);
    else
        records_add_error(&job->records, REASON_UNAVAILABLE, EXPLANATION_UNREADABLE);
    admin_job_answer(job);
}

static void stored_found(struct admin_job *job, const struct store_report *report) {
    if (report->result == STORE_DONE)
        add_stored(job, report);
    else
        add_state(job, "store", "unavailable", report->fault, 0);
    answer_account(job);
}

static void show(struct admin_job *job) {
    struct store_order order = {.verb = STORE_SHOW};
    struct message record = records_make("account");
    record.value[FIELD_ACCOUNT] = job->account;
    records_add(&job->records, &record);
    if (job->server->vault != NULL)
        admin_job_order(job, &order, stored_found);
    else
        answer_account(job);
}

void admin_account_show(struct admin_job *job) {
    admin_job_gather(job, show);
}
