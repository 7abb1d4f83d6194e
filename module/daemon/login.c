/* SPDX-License-Identifier: BSD-2-Clause */
/* The course of one login, from begin to its log line. What is decided is decided in module/gate; what blocks is done
 * by a worker. Called by the protocols. */
#include "daemon/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/country_watch.h"
#include "daemon/login_opening.h"
#include "daemon/login_outcome.h"
#include "daemon/login_state.h"
#include "daemon/postfix_policy.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "policy/configuration.h"

static void detach(struct login *login) {
    if (login->previous != NULL)
        login->previous->next = login->next;
    else if (login->server->logins == login)
        login->server->logins = login->next;
    if (login->next != NULL)
        login->next->previous = login->previous;
    login->previous = login->next = NULL;
}

static void destroy(void *context) {
    struct login *login = context;
    detach(login);
    login_opening_forget(login);
    gather_clear(&login->gathering);
    explicit_bzero(login, sizeof *login);
    free(login);
}

static void answer(struct login *login, enum verdict verdict, enum reason reason) {
    const struct login_answer say = {.verdict = verdict,
                                     .reason = reason,
                                     .ref = login->record.ref,
                                     .code_length = (int)login->gathering.factor.cut};
    if (!login->left)
        login->answered(login->context, &say);
}

static bool never_deferred(enum reason reason) {
    return reason == REASON_MALFORMED || reason == REASON_THROTTLED || reason == REASON_UNAVAILABLE;
}

/* Has the outcome written down, then answers: what a client was told stands in the log. */
static void finish(struct login *login, enum stage stage, enum verdict verdict, enum reason reason) {
    login->stage = stage;
    login_outcome_record(login, verdict, reason, HISTORY_PASSWORD_UNKNOWN);
    answer(login, verdict, reason);
}

/* The end of a login that is judged at once; frees it. Mail is not logged where nothing stands in its way. */
static void conclude(struct login *login, enum verdict verdict, enum reason reason) {
    *login->place = NULL;
    if (login->kind != LOGIN_RELAYED || verdict != VERDICT_CONTINUE) {
        finish(login, STAGE_ENDED, verdict, reason);
    } else {
        if (login->record.would == REASON_NOT_GATED)
            login_outcome_record(login, VERDICT_ACCEPT, REASON_NONE, HISTORY_PASSWORD_UNKNOWN);
        answer(login, verdict, reason);
    }
    destroy(login);
}

/* Begin ends the login. Nothing may be done with it afterwards. */
static void refuse(struct login *login, enum verdict verdict, enum reason reason) {
    if (login->kind != LOGIN_CONVERSED)
        conclude(login, verdict, reason);
    else
        finish(login, STAGE_REFUSED, verdict, reason);
}

/* The password was right: the login's final verdict. */
static void settle(struct login *login, enum verdict verdict, enum reason reason) {
    login->stage = STAGE_SETTLED;
    login_outcome_remember(login, verdict, reason);
    login_outcome_record(login, verdict, reason, HISTORY_PASSWORD_RIGHT);
    answer(login, verdict, reason);
}

/* Tells the store what the login consumes. False where it cannot be told. */
static bool tell_store(struct login *login, struct store_login *settlement, store_settle_done *done) {
    const struct vault *vault = login->server->vault;
    char country[3];
    country_code_format(login->record.country, country);
    settlement->ref = login->record.ref;
    settlement->facts = login->facts;
    settlement->account = login->record.account;
    settlement->network = address_network(&login->record.address);
    settlement->now = clock_wall();
    settlement->deadline = clock_monotonic() + VAULT_PATIENCE;
    settlement->address = login->record.address;
    settlement->country = country;
    settlement->service = login->record.service;
    const struct facts *facts = &login->gathering.facts;
    settlement->past_gate_lock = facts->locked == KNOWN_YES && !facts->lock_by_hand; /* which the gate has softened */
    return store_settle(vault_store(vault), settlement, done, login) != 0;
}

/* The store has answered a login whose module went away meanwhile: it has its line, and can go. */
static void go_if_left(struct login *login) {
    if (login->left)
        destroy(login);
}

