/* SPDX-License-Identifier: BSD-2-Clause */
/* `key rotate` seals every secret again under a new key, a page at a time, while logins go on: each row keeps its old
 * seal until the new one stands in its place, and the key ring opens both until the old key is retired. The key file
 * lies where the daemon cannot write; authgatectl, as root, brings its bytes and writes what they become. Run by admin
 * jobs; a key is never logged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "credential/keyring.h"
#include "credential/sealed.h"
#include "daemon/admin_job.h"
#include "daemon/admin_store.h"
#include "daemon/server.h"
#include "daemon/vault.h"

/* ---- the key file's bytes ---- */

#define KEY_TEXT_SIZE (2 * KEY_FILE_BYTES + 1)

struct key_bytes {
    size_t length;
    unsigned char bytes[KEY_FILE_BYTES];
};

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdef";
    const char *found = character != '\0' ? strchr(digits, character) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

static bool read_bytes(const struct admin_job *job, struct key_bytes *file) {
    const char *text = admin_job_value(job, FIELD_KEY_FILE);
    file->length = strlen(text) / 2;
    if (file->length == 0 || file->length > sizeof file->bytes || strlen(text) % 2 != 0)
        return false;
    for (size_t i = 0; i < file->length; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        file->bytes[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static void write_bytes(const struct key_bytes *file, char text[KEY_TEXT_SIZE]) {
    for (size_t i = 0; i < file->length; i++)
        snprintf(text + 2 * i, 3, "%02x", file->bytes[i]);
}

/* The ring of a key file that can take the daemon's place; NULL, and the job has failed, where it cannot. */
static struct keyring *ring_of(struct admin_job *job, const struct key_bytes *file) {
    struct keyring *ring = keyring_make(file->bytes, file->length);
    if (ring != NULL && keyring_follows(ring, admin_job_keyring(job)))
        return ring;
    keyring_free(&ring);
    admin_job_fail(job, REASON_MALFORMED,
                   "this is not the key file that the daemon works with: what it has sealed would open no more");
    return NULL;
}

static void answer_key(struct admin_job *job, const struct key_bytes *file, size_t keys) {
    char text[KEY_TEXT_SIZE] = "", count[ADMIN_NUMBER_SIZE];
    struct message record = records_make("key");
    if (file != NULL)
        write_bytes(file, text);
    record.value[FIELD_KEY_FILE] = text;
    record.value[FIELD_VALUE] = admin_number((int64_t)keys, count);
    records_add(&job->records, &record);
    explicit_bzero(text, sizeof text);
    admin_job_answer(job);
}

static void change(struct admin_job *job, bool (*changed)(unsigned char *bytes, size_t *length)) {
    struct key_bytes file;
    if (!read_bytes(job, &file)) {
        admin_job_fail(job, REASON_MALFORMED, "the question has no key file's bytes");
        return;
    }
    struct keyring *ring = ring_of(job, &file);
    if (ring != NULL && changed(file.bytes, &file.length)) {
        keyring_free(&ring);
        ring = keyring_make(file.bytes, file.length);
        answer_key(job, &file, ring != NULL ? keyring_count(ring) : 0);
    } else if (ring != NULL) {
        admin_job_fail(job, REASON_UNAVAILABLE, "out of memory");
    }
    keyring_free(&ring);
    explicit_bzero(&file, sizeof file);
}

void admin_key_rotate(struct admin_job *job) {
    change(job, key_bytes_rotate);
}

void admin_key_retire(struct admin_job *job) {
    change(job, key_bytes_retire);
}

void admin_key_use(struct admin_job *job) {
    struct key_bytes file;
    struct keyring *ring = NULL;
    if (!read_bytes(job, &file))
        admin_job_fail(job, REASON_MALFORMED, "the question has no key file's bytes");
    else if ((ring = ring_of(job, &file)) != NULL) {
        char text[ADMIN_NUMBER_SIZE];
        size_t keys = keyring_count(ring);
        vault_take_keyring(job->server->vault, ring);
        admin_job_log(job, "keys", admin_number((int64_t)keys, text));
        answer_key(job, NULL, keys);
    }
    explicit_bzero(&file, sizeof file);
}

/* ---- sealing again ---- */

/* A page is done once the list and every row's order are answered. */
static void answer_page(struct admin_job *job) {
    char done[ADMIN_NUMBER_SIZE], failed[ADMIN_NUMBER_SIZE];
    struct message record = records_make("resealed");
    if (job->sealed_count > 0)
        record.value[FIELD_ACCOUNT] = job->sealed[job->sealed_count - 1].account;
    record.value[FIELD_VALUE] = admin_number((int64_t)(job->sealed_count - job->sealed_failed), done);
    record.value[FIELD_USES] = admin_number((int64_t)job->sealed_failed, failed);
    records_add(&job->records, &record);
    admin_job_answer(job);
}

static void row_resealed(void *context, const struct store_report *report) {
    struct admin_job *job = context;
    /* One that is no more there was enrolled anew meanwhile, under the new key. */
    job->sealed_failed += report->result != STORE_DONE && report->result != STORE_ABSENT;
    if (++job->sealed_answered < job->sealed_count)
        return;
    job->call_count = 0;
    answer_page(job);
}

/* A row that does not open was damaged or put there by somebody else: it keeps its seal, and the old key stays. */
static bool reseal(const struct admin_job *job, const struct store_sealed_row *row, struct store_secret *fresh) {
    const struct keyring *keyring = admin_job_keyring(job);
    struct sealed sealed = {.length = row->secret.sealed_length};
    struct totp totp;
    memcpy(sealed.bytes, row->secret.sealed, sealed.length);
    *fresh = row->secret;
    bool good = totp_open(keyring, row->account, row->secret.id, &sealed, &totp) &&
                totp_seal(keyring, row->account, row->secret.id, &totp, &sealed);
    totp_wipe(&totp);
    memcpy(fresh->sealed, sealed.bytes, sealed.length);
    fresh->sealed_length = sealed.length;
    fresh->key = sealed_key(sealed.bytes, sealed.length);
    return good;
}

static uint64_t order_row(struct admin_job *job, const struct store_sealed_row *row) {
    struct store_secret fresh;
    const struct store_order order = {.verb = STORE_RESEAL,
                                      .account = row->account,
                                      .secret = &fresh,
                                      .old_key = row->secret.key,
                                      .now = clock_wall(),
                                      .deadline = clock_monotonic() + ADMIN_PATIENCE};
    if (!reseal(job, row, &fresh))
        return 0;
    return store_administer(vault_store(job->server->vault), &order, row_resealed, job);
}

static void page_found(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_take_page(job, report))
        return;
    for (size_t i = 0; i < job->sealed_count; i++) {
        uint64_t call = order_row(job, &job->sealed[i]);
        job->sealed_failed += call == 0;
        job->sealed_answered += call == 0;
        if (call != 0)
            job->calls[job->call_count++] = call;
    }
    if (job->call_count == 0)
        answer_page(job);
}

void admin_key_reseal(struct admin_job *job) {
    struct store_order order = {.verb = STORE_LIST_SEALED, .key = keyring_current(admin_job_keyring(job))};
    admin_job_order(job, &order, page_found);
}
