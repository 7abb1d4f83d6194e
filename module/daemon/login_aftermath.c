/* SPDX-License-Identifier: BSD-2-Clause */
/* Events for the history, notices for the administrator, locks for the store. Called by login_outcome.c. */
#include "daemon/login_aftermath.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/compromise.h"
#include "daemon/login_state.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "policy/configuration.h"
#include "store/history.h"

#define LOCKER "authgate"
#define LOCK_OTHERWISE 86400
#define COUNTRIES_OTHERWISE 3
#define WINDOW_OTHERWISE 86400
#define LOCK_PATIENCE 10000 /* milliseconds: nobody waits for it */
#define LAST_PATIENCE 1000  /* milliseconds: the daemon's end does */

/* A lock on its way to the store. */
struct locking {
    struct server *server;
    struct locking *next; /* in the server's list */
    struct store_lock lock;
    char account[ACCOUNT_NAME_SIZE];
    char ref[REF_SIZE];
    struct address address;
    country_code country;
};

static void tell(struct server *server, struct notice *notice) {
    notice->at = clock_wall();
    notifier_tell(server->notifier, configuration_settings(server->configuration)->notify, notice, clock_monotonic());
}

/* How each of our lines begins, made safe: a name may hold blanks. */
static const char *whose(const char *ref, const char *account, char text[LOG_LINE_SIZE / 2]) {
    struct buffer line;
    buffer_init(&line, text, LOG_LINE_SIZE / 2);
    log_add(&line, "ref", ref);
    log_add(&line, "account", account);
    return text;
}

static void release(struct locking *locking) {
    struct locking **place = &locking->server->lockings;
    while (*place != locking)
        place = &(*place)->next;
    *place = locking->next;
    free(locking);
}

static void locked(void *context, const struct store_report *report) {
    struct locking *locking = context;
    struct server *server = locking->server;
    char name[LOG_LINE_SIZE / 2];
    whose(locking->ref, locking->account, name);
    if (report->result == STORE_DONE) {
        const struct history_event event = {
            .at = locking->lock.at, .kind = HISTORY_EVENT_LOCKED, .account = locking->account, .ref = locking->ref,
            .address = locking->address, .country = locking->country, .who = LOCKER, .why = locking->lock.why,
            .until = locking->lock.until};
        struct notice notice = {
            .kind = NOTICE_LOCKED, .account = locking->account, .ref = locking->ref, .address = locking->address,
            .country = locking->country, .who = LOCKER, .why = locking->lock.why, .until = locking->lock.until};
        history_add_event(server->history, &event);
        tell(server, &notice);
        compromise_forget(server->compromise, locking->account); /* when the lock ends, it is counted anew */
        log_message(LOG_WARNING, "%s locked by the gate: %s", name, locking->lock.why);
    } else {
        log_message(LOG_CRIT, "%s could not be locked: %s", name,
                    report->fault[0] != '\0' ? report->fault : "the store is unavailable");
    }
    release(locking);
}

static void lock(const struct login *login, const char *why, int64_t seconds) {
    struct server *server = login->server;
    struct locking *locking = server->vault != NULL ? calloc(1, sizeof *locking) : NULL;
    if (locking == NULL) {
        char name[LOG_LINE_SIZE / 2];
        log_message(LOG_CRIT, "%s should be locked (%s), but there is no store to say so in",
                    whose(login->record.ref, login->record.account, name), why);
        return;
    }
    locking->server = server;
    locking->next = server->lockings;
    server->lockings = locking;
    locking->lock = (struct store_lock){.who = LOCKER, .at = clock_wall(), .until = clock_wall() + seconds};
    snprintf(locking->lock.why, sizeof locking->lock.why, "%s", why);
    memcpy(locking->account, login->record.account, sizeof locking->account);
    memcpy(locking->ref, login->record.ref, sizeof locking->ref);
    locking->address = login->record.address;
    locking->country = login->record.country;
    const struct store_order order = {.verb = STORE_LOCK,
                                      .account = locking->account,
                                      .now = locking->lock.at,
                                      .deadline = clock_monotonic() + LOCK_PATIENCE,
                                      .lock = &locking->lock,
                                      .who = LOCKER};
    if (store_administer(vault_store(server->vault), &order, locked, locking) == 0)
        locked(locking, &(struct store_report){.result = STORE_FAILED});
}

static void record(const struct login *login, enum history_event_kind kind, enum notice_kind told, const char *why) {
    const struct login_record *record = &login->record;
    if (!compromise_is_news(login->server->compromise, (int)kind, record->account, clock_monotonic() / 1000))
        return;
    const struct history_event event = {
        .at = clock_wall(), .kind = kind, .account = record->account, .ref = record->ref, .address = record->address,
        .country = record->country, .who = LOCKER, .why = why};
    struct notice notice = {.kind = told, .account = record->account, .service = record->service, .ref = record->ref,
                            .address = record->address, .country = record->country, .why = why};
    history_add_event(login->server->history, &event);
    tell(login->server, &notice);
}