static void app_password_settled(void *context, enum store_answer answered) {
    struct login *login = context;
    enum reason reason = second_factor_reason(&login->gathering.factor, answered);
    if (reason == REASON_NONE)
        settle(login, VERDICT_ACCEPT, REASON_NONE);
    else if (reason == REASON_UNAVAILABLE)
        refuse(login, VERDICT_LATER, reason);
    else
        refuse(login, VERDICT_DENY, answered == STORE_REUSED ? REASON_APP_PASSWORD_SCOPE : reason);
    go_if_left(login);
}

/* An app password that may be used here needs no other password: it is settled now. */
static void accept_app_password(struct login *login) {
    struct store_login settlement = {.use = STORE_USE_APP_PASSWORD, .app_password = login->gathering.app_hash};
    login->stage = STAGE_SETTLING;
    if (!tell_store(login, &settlement, app_password_settled))
        refuse(login, VERDICT_LATER, REASON_UNAVAILABLE);
}

/* The gate's decision, and an app password's own limits where no rule denies. */
static void judge(struct login *login) {
    const struct gathering *gathering = &login->gathering;
    struct decision *decision = &login->decision;
    gate_decide(&gathering->facts, &gathering->policy, decision);
    login->record.would = decision->would;
    login->record.credential = gathering->facts.credential;
    if (decision->reason == REASON_THROTTLED)
        login->record.note = throttle_state_name(gathering->throttle_state);
    if (decision->reason == REASON_APP_PASSWORD_SCOPE)
        login->record.note = "app-password-under-a-name-with-a-recipient-delimiter";
    if (!gathering->app_known || decision->verdict != VERDICT_CONTINUE || gathering->app_scope == APP_PASSWORD_FITS)
        return;
    bool tampered = gathering->app_scope == APP_PASSWORD_TAMPERED;
    decision->verdict = tampered ? VERDICT_LATER : VERDICT_DENY;
    decision->reason = tampered ? REASON_UNAVAILABLE : REASON_APP_PASSWORD_SCOPE;
}

/* All facts are there: judge, and answer the begin. */
static void decide(void *context, bool readable) {
    struct login *login = context;
    const struct decision *decision = &login->decision;
    login_opening_forget(login);
    login->record.country = login->gathering.facts.country;
    if (!readable) {
        refuse(login, VERDICT_LATER, REASON_UNAVAILABLE);
        return;
    }
    judge(login);
    if (login->kind != LOGIN_CONVERSED) {
        conclude(login, decision->verdict, decision->reason);
        return;
    }
    bool denied = decision->verdict != VERDICT_CONTINUE;
    bool deferred = denied && decision->verdict == VERDICT_DENY && login->defer && !never_deferred(decision->reason);
    if (denied && !deferred) {
        refuse(login, decision->verdict, decision->reason);
    } else if (!denied && login->gathering.app_known) {
        accept_app_password(login);
    } else {
        login->stage = STAGE_OPEN;
        answer(login, VERDICT_CONTINUE, denied ? decision->reason : REASON_NONE);
    }
}

static struct login *create(struct server *server, enum login_kind kind) {
    struct login *login = calloc(1, sizeof *login);
    if (login == NULL)
        return NULL;
    login->server = server;
    login->kind = kind;
    login->now = clock_monotonic();
    login->gathering = (struct gathering){
        .server = server,
        .account = login->record.account,
        .service = login->record.service,
        .cut = SECOND_FACTOR_CUT_OPEN,
        .done = decide,
        .context = login,
    };
    login->gathering.facts.now = clock_wall();
    login->gathering.never_throttled = kind == LOGIN_RELAYED;
    login->next = server->logins;
    if (login->next != NULL)
        login->next->previous = login;
    server->logins = login;
    return login;
}

static void refuse_malformed(struct login *login) {
    country_watch_look_up(login->server->country, &login->gathering.facts);
    login->record.country = login->gathering.facts.country;
    refuse(login, VERDICT_DENY, REASON_MALFORMED);
}

struct login *login_begin(struct server *server, const struct message *begin, login_answered *answered,
                          void *context) {
    struct login *login = create(server, LOGIN_CONVERSED);
    if (login == NULL)
        return NULL;
    login->answered = answered;
    login->context = context;
    bool sound = login_opening_read(login, begin);
    bool named = login_opening_name(login, begin);
    if (named && sound)
        gather_start(&login->gathering);
    else
        refuse_malformed(login);
    return login;
}

