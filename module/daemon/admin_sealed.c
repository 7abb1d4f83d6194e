/* SPDX-License-Identifier: BSD-2-Clause */
/* Which accounts' secrets the daemon's key file does not open, by opening them: what a login would find out too late.
 * One question covers some pages of the store, so that logins take their turn between them. Run by admin jobs; changes
 * nothing, logs nothing. */
#include <string.h>

#include "credential/keyed_hash.h"
#include "credential/keyring.h"
#include "credential/sealed.h"
#include "daemon/admin_job.h"
#include "daemon/admin_store.h"

#define PAGES    64 /* of one question */
#define NAMED    16 /* accounts that one answer names */
#define NO_KEY   0  /* no key's id: the list has what every key sealed */

/* Why a secret does not open, NULL where it does. */
static const char *closed_by(const struct keyring *keyring, const struct store_sealed_row *row) {
    struct sealed sealed = {.length = row->secret.sealed_length};
    struct totp totp;
    memcpy(sealed.bytes, row->secret.sealed, sealed.length);
    bool opens = totp_open(keyring, row->account, row->secret.id, &sealed, &totp);
    totp_wipe(&totp);
    if (opens)
        return NULL;
    return keyring_has(keyring, sealed_key(sealed.bytes, sealed.length))
               ? "damaged, or another account's"
               : "sealed under a key that the key file has not";
}

/* Whether its last step was hashed under this key file's hash key; a pending secret has none yet. */
static bool hashed_here(const struct keyring *keyring, const struct store_sealed_row *row) {
    unsigned char expected[KEYED_HASH_SIZE];
    step_mac(keyring, row->account, row->secret.id, row->secret.last_step, expected);
    return row->secret.confirmed == 0 || keyed_hash_equal(expected, row->secret.step_mac);
}

static void name_account(struct admin_job *job, const char *account, const char *why) {
    struct message record = records_make("unopened");
    if (job->sealed_failed > NAMED)
        return;
    record.value[FIELD_ACCOUNT] = account;
    record.value[FIELD_TEXT] = why;
    records_add(&job->records, &record);
}

/* An account's two secrets come together and count once. */
static void look_at(struct admin_job *job, const struct store_sealed_row *row, bool *named) {
    const struct keyring *keyring = admin_job_keyring(job);
    bool hashed = hashed_here(keyring, row);
    const char *why = closed_by(keyring, row);
    if (why == NULL && !hashed)
        why = "its last step was changed, or hashed under another key";
    job->sealed_strange += !hashed;
    if (why == NULL || *named)
        return;
    *named = true;
    job->sealed_failed++;
    name_account(job, row->account, why);
}

static void answer_checked(struct admin_job *job, bool more) {
    char checked[ADMIN_NUMBER_SIZE], failed[ADMIN_NUMBER_SIZE], strange[ADMIN_NUMBER_SIZE];
    struct message record = records_make("checked");
    record.value[FIELD_AFTER] = more ? job->account : NULL;
    record.value[FIELD_VALUE] = admin_number((int64_t)job->sealed_count, checked);
    record.value[FIELD_USES] = admin_number((int64_t)job->sealed_failed, failed);
    record.value[FIELD_TIMES] = admin_number((int64_t)job->sealed_strange, strange);
    records_add(&job->records, &record);
    admin_job_answer(job);
}

static void list_page(struct admin_job *job);

static void page_listed(struct admin_job *job, const struct store_report *report) {
    bool named = false;
    if (!admin_job_done(job, report, ""))
        return;
    for (size_t i = 0; i < report->sealed_count; i++) {
        const struct store_sealed_row *row = &report->sealed[i];
        bool same = strcmp(job->account, row->account) == 0;
        named = named && same;
        job->sealed_count += !same;
        memcpy(job->account, row->account, sizeof row->account);
        look_at(job, row, &named);
    }
    if (report->sealed_count == 0 || ++job->sealed_answered == PAGES)
        answer_checked(job, report->sealed_count != 0);
    else
        list_page(job);
}

static void list_page(struct admin_job *job) {
    struct store_order order = {.verb = STORE_LIST_SEALED, .key = NO_KEY};
    admin_job_order(job, &order, page_listed);
}

void admin_key_check(struct admin_job *job) {
    const char *after = admin_job_value(job, FIELD_AFTER);
    if (strlen(after) >= sizeof job->account) {
        admin_job_fail(job, REASON_MALFORMED, "the question has a value that cannot be");
        return;
    }
    memcpy(job->account, after, strlen(after) + 1);
    list_page(job);
}
