/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of the store, and a restored one. What is old is said: nothing is served again in silence. Run by admin jobs;
 * the files are read and written by the store, as the daemon's user. */
#include "daemon/admin_store.h"

#include <stdio.h>

#include "base/clock.h"
#include "daemon/admin_job.h"
#include "daemon/server.h"
#include "daemon/server_status.h"
#include "daemon/vault.h"

static void answer_state(struct admin_job *job, int64_t lost) {
    char why[512], count[ADMIN_NUMBER_SIZE];
    struct message record = records_make("store");
    record.value[FIELD_VALUE] = server_status_store(job->server, why, sizeof why);
    record.value[FIELD_TEXT] = why;
    if (lost > 0)
        record.value[FIELD_USES] = admin_number(lost, count);
    records_add(&job->records, &record);
    admin_job_answer(job);
}

static void done(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, "there is no such file"))
        return;
    int64_t lost = report->generation_served - report->generation;
    admin_job_log(job, "path", job->question.value[FIELD_PATH]);
    answer_state(job, lost);
}

static void order_long(struct admin_job *job, enum store_verb verb) {
    const char *path = job->question.value[FIELD_PATH];
    struct store_order order = {
        .verb = verb, .path = path, .deadline = clock_monotonic() + ADMIN_LONG_PATIENCE};
    if (verb != STORE_ACCEPT && (path == NULL || path[0] != '/'))
        admin_job_fail(job, REASON_MALFORMED, "the question lacks an absolute path");
    else
        admin_job_order(job, &order, done);
}

void admin_store_backup(struct admin_job *job) {
    order_long(job, STORE_BACKUP);
}

void admin_store_restore(struct admin_job *job) {
    order_long(job, STORE_RESTORE);
}

void admin_store_accept(struct admin_job *job) {
    order_long(job, STORE_ACCEPT);
}
