/* SPDX-License-Identifier: BSD-2-Clause */
/* A new secret is pending until one code of it is confirmed; an imported one holds at once. Each verb looks at what the
 * store has first, then orders the change for what it saw alone. Run by admin jobs. The consumed step that it sets is
 * what logins check (second_factor.c): a secret that the account has, or lately had, keeps its id, and its step with
 * it. */
#include "daemon/admin_totp.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "credential/keyed_hash.h"
#include "credential/sealed.h"
#include "credential/seed_files.h"
#include "daemon/admin_job.h"

#define SEED_TEXT_SIZE 6145
#define WINDOW_OTHERWISE 1

/* Seals job->totp into job->secret, under its id. */
static bool seal_secret(struct admin_job *job) {
    struct sealed sealed;
    if (!totp_seal(admin_job_keyring(job), job->account, job->secret.id, &job->totp, &sealed))
        return false;
    memcpy(job->secret.sealed, sealed.bytes, sealed.length);
    job->secret.sealed_length = sealed.length;
    job->secret.key = sealed_key(sealed.bytes, sealed.length);
    return true;
}

static bool open_secret(const struct admin_job *job, const struct store_secret *stored, struct totp *totp) {
    struct sealed sealed = {.length = stored->sealed_length};
    memcpy(sealed.bytes, stored->sealed, stored->sealed_length);
    return totp_open(admin_job_keyring(job), job->account, stored->id, &sealed, totp);
}

/* The step up to which codes of job->secret are used. */
static void set_last_step(struct admin_job *job, int64_t step) {
    job->secret.last_step = step;
    step_mac(admin_job_keyring(job), job->account, job->secret.id, step, job->secret.step_mac);
}

static struct message make_record(const struct admin_job *job, const char *kind) {
    struct message record = records_make(kind);
    record.value[FIELD_ACCOUNT] = job->account;
    return record;
}

static void answer_one(struct admin_job *job, const struct message *record) {
    records_add(&job->records, record);
    admin_job_answer(job);
}

/* ---- enroll ---- */

/* Who issues the codes, as phones show it: what the administrator said, or the account's domain. */
static const char *issuer_of(const struct admin_job *job) {
    const char *at = strrchr(job->account, '@');
    if (job->question.value[FIELD_ISSUER] != NULL)
        return job->question.value[FIELD_ISSUER];
    return at != NULL ? at + 1 : "authgate";
}

static void enrolled(struct admin_job *job, const struct store_report *report) {
    char uri[SEED_TEXT_SIZE];
    struct buffer text;
    if (!admin_job_done(job, report, "the store has no room for it"))
        return;
    buffer_init(&text, uri, sizeof uri);
    seed_write_uri(&job->totp, job->account, issuer_of(job), &text);
    struct message record = make_record(job, "enrolment");
    record.value[FIELD_SEED] = uri;
    record.value[FIELD_VALUE] = "pending";
    record.value[FIELD_ISSUER] = issuer_of(job);
    records_add(&job->records, &record);
    buffer_wipe(&text);
    admin_job_log(job, "issuer", job->question.value[FIELD_ISSUER]);
    admin_job_answer(job);
}

/* Whether the account already has what the administrator said it must not have; why. */
static const char *keeps(const struct admin_job *job, const struct store_report *report) {
    const char *only = admin_job_value(job, FIELD_VALUE);
    if (only[0] != '\0' && report->enrolled)
        return "it has a confirmed secret";
    return strcmp(only, "new") == 0 && report->pending ? "a secret waits to be confirmed" : NULL;
}

static void enroll_found(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return;
    const char *why = keeps(job, report);
    if (why != NULL) {
        struct message record = make_record(job, "enrolment");
        record.value[FIELD_VALUE] = "kept";
        record.value[FIELD_TEXT] = why;
        answer_one(job, &record);
        return;
    }
    totp_generate(&job->totp);
    secret_row_id(admin_job_keyring(job), job->account, &job->totp, job->secret.id);
    struct store_order order = {.verb = STORE_ENROL, .secret = &job->secret};
    if (seal_secret(job))
        admin_job_order(job, &order, enrolled);
    else
        admin_job_fail(job, REASON_UNAVAILABLE, "a secret could not be made");
}

