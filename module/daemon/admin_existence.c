/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the back end about accounts, one after the other, so that logins find the workers free. Run by admin jobs;
 * changes nothing. */
#include "daemon/admin_existence.h"

#include <string.h>

#include "daemon/admin_job.h"
#include "daemon/existence.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "policy/configuration.h"

static void abandon(struct admin_job *job) {
    existence_cancel(&job->existence);
}

/* False, and the job has failed, where the configuration names nobody to ask. */
static bool somebody_knows(struct admin_job *job) {
    const char *method = configuration_settings(job->server->configuration)->account_exists;
    if (method != NULL && strcmp(method, "none") != 0)
        return true;
    admin_job_fail(job, REASON_MALFORMED,
                   "`account_exists` is \"none\": nothing says which accounts there are (authgate.conf(5))");
    return false;
}

static void add(struct admin_job *job, const char *account, enum known exists) {
    static const char *const words[] = {[KNOWN_NO] = "no", [KNOWN_YES] = "yes", [KNOWN_NOT] = "unknown"};
    struct message record = records_make("account");
    record.value[FIELD_ACCOUNT] = account;
    record.value[FIELD_VALUE] = words[exists];
    records_add(&job->records, &record);
}

static void ask(struct admin_job *job, const char *account, void (*found)(void *context, enum known exists)) {
    const struct existence_asker asker = {
        .found = found, .context = job, .query = &job->existence, .lane = WORKERS_OWN_LANE};
    job->abandoned = abandon;
    existence_ask(job->server->existence, account, &asker);
}

/* ---- one ---- */

static void found(void *context, enum known exists) {
    struct admin_job *job = context;
    add(job, job->account, exists);
    admin_job_answer(job);
}

void admin_account_exists(struct admin_job *job) {
    if (somebody_knows(job))
        ask(job, job->account, found);
}

/* ---- a page of the store's ---- */

static void answer_page(struct admin_job *job) {
    if (job->sealed_count == STORE_SEALED_PAGE) {
        struct message record = records_make("more");
        record.value[FIELD_AFTER] = job->sealed[job->sealed_count - 1].account;
        records_add(&job->records, &record);
    }
    admin_job_answer(job);
}

static void ask_next(struct admin_job *job);

static void next_found(void *context, enum known exists) {
    struct admin_job *job = context;
    add(job, job->sealed[job->sealed_answered++].account, exists);
    ask_next(job);
}

/* As deep as a page is long where every answer is known already. */
static void ask_next(struct admin_job *job) {
    if (job->sealed_answered < job->sealed_count)
        ask(job, job->sealed[job->sealed_answered].account, next_found);
    else
        answer_page(job);
}

static void listed(struct admin_job *job, const struct store_report *report) {
    if (admin_job_take_page(job, report))
        ask_next(job);
}

void admin_account_list(struct admin_job *job) {
    const char *after = admin_job_value(job, FIELD_AFTER);
    struct store_order order = {.verb = STORE_LIST_ACCOUNTS};
    if (!somebody_knows(job))
        return;
    if (strlen(after) >= sizeof job->account) {
        admin_job_fail(job, REASON_MALFORMED, "the question has a value that cannot be");
        return;
    }
    memcpy(job->account, after, strlen(after) + 1);
    admin_job_order(job, &order, listed);
}
