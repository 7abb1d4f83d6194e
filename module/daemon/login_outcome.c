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
#include "daemon/throttle.h"

void login_outcome_remember(const struct login *login, enum verdict verdict, enum reason reason) {
    if (verdict == VERDICT_LATER)
        return;
    struct settlement settlement = {.verdict = verdict, .reason = reason};
    memcpy(settlement.facts, login->facts, sizeof settlement.facts);
    settled_remember(login->server->settled, login->record.ref, &settlement, clock_monotonic());
}

/* Where throttle.passwords is 0 nothing is counted. */
static void count(const struct login *login) {
    const struct gathering *gathering = &login->gathering;
    const uint32_t *mark = login->has_mark ? &login->mark : NULL;
    struct throttle *throttle = login->server->throttle;
    bool accepted = login->record.verdict == VERDICT_ACCEPT;
    if (gathering->throttle_login.passwords == 0)
        return;
    if (login->record.password == HISTORY_PASSWORD_RIGHT)
        throttle_succeeded(throttle, &gathering->throttle_login, mark, accepted, clock_monotonic());
    else if (login->record.password == HISTORY_PASSWORD_WRONG)
        login_aftermath_throttled(login, throttle_failed(throttle, &gathering->throttle_login, mark,
                                                         login->digits_hash, clock_monotonic()));
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
