/* SPDX-License-Identifier: BSD-2-Clause */
/* Recovery codes, networks, locks, and an account's end. Run by admin jobs; app passwords are admin_app_passwords.c's.
 * What it writes is what logins check (second_factor.c). */
#include "daemon/admin_accounts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "credential/keyed_hash.h"
#include "daemon/admin_job.h"
#include "daemon/compromise.h"
#include "daemon/explanation.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "daemon/throttle_list.h"
#include "policy/configuration.h"
#include "store/history.h"

static void answer_with(struct admin_job *job, const char *kind) {
    struct message record = records_make(kind);
    record.value[FIELD_ACCOUNT] = job->account;
    records_add(&job->records, &record);
    admin_job_answer(job);
}

/* ---- recovery codes ---- */

static void codes_made(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, "the account has no confirmed secret"))
        return;
    for (size_t i = 0; i < job->recovery_count; i++) {
        struct message record = records_make("recovery-code");
        record.value[FIELD_ACCOUNT] = job->account;
        record.value[FIELD_DIGITS] = job->recovery[i];
        records_add(&job->records, &record);
    }
    admin_job_log(job, NULL, NULL);
    admin_job_answer(job);
}

void admin_recovery_codes_new(struct admin_job *job) {
    unsigned char hashes[RECOVERY_CODE_COUNT][STORE_HASH_SIZE];
    job->recovery_count = RECOVERY_CODE_COUNT;
    recovery_codes_generate(job->recovery, job->recovery_count);
    for (size_t i = 0; i < job->recovery_count; i++)
        keyed_hash_text(admin_job_keyring(job), HASH_RECOVERY_CODE, job->account, job->recovery[i], hashes[i]);
    struct store_order order = {.verb = STORE_NEW_RECOVERY_CODES,
                                .hashes = (const unsigned char (*)[STORE_HASH_SIZE])hashes,
                                .hash_count = job->recovery_count};
    admin_job_order(job, &order, codes_made);
}

/* ---- networks ---- */

static void networks_found(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return;
    for (size_t i = 0; i < report->network_count; i++) {
        char network[ADDRESS_TEXT_SIZE], made[ADMIN_NUMBER_SIZE], until[ADMIN_NUMBER_SIZE];
        struct message record = records_make("network");
        prefix_format(&report->networks[i].network, network);
        record.value[FIELD_NETWORK] = network;
        record.value[FIELD_MADE] = admin_number(report->networks[i].made, made);
        record.value[FIELD_UNTIL] = admin_number(report->networks[i].until, until);
        records_add(&job->records, &record);
    }
    admin_job_answer(job);
}

void admin_networks_list(struct admin_job *job) {
    struct store_order order = {.verb = STORE_SHOW};
    admin_job_order(job, &order, networks_found);
}

static void networks_forgotten(struct admin_job *job, const struct store_report *report) {
    const char *network = job->question.value[FIELD_NETWORK];
    if (!admin_job_done(job, report, network != NULL ? "the account remembers no such network"
                                                     : "the account remembers no network and no code"))
        return;
    admin_job_log(job, "network", network != NULL ? network : "all");
    answer_with(job, "forgotten");
}

/* An address stands for the network that is remembered for it. */
static bool read_network(const char *text, struct prefix *network) {
    struct address address;
    if (address_parse(text, &address)) {
        *network = address_network(&address);
        return true;
    }
    return prefix_parse(text, network) == PREFIX_OK;
}

void admin_networks_forget(struct admin_job *job) {
    struct store_order order = {.verb = STORE_FORGET_NETWORKS};
    const char *network = job->question.value[FIELD_NETWORK];
    if (network != NULL && !read_network(network, &order.network))
        admin_job_fail(job, REASON_MALFORMED, "this is no network such as 203.0.113.0/24, and no address");
    else
        admin_job_order(job, &order, networks_forgotten);
}

/* ---- locks ---- */

