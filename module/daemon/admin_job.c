/* SPDX-License-Identifier: BSD-2-Clause */
/* The course of one administrator's request: account, policy, the verb, the store, the answer. What the verbs do is in
 * their own files. Called by admin_protocol.c and by the verbs. Logs what was asked for, never a secret. */
#include "daemon/admin_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/connection.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "policy/configuration.h"

static void release(void *context) {
    struct admin_job *job = context;
    gather_clear(&job->gathering);
    records_clear(&job->records);
    free(job->sealed);
    if (job->text != NULL)
        explicit_bzero(job->text, job->length);
    free(job->text);
    explicit_bzero(job, sizeof *job);
    free(job);
}

/* The connection is free for its next question. */
static void detach(struct admin_job *job) {
    connection_set_busy(job->connection, false);
    connection_set_state(job->connection, NULL);
    connection_expect(job->connection, clock_monotonic() + SERVER_IDLE_TIME);
}

void admin_job_answer(struct admin_job *job) {
    struct connection *connection = job->connection;
    struct records records = job->records;
    job->records = (struct records){.broken = true};
    detach(job);
    release(job);
    records_send(&records, connection);
}

void admin_job_fail(struct admin_job *job, enum reason reason, const char *text) {
    records_add_error(&job->records, reason, text);
    admin_job_answer(job);
}

void admin_job_abandon(struct admin_job *job) {
    connection_set_state(job->connection, NULL);
    if (job->abandoned != NULL)
        job->abandoned(job);
    for (size_t i = 0; i < job->call_count; i++)
        store_cancel(vault_store(job->server->vault), job->calls[i]);
    if (job->call_count > 0)
        admin_job_log(job, "note", "the-asker-left-before-the-answer");
    if (gather_under_way(&job->gathering))
        gather_cancel(&job->gathering, release);
    else
        release(job);
}

const char *admin_job_value(const struct admin_job *job, enum field field) {
    return job->question.value[field] != NULL ? job->question.value[field] : "";
}

int64_t admin_job_time(const struct admin_job *job, enum field field) {
    char *end;
    const char *text = job->question.value[field];
    if (text == NULL)
        return 0;
    int64_t time = strtoll(text, &end, 10);
    return *end != '\0' || time <= 0 ? -1 : time;
}

void admin_job_who(const struct admin_job *job, char who[65]) {
    const char *said = job->question.value[FIELD_WHO];
    if (said != NULL)
        snprintf(who, 65, "%s", said);
    else
        snprintf(who, 65, "uid %u", connection_peer(job->connection)->uid);
}

void admin_job_log(const struct admin_job *job, const char *name, const char *value) {
    char text[LOG_LINE_SIZE], who[65];
    struct buffer line;
    buffer_init(&line, text, sizeof text);
    admin_job_who(job, who);
    log_add(&line, "admin", job->request->word);
    log_add(&line, "account", job->account);
    log_add(&line, "by", who);
    log_add(&line, name, value);
    log_line(LOG_NOTICE, text);
}

const struct keyring *admin_job_keyring(const struct admin_job *job) {
    return vault_keyring(job->server->vault);
}

const char *admin_number(int64_t number, char text[ADMIN_NUMBER_SIZE]) {
    snprintf(text, ADMIN_NUMBER_SIZE, "%" PRId64, number);
    return text;
}

/* ---- orders ---- */

static void order_answered(void *context, const struct store_report *report) {
    struct admin_job *job = context;
    job->call_count = 0;
    job->answered(job, report);
}

void admin_job_order(struct admin_job *job, struct store_order *order, admin_answered *answered) {
    static const struct store_report failed = {.result = STORE_FAILED};
    order->account = job->account;
    order->now = clock_wall();
    if (order->deadline == 0)
        order->deadline = clock_monotonic() + ADMIN_PATIENCE;
    job->answered = answered;
    job->calls[0] = store_administer(vault_store(job->server->vault), order, order_answered, job);
    job->call_count = job->calls[0] != 0;
    if (job->calls[0] == 0)
        answered(job, &failed);
}

static void fail_unavailable(struct admin_job *job, const struct store_report *report) {
    char why[512] = "", text[1024];
    store_state(vault_store(job->server->vault), why, sizeof why);
    const char *known = report->fault[0] != '\0' ? report->fault : why;
    snprintf(text, sizeof text, "the store could not do it%s%s", known[0] != '\0' ? ": " : "", known);
    admin_job_fail(job, REASON_UNAVAILABLE, text);
}

