/* SPDX-License-Identifier: BSD-2-Clause */
/* The log and the history, the throttle's counters, what Postfix's policy requests are judged by later. Called by
 * login.c at a login's end; changes no verdict. */
#include "daemon/login_outcome.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/login_aftermath.h"
#include "daemon/login_state.h"
#include "daemon/postfix_policy.h"
#include "daemon/server.h"
#include "daemon/throttle_list.h"

void login_outcome_remember(const struct login *login, enum verdict verdict, enum reason reason) {
    if (verdict == VERDICT_LATER)
        return;
    struct settlement settlement = {.verdict = verdict, .reason = reason};
    memcpy(settlement.facts, login->facts, sizeof settlement.facts);
    settled_remember(login->server->settled, login->record.ref, &settlement, clock_monotonic());
}

/* Where throttle.passwords is 0 nothing is counted but guesses at codes, nor where the gate itself could not judge a
 * right password. */
static void count(const struct login *login) {
    const struct gathering *gathering = &login->gathering;
    const struct throttle_login *counted = &gathering->throttle_login;
    const uint32_t *mark = login->has_mark ? &login->mark : NULL;
    struct throttle *throttle = login->server->throttle;
    int64_t now = clock_monotonic();
    bool right = login->record.password == HISTORY_PASSWORD_RIGHT;
    enum throttle_state began = THROTTLE_NOT;
    if (login->record.password == HISTORY_PASSWORD_WRONG && gathering->factor.guess)
        throttle_guessed(throttle, counted, mark, login->digits_hash, now);
    if (counted->passwords == 0)
        return;
    if (right && login->record.verdict == VERDICT_ACCEPT)
        throttle_succeeded(throttle, counted, mark, now);
    else if (right && login->record.verdict == VERDICT_DENY && !gathering->app_known)
        began = throttle_denied(throttle, counted, mark, login->digits_hash, now);
    else if (login->record.password == HISTORY_PASSWORD_WRONG)
        began = throttle_failed(throttle, counted, mark, login->digits_hash, now);
    if (began != THROTTLE_NOT)
        throttle_list_add(login->server->throttled, counted);
    login_aftermath_throttled(login, began);
}

void login_outcome_record(struct login *login, enum verdict verdict, enum reason reason,
                          enum history_password password) {
    login->record.verdict = verdict;
    login->record.reason = reason;
    bool misplaced = login->gathering.app_known && verdict == VERDICT_DENY; /* a right one, in the wrong place */
    login->record.password = misplaced ? HISTORY_PASSWORD_RIGHT : password;
    if (login->superseded)
        return;
    login_record_write(login->server, &login->record);
    count(login);
    if (login->record.password == HISTORY_PASSWORD_RIGHT)
        login_aftermath_right(login);
    if (login->kind != LOGIN_RELAYED && (verdict == VERDICT_ACCEPT || verdict == VERDICT_CONTINUE))
        postfix_policy_accepted(login->server, login->record.account, &login->gathering.facts);
}