static void look(struct admin_job *job, admin_answered *found) {
    struct store_order order = {.verb = STORE_SHOW, .secret = &job->secret};
    admin_job_order(job, &order, found);
}

void admin_totp_enroll(struct admin_job *job) {
    look(job, enroll_found);
}

/* ---- confirm ---- */

static void confirmed(struct admin_job *job, const struct store_report *report) {
    char drift[ADMIN_NUMBER_SIZE], codes[ADMIN_NUMBER_SIZE];
    if (!admin_job_done(job, report, "the enrolment was changed meanwhile"))
        return;
    admin_job_log(job, "clock_off", admin_number(job->drift, drift));
    struct message record = make_record(job, "confirmed");
    record.value[FIELD_VALUE] = admin_number(job->drift, drift);
    if (job->recovery_count > 0)
        record.value[FIELD_USES] = admin_number((int64_t)job->recovery_count, codes);
    answer_one(job, &record);
}

/* How far the phone's clock is off, in steps, where the code is one of the nearest day at all: the nearest first, since
 * among thousands of codes another one may be the same. */
static bool find_far(const struct admin_job *job, const char *code, int64_t now, int64_t *steps) {
    int64_t present = totp_step(&job->totp, now);
    for (int64_t far = 1; far <= TOTP_WINDOW_LIMIT; far++)
        for (int side = -1; side <= 1; side += 2) {
            char other[TOTP_CODE_SIZE];
            *steps = side * far;
            bool same = totp_code(&job->totp, present + *steps, other) && strcmp(other, code) == 0;
            explicit_bzero(other, sizeof other);
            if (same)
                return true;
        }
    return false;
}

static void refuse_code(struct admin_job *job, const char *code, int64_t now) {
    int64_t steps;
    char text[256];
    if (!find_far(job, code, now, &steps)) {
        admin_job_fail(job, REASON_SECOND_FACTOR_WRONG,
                       "this is no code of the secret that waits to be confirmed: is it the account's latest entry on "
                       "the phone?");
        return;
    }
    int64_t off = (steps < 0 ? -steps : steps) * job->totp.period;
    snprintf(text, sizeof text,
             "the phone's clock is about %lld min %lld s %s, so that its codes will be refused: have it set its clock "
             "from the network, then confirm again",
             (long long)off / 60, (long long)off % 60, steps < 0 ? "behind" : "ahead");
    admin_job_fail(job, REASON_SECOND_FACTOR_WRONG, text);
}

/* Order of matters: what is confirmed is what was read, or the store says that it is another one by now. */
static void confirm_found(struct admin_job *job, const struct store_report *report) {
    const char *code = admin_job_value(job, FIELD_DIGITS);
    int64_t now = job->gathering.facts.now, step;
    if (!admin_job_done(job, report, ""))
        return;
    if (!report->pending) {
        admin_job_fail(job, REASON_NONE, "no secret waits to be confirmed: `totp enroll` makes one");
        return;
    }
    job->secret = report->pending_secret;
    if (!open_secret(job, &job->secret, &job->totp)) {
        admin_job_fail(job, REASON_UNAVAILABLE,
                       "the secret that waits to be confirmed cannot be opened with the daemon's keys: enroll anew");
        return;
    }
    int64_t window = policy_number(&job->gathering.policy, POLICY_SECOND_FACTOR_WINDOW, WINDOW_OTHERWISE);
    if (!totp_match(&job->totp, code, now, (unsigned)window, &step)) {
        refuse_code(job, code, now);
        return;
    }
    job->drift = (step - totp_step(&job->totp, now)) * job->totp.period;
    job->recovery_count = report->recovery_unused;
    set_last_step(job, step);
    struct store_order order = {.verb = STORE_CONFIRM, .secret = &job->secret};
    admin_job_order(job, &order, confirmed);
}