bool admin_job_done(struct admin_job *job, const struct store_report *report, const char *absent) {
    switch (report->result) {
    case STORE_DONE:
        return true;
    case STORE_ABSENT:
        admin_job_fail(job, REASON_NONE, absent);
        return false;
    case STORE_EXISTS:
        admin_job_fail(job, REASON_NONE, "it is there already");
        return false;
    case STORE_TOO_MANY:
        admin_job_fail(job, REASON_NONE,
                       "the account has as many as it may; revoked ones count until `account forget`");
        return false;
    case STORE_REFUSED:
        admin_job_fail(job, REASON_NONE, report->fault[0] != '\0' ? report->fault : "the store refuses");
        return false;
    case STORE_FAILED:
        break;
    }
    fail_unavailable(job, report);
    return false;
}

bool admin_job_take_page(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return false;
    job->sealed = calloc(report->sealed_count + 1, sizeof *job->sealed);
    if (job->sealed == NULL) {
        admin_job_fail(job, REASON_UNAVAILABLE, "out of memory");
        return false;
    }
    memcpy(job->sealed, report->sealed, report->sealed_count * sizeof *job->sealed);
    job->sealed_count = report->sealed_count;
    return true;
}

/* ---- the start ---- */

static void gathered(void *context, bool readable) {
    struct admin_job *job = context;
    job->readable = readable;
    job->gathered(job);
}

void admin_job_gather(struct admin_job *job, void (*next)(struct admin_job *job)) {
    job->gathered = next;
    gather_start(&job->gathering);
}

static struct admin_job *create(struct connection *connection, const struct admin_request *request, const char *bytes,
                                size_t length) {
    struct admin_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->text = malloc(length);
    if (job->text == NULL) {
        free(job);
        return NULL;
    }
    memcpy(job->text, bytes, length);
    job->length = length;
    message_decode(&job->question, job->text, length); /* a message that is none has no fields, and no such request */
    job->connection = connection;
    job->server = connection_server(connection);
    job->request = request;
    records_start(&job->records);
    job->gathering = (struct gathering){
        .server = job->server,
        .account = job->account,
        .service = "",
        .cut = SECOND_FACTOR_CUT_OPEN,
        .done = gathered,
        .context = job,
    };
    job->gathering.facts.now = clock_wall();
    job->gathering.facts.service = SERVICE_UNKNOWN;
    return job;
}

bool admin_job_canonical(struct admin_job *job, const char *name) {
    const struct account_naming *naming = &configuration_settings(job->server->configuration)->naming;
    return account_name_canonical(naming, name, job->account);
}

static bool canonical_anywhere(struct admin_job *job, const char *name) {
    struct account_naming naming = configuration_settings(job->server->configuration)->naming;
    naming.domain_count = 0;
    return account_name_canonical(&naming, name, job->account);
}

/* Why the request cannot be run, or NULL. */
static const char *find_fault(struct admin_job *job) {
    const char *name = job->question.value[FIELD_ACCOUNT];
    unsigned needs = job->request->needs;
    if ((needs & ADMIN_NEEDS_STORE) != 0 && job->server->vault == NULL)
        return "no store is configured: `store` in the configuration names one";
    if (name == NULL)
        return (needs & ADMIN_NEEDS_ACCOUNT) != 0 ? "the question lacks an account" : NULL;
    bool wanted = (needs & (ADMIN_NEEDS_ACCOUNT | ADMIN_MAY_NAME_ACCOUNT)) != 0;
    bool possible = !wanted || admin_job_canonical(job, name) ||
                    ((needs & ADMIN_ANY_DOMAIN) != 0 && canonical_anywhere(job, name));
    if (!possible)
        return "this is no account name, or its domain is not served here: such a login is malformed";
    return NULL;
}

void admin_job_start(struct connection *connection, const struct admin_request *request, const char *bytes,
                     size_t length) {
    struct admin_job *job = create(connection, request, bytes, length);
    if (job == NULL) {
        connection_close(connection);
        return;
    }
    connection_set_state(connection, job);
    connection_set_busy(connection, true);
    connection_expect(connection, 0);
    const char *fault = find_fault(job);
    if (fault != NULL)
        admin_job_fail(job, REASON_MALFORMED, fault);
    else
        request->run(job);
}