/* What was done by hand stands in the history, and colleagues hear of it. */
static void tell(struct admin_job *job, enum history_event_kind kind, enum notice_kind notice_kind) {
    struct server *server = job->server;
    const struct settings *settings = configuration_settings(server->configuration);
    const char *why = job->lock.why[0] != '\0' ? job->lock.why : NULL;
    char who[65];
    admin_job_who(job, who);
    const struct history_event event = {.at = job->gathering.facts.now,
                                        .kind = kind,
                                        .account = job->account,
                                        .address = job->gathering.facts.address,
                                        .country = job->gathering.facts.country,
                                        .who = who,
                                        .why = why,
                                        .until = job->lock.until};
    const struct notice notice = {.kind = notice_kind,
                                  .at = event.at,
                                  .account = job->account,
                                  .address = job->gathering.facts.address,
                                  .country = job->gathering.facts.country,
                                  .who = who,
                                  .why = why,
                                  .until = job->lock.until};
    history_add_event(server->history, &event);
    notifier_tell(server->notifier, settings->notify, &notice, clock_monotonic());
}

static void locked(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, ""))
        return;
    admin_job_log(job, "why", job->lock.why);
    tell(job, HISTORY_EVENT_LOCKED, NOTICE_LOCKED);
    answer_with(job, "locked");
}

void admin_account_lock(struct admin_job *job) {
    struct store_order order = {.verb = STORE_LOCK, .lock = &job->lock};
    const char *why = admin_job_value(job, FIELD_TEXT);
    int64_t until = admin_job_time(job, FIELD_UNTIL);
    if (why[0] == '\0' || until < 0) {
        admin_job_fail(job, REASON_MALFORMED, "the question lacks a reason, or its end is no time");
        return;
    }
    job->lock = (struct store_lock){.by_hand = true, .at = job->gathering.facts.now, .until = until};
    admin_job_who(job, job->lock.who);
    snprintf(job->lock.why, sizeof job->lock.why, "%s", why);
    admin_job_order(job, &order, locked);
}

/* Where nothing but guesses at codes kept something from the account, the store has nothing to forget. */
static void unlocked(struct admin_job *job, const struct store_report *report) {
    unsigned guesses = throttle_forget_guesses(job->server->throttle, job->account, clock_monotonic());
    bool guessed = report->result == STORE_ABSENT && guesses >= SECOND_FACTOR_GUESSES;
    bool throttled = throttle_list_look(job->server->throttled, job->account, clock_monotonic(), NULL, NULL) > 0;
    const char *absent = throttled ? "the account is not locked, but throttled: `account show` says from where, and "
                                     "--address ends that"
                                   : "the account is not locked";
    if (!guessed && !admin_job_done(job, report, absent))
        return;
    admin_job_log(job, NULL, NULL);
    compromise_forget(job->server->compromise, job->account);
    tell(job, HISTORY_EVENT_UNLOCKED, NOTICE_UNLOCKED);
    answer_with(job, "unlocked");
}

void admin_account_unlock(struct admin_job *job) {
    struct store_order order = {.verb = STORE_UNLOCK};
    admin_job_order(job, &order, unlocked);
}

/* The log, the history and whoever is told of locks have the network and why it was refused. */
static void throttle_known(struct admin_job *job) {
    char network[ADDRESS_TEXT_SIZE];
    const struct throttle_login *login = &job->gathering.throttle_login;
    if (!job->readable) {
        admin_job_fail(job, REASON_UNAVAILABLE, EXPLANATION_UNREADABLE);
        return;
    }
    enum throttle_state ended = throttle_end(job->server->throttle, login, clock_monotonic());
    if (ended == THROTTLE_NOT) {
        admin_job_fail(job, REASON_NONE, "the account is not throttled from there");
        return;
    }
    prefix_format(&login->network, network);
    admin_job_log(job, "network", network);
    snprintf(job->lock.why, sizeof job->lock.why, "no longer throttled from there: %s", throttle_state_words(ended));
    tell(job, HISTORY_EVENT_UNLOCKED, NOTICE_UNLOCKED);
    answer_with(job, "unlocked");
}

void admin_throttle_end(struct admin_job *job) {
    const char *address = job->question.value[FIELD_CLIENT_ADDRESS];
    if (address != NULL && address_parse(address, &job->gathering.facts.address))
        admin_job_gather(job, throttle_known);
    else
        admin_job_fail(job, REASON_MALFORMED, "the question lacks an address");
}

static void forgotten(struct admin_job *job, const struct store_report *report) {
    if (!admin_job_done(job, report, "the store has nothing of the account"))
        return;
    admin_job_log(job, NULL, NULL);
    answer_with(job, "forgotten");
}

void admin_account_forget(struct admin_job *job) {
    struct store_order order = {.verb = STORE_FORGET_ACCOUNT};
    admin_job_order(job, &order, forgotten);
}