/* Each code that was wrong with the right password counts, this login's too. */
static unsigned wrong_codes(const struct login *login) {
    const struct second_factor *factor = &login->gathering.factor;
    return factor->wrong_codes + (factor->kind == CODE_WRONG ? 1 : 0);
}

static void look_for_theft(const struct login *login) {
    const struct policy *policy = &login->gathering.policy;
    enum reason reason = login->record.verdict == VERDICT_DENY ? login->record.reason : REASON_NONE;
    if (!stolen_password(reason, wrong_codes(login)))
        return;
    char why[128];
    if (reason == REASON_COUNTRY || reason == REASON_NETWORK)
        snprintf(why, sizeof why, "the right password from the wrong %s", reason_name(reason));
    else
        snprintf(why, sizeof why, "the right password with %u wrong codes in a day", wrong_codes(login));
    record(login, HISTORY_EVENT_STOLEN, NOTICE_STOLEN, why);
    if (policy_number(policy, POLICY_STOLEN_ACTION, ACTION_REPORT) == ACTION_DENY)
        lock(login, why, policy_number(policy, POLICY_STOLEN_FOR, LOCK_OTHERWISE));
}

static void look_for_compromise(const struct login *login) {
    const struct policy *policy = &login->gathering.policy;
    if (login->record.verdict != VERDICT_ACCEPT)
        return;
    const struct compromise_login seen = {
        .account = login->record.account,
        .country = login->record.country,
        .proxied = value_holds_address(policy_value(policy, POLICY_NETWORKS_PROXIES), &login->record.address),
        .countries = policy_number(policy, POLICY_COMPROMISE_COUNTRIES, COUNTRIES_OTHERWISE),
        .window = policy_number(policy, POLICY_COMPROMISE_WINDOW, WINDOW_OTHERWISE),
        .now = clock_monotonic() / 1000,
    };
    int countries = compromise_note(login->server->compromise, &seen);
    if (countries == 0)
        return;
    char why[128];
    snprintf(why, sizeof why, "accepted from %d countries within %lld hours", countries,
             (long long)(seen.window + 3599) / 3600);
    record(login, HISTORY_EVENT_COMPROMISED, NOTICE_COMPROMISED, why);
    if (policy_number(policy, POLICY_COMPROMISE_ACTION, ACTION_REPORT) == ACTION_DENY)
        lock(login, why, policy_number(policy, POLICY_COMPROMISE_FOR, LOCK_OTHERWISE));
}

void login_aftermath_right(const struct login *login) {
    look_for_theft(login);
    look_for_compromise(login);
}

void login_aftermath_throttled(const struct login *login, enum throttle_state began) {
    static const char *const words[] = {
        [THROTTLE_PASSWORDS] = "too many distinct wrong passwords from this network",
        [THROTTLE_SPRAYING] = "this network tries one account after the other",
        [THROTTLE_ATTACKED] = "this account is attacked from everywhere",
    };
    if (began == THROTTLE_NOT)
        return;
    const char *account = began == THROTTLE_SPRAYING ? "" : login->record.account;
    const struct history_event event = {
        .at = clock_wall(), .kind = HISTORY_EVENT_THROTTLED, .account = account, .ref = login->record.ref,
        .address = login->record.address, .country = login->record.country, .who = LOCKER, .why = words[began]};
    struct notice notice = {.kind = NOTICE_THROTTLED, .account = began == THROTTLE_SPRAYING ? NULL : account,
                            .ref = login->record.ref, .address = login->record.address,
                            .network = address_network(&login->record.address), .country = login->record.country,
                            .why = words[began]};
    history_add_event(login->server->history, &event);
    tell(login->server, &notice);
}

void login_aftermath_finish(struct server *server) {
    int64_t left, until = clock_monotonic() + LAST_PATIENCE;
    char name[LOG_LINE_SIZE / 2];
    while (server->lockings != NULL && (left = until - clock_monotonic()) > 0) {
        struct pollfd answers = {.fd = store_descriptor(vault_store(server->vault)), .events = POLLIN};
        poll(&answers, 1, (int)left);
        store_dispatch(vault_store(server->vault), clock_monotonic());
    }
    for (struct locking *locking; (locking = server->lockings) != NULL; release(locking))
        log_message(LOG_CRIT, "%s may not have been locked (%s): the store does not answer at the end",
                    whose(locking->ref, locking->account, name), locking->lock.why);
}