void login_judge(struct server *server, enum login_kind kind, const struct message *message,
                 const struct login_asker *asker) {
    struct login *login = create(server, kind);
    *asker->login = login;
    if (login == NULL) {
        asker->answered(asker->context, &(struct login_answer){.verdict = VERDICT_LATER, .reason = REASON_UNAVAILABLE});
        return;
    }
    login->place = asker->login;
    login->answered = asker->answered;
    login->context = asker->context;
    bool sound = login_opening_read(login, message);
    bool named = login_opening_name(login, message);
    struct facts *facts = &login->gathering.facts;
    if (kind == LOGIN_RELAYED && sound)
        facts->not_gated = !postfix_policy_knows(server, login->record.account, facts);
    if (named && sound)
        gather_start(&login->gathering);
    else if (named)
        refuse_malformed(login);
    else
        refuse(login, VERDICT_LATER, REASON_UNAVAILABLE);
}

/* A code that proved nothing leaves a bare password: what that is refused for. One that was right once is still better
 * than none where reuse is only reported. */
static enum reason bare_denied(const struct gathering *gathering, enum reason reason) {
    struct facts bare = gathering->facts;
    bare.credential = CREDENTIAL_PASSWORD;
    bare.code_present = false;
    if (gate_outcome(REASON_LEGACY_AUTH, &bare, &gathering->policy) == OUTCOME_DECIDED)
        return REASON_LEGACY_AUTH;
    if (reason != REASON_SECOND_FACTOR_REUSED &&
        gate_outcome(REASON_SECOND_FACTOR_MISSING, &bare, &gathering->policy) == OUTCOME_DECIDED)
        return REASON_SECOND_FACTOR_MISSING;
    return REASON_NONE;
}

static void commit_settled(void *context, enum store_answer answered) {
    struct login *login = context;
    const struct gathering *gathering = &login->gathering;
    enum reason reason = second_factor_reason(&gathering->factor, answered), bare;
    if (login->decision.verdict != VERDICT_CONTINUE)
        settle(login, VERDICT_DENY, login->decision.reason);
    else if (reason == REASON_UNAVAILABLE)
        settle(login, VERDICT_LATER, reason);
    else if (reason == REASON_LOCKED) /* by hand, or since begin: neither is softened here */
        settle(login, VERDICT_DENY, reason);
    else if (reason != REASON_NONE &&
             gate_denies(reason, &gathering->facts, &gathering->policy, &login->record.would))
        settle(login, VERDICT_DENY, reason);
    else if (reason != REASON_NONE && (bare = bare_denied(gathering, reason)) != REASON_NONE)
        settle(login, VERDICT_DENY, bare);
    else
        settle(login, VERDICT_ACCEPT, REASON_NONE);
    go_if_left(login);
}

/* Whether the code is one that is not looked at: too many were guessed at. */
static bool guessed_at(struct login *login) {
    struct gathering *gathering = &login->gathering;
    struct second_factor *factor = &gathering->factor;
    if (!factor->unguarded && factor->kind != CODE_RECOVERY)
        return false;
    const struct server *server = login->server;
    unsigned guesses = throttle_guesses(server->throttle, &gathering->throttle_login, clock_monotonic());
    bool taken = second_factor_after_guesses(factor, guesses);
    if (!taken)
        login->record.note = "recovery-codes-are-being-guessed";
    else if (factor->unguarded && guesses >= SECOND_FACTOR_GUESSES)
        login->record.note = "network-not-remembered-while-codes-are-being-guessed";
    return !taken;
}

/* Has the store settle what the login consumes. A login that is denied all the same only burns its code. */
static void consume(struct login *login, bool denied) {
    struct store_login settlement = {0};
    bool guessed = !denied && guessed_at(login);
    second_factor_settlement(&login->gathering.factor, denied, &settlement);
    bool nothing = login->server->vault == NULL || login->gathering.facts.store_unreadable ||
                   (denied && settlement.use == STORE_USE_NOTHING);
    login->stage = STAGE_SETTLING;
    if (nothing)
        commit_settled(login, STORE_SETTLED);
    else if (guessed)
        commit_settled(login, STORE_OVER_BUDGET);
    else if (!tell_store(login, &settlement, commit_settled))
        commit_settled(login, STORE_UNAVAILABLE);
}

static void take_mark(struct login *login, const char *mark) {
    login->has_mark = mark != NULL;
    login->mark = mark != NULL ? (uint32_t)strtoul(mark, NULL, 16) : 0;
}