static void confirm_with_policy(struct admin_job *job) {
    if (job->readable)
        look(job, confirm_found);
    else
        admin_job_fail(job, REASON_UNAVAILABLE, "the account's policy cannot be read, and with it the codes' window");
}

void admin_totp_confirm(struct admin_job *job) {
    if (!field_valid(FIELD_DIGITS, admin_job_value(job, FIELD_DIGITS)))
        admin_job_fail(job, REASON_MALFORMED, "a code is 6 or 8 digits");
    else
        admin_job_gather(job, confirm_with_policy);
}

/* ---- disable ---- */

static void disabled(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, "the account has no secret, confirmed or not"))
        return;
    admin_job_log(job, NULL, NULL);
    struct message record = make_record(job, "disabled");
    answer_one(job, &record);
}

void admin_totp_disable(struct admin_job *job) {
    struct store_order order = {.verb = STORE_DISABLE};
    admin_job_order(job, &order, disabled);
}

/* ---- import ---- */

static void answer_import(struct admin_job *job) {
    char count[ADMIN_NUMBER_SIZE], text[160];
    struct message record = make_record(job, "imported");
    bool weak = job->totp.length < TOTP_SECRET_FLAGGED;
    snprintf(text, sizeof text, "%s%s%s", weak ? seed_fault_text(SEED_WEAK) : "", weak && job->replaces ? "; " : "",
             job->replaces ? "in the place of another secret, whose codes hold no more" : "");
    if (text[0] != '\0')
        record.value[FIELD_TEXT] = text;
    if (job->replaces)
        record.value[FIELD_VALUE] = "replaced";
    if (job->recovery_count > 0)
        record.value[FIELD_USES] = admin_number((int64_t)job->recovery_count, count);
    answer_one(job, &record);
}

static void codes_imported(struct admin_job *job, const struct store_report *report) {
    if (admin_job_done(job, report, "the account has no secret any more"))
        answer_import(job);
}

static void imported(struct admin_job *job, const struct store_report *report) {
    unsigned char hashes[SEED_RECOVERY_LIMIT][STORE_HASH_SIZE];
    if (!admin_job_done(job, report, "the account's secret was changed meanwhile: see what it is, then import again"))
        return;
    admin_job_log(job, "format", job->question.value[FIELD_FORMAT]);
    if (job->recovery_count == 0) {
        answer_import(job);
        return;
    }
    for (size_t i = 0; i < job->recovery_count; i++)
        keyed_hash_text(admin_job_keyring(job), HASH_RECOVERY_CODE, job->account, job->seed.recovery[i], hashes[i]);
    struct store_order order = {.verb = STORE_NEW_RECOVERY_CODES,
                                .hashes = (const unsigned char (*)[STORE_HASH_SIZE])hashes,
                                .hash_count = job->recovery_count};
    admin_job_order(job, &order, codes_imported);
}

/* Whether the account already has this very secret: then the codes that were used stay used, whatever is new about
 * their length. */
static bool has_it_already(const struct admin_job *job, const struct store_report *report) {
    struct totp present;
    bool same = report->enrolled && open_secret(job, &report->confirmed_secret, &present) &&
                present.length == job->totp.length && present.period == job->totp.period &&
                secret_bytes_equal(present.secret, job->totp.secret, present.length);
    totp_wipe(&present);
    return same;
}

/* Whether a secret's step is the one that was written for it: what somebody set back must not hold anew. */
static bool step_genuine(const struct admin_job *job, const unsigned char *id, int64_t step,
                         const unsigned char *mac) {
    unsigned char expected[KEYED_HASH_SIZE];
    step_mac(admin_job_keyring(job), job->account, id, step, expected);
    return keyed_hash_equal(expected, mac);
}

/* Up to which step codes of a secret are used that the account has not: where it had it lately, what it had used. */
static int64_t step_before(const struct admin_job *job, const struct store_report *report) {
    bool known = report->rested && step_genuine(job, job->secret.id, report->rested_step, report->rested_mac);
    return known ? report->rested_step : 0;
}

static void import_found(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return;
    const struct store_secret *present = &report->confirmed_secret;
    struct store_order order = {.verb = STORE_IMPORT, .secret = &job->secret,
                                .seen = report->enrolled ? present->id : NULL};
    bool kept = has_it_already(job, report);
    if (kept && !step_genuine(job, present->id, present->last_step, present->step_mac)) {
        admin_job_fail(job, REASON_UNAVAILABLE,
                       "the account has this secret, but the store's row of its used codes is damaged: `totp disable`, "
                       "and import it a minute and a half later, when no used code is in the window any more");
        return;
    }
    if (kept)
        memcpy(job->secret.id, present->id, sizeof job->secret.id);
    if (!seal_secret(job)) {
        admin_job_fail(job, REASON_UNAVAILABLE, "the secret could not be sealed");
        return;
    }
    job->replaces = report->enrolled && !kept;
    set_last_step(job, kept ? 0 : step_before(job, report));
    admin_job_order(job, &order, imported);
}

static int hex_digit(char character) {
    static const char digits[] = "0123456789ABCDEF";
    const char *found = character != '\0' ? strchr(digits, character) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Undoes what authgatectl did to '%' and to line ends. */
static bool read_seed_text(const char *field, char text[SEED_TEXT_SIZE]) {
    struct buffer out;
    buffer_init(&out, text, SEED_TEXT_SIZE);
    for (; *field != '\0'; field++) {
        int high = *field == '%' ? hex_digit(field[1]) : 0;
        int low = *field == '%' && high >= 0 ? hex_digit(field[2]) : 0;
        char byte = *field == '%' ? (char)(high * 16 + low) : *field;
        if (high < 0 || low < 0 || byte == '\0' || !buffer_add_char(&out, byte))
            return false;
        field += *field == '%' ? 2 : 0;
    }
    return true;
}

static enum seed_fault read_seed(const char *format, const char *text, struct seed *seed) {
    static const struct {
        const char *format;
        enum seed_fault (*read)(const char *text, struct seed *seed);
    } readers[] = {{"uri", seed_from_uri},
                   {"base32", seed_from_base32},
                   {"hex", seed_from_hex},
                   {"users", seed_from_users_line},
                   {"google", seed_from_google}};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (strcmp(readers[i].format, format) == 0)
            return readers[i].read(text, seed);
    return SEED_SYNTAX;
}

static bool take_seed(struct admin_job *job) {
    char text[SEED_TEXT_SIZE];
    enum seed_fault fault = SEED_TOO_LONG;
    if (read_seed_text(admin_job_value(job, FIELD_SEED), text))
        fault = read_seed(admin_job_value(job, FIELD_FORMAT), text, &job->seed);
    explicit_bzero(text, sizeof text);
    if (seed_usable(fault))
        return true;
    admin_job_fail(job, REASON_MALFORMED, seed_fault_text(fault));
    return false;
}

void admin_totp_import(struct admin_job *job) {
    if (!take_seed(job))
        return;
    if (job->account[0] == '\0' && !admin_job_canonical(job, job->seed.account)) {
        admin_job_fail(job, REASON_MALFORMED,
                       job->seed.account[0] != '\0' ? "it names no account that is served here: say --account"
                                                    : "it names no account: say --account");
        return;
    }
    job->totp = job->seed.totp;
    job->recovery_count = job->seed.recovery_count;
    secret_row_id(admin_job_keyring(job), job->account, &job->totp, job->secret.id);
    look(job, import_found);
}