void login_commit(struct login *login, const struct message *commit, login_answered *answered, void *context) {
    take_mark(login, commit->value[FIELD_PASSWORD_MARK]);
    login->answered = answered;
    login->context = context;
    if (login->repeated) {
        login->stage = STAGE_SETTLED;
        answer(login, login->before.verdict, login->before.reason);
    } else {
        consume(login, login->decision.verdict != VERDICT_CONTINUE);
    }
}

static enum reason open_end_reason(const struct login *login, enum end_status status) {
    if (login->decision.verdict != VERDICT_CONTINUE && status != END_UNCOMMITTED)
        return login->decision.reason; /* the first rule that decided */
    static const enum reason reasons[END_STATUS_COUNT] = {
        [END_WRONG] = REASON_PASSWORD,
        [END_ERROR] = REASON_PASSWORD_ERROR,
        [END_UNCOMMITTED] = REASON_UNCOMMITTED,
    };
    return reasons[status];
}

static void burnt(void *context, enum store_answer answered) {
    (void)context; /* the login may be gone */
    (void)answered;
}

/* A login that succeeded past the gate: its code must not serve again. Nobody waits for the answer. */
static void burn(struct login *login) {
    struct store_login settlement = {0};
    second_factor_settlement(&login->gathering.factor, true, &settlement);
    if (login->server->vault != NULL && settlement.use != STORE_USE_NOTHING)
        tell_store(login, &settlement, burnt);
}

static void end_open(struct login *login, enum end_status status) {
    login->stage = STAGE_ENDED;
    if (status == END_UNCOMMITTED)
        burn(login);
    login_outcome_record(login, VERDICT_DENY, open_end_reason(login, status),
                         status == END_WRONG ? HISTORY_PASSWORD_WRONG : HISTORY_PASSWORD_UNKNOWN);
}

bool login_end(struct login *login, enum end_status status, const char *mark) {
    if (login->stage == STAGE_OPEN && status != END_WITHDRAWN) {
        take_mark(login, mark);
        end_open(login, status);
        return true;
    }
    if (login->stage != STAGE_SETTLED || (status != END_WITHDRAWN && status != END_UNCOMMITTED))
        return false;
    login->stage = STAGE_ENDED;
    if (status == END_UNCOMMITTED)
        login_outcome_record(login, VERDICT_DENY, REASON_UNCOMMITTED, HISTORY_PASSWORD_UNKNOWN);
    else
        login_record_withdrawn(&login->record);
    return true;
}

bool login_is(const struct login *login, const struct message *message) {
    char name[ACCOUNT_NAME_SIZE];
    const struct settings *settings = configuration_settings(login->server->configuration);
    if (strcmp(login->record.ref, message->value[FIELD_REF]) != 0)
        return false;
    if (!account_name_undivided(&settings->naming, message->value[FIELD_USER], name))
        return false;
    return strcmp(name, login->name) == 0;
}

bool login_open(const struct login *login) {
    return login->stage == STAGE_OPEN;
}

void login_leave(struct login **left) {
    struct login *login = *left;
    if (login == NULL)
        return;
    *left = NULL;
    if (login->stage == STAGE_GATHERING) {
        detach(login);
        gather_cancel(&login->gathering, destroy);
        return;
    }
    if (login->stage == STAGE_SETTLING) {
        detach(login);
        login->left = true;
        return;
    }
    bool unspoken = login->stage == STAGE_OPEN && !login->superseded && !login->repeated;
    if (unspoken && !login->server->draining)
        end_open(login, END_WRONG);
    destroy(login);
}

void login_log_refused(struct server *server, const struct message *message, enum reason reason, const char *why) {
    struct login_record record = {.verdict = reason == REASON_UNAVAILABLE ? VERDICT_LATER : VERDICT_DENY,
                                  .reason = reason,
                                  .note = why};
    if (message->value[FIELD_USER] != NULL)
        login_record_name(record.account, message->value[FIELD_USER]);
    if (message->value[FIELD_CLIENT_ADDRESS] != NULL)
        address_parse(message->value[FIELD_CLIENT_ADDRESS], &record.address);
    login_record_word(record.service, message->value[FIELD_SERVICE]);
    if (settled_new_ref(server->settled, clock_monotonic(), record.ref))
        login_record_write(server, &record);
}

void login_log_malformed(struct server *server, const struct message *message, const char *why) {
    login_log_refused(server, message, REASON_MALFORMED, why);
}
