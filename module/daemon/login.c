/* SPDX-License-Identifier: BSD-2-Clause */
/* The course of one login, from begin to its log line. What is decided is decided in module/gate; what blocks is done
 * by a worker. Called by the protocols. */
#include "daemon/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "credential/keyed_hash.h"
#include "daemon/country_watch.h"
#include "daemon/gather.h"
#include "daemon/login_log.h"
#include "daemon/postfix_policy.h"
#include "daemon/second_factor.h"
#include "daemon/server.h"
#include "daemon/settled.h"
#include "daemon/throttle.h"
#include "daemon/vault.h"
#include "gate/gate.h"
#include "policy/configuration.h"
#include "store/store.h"

enum stage {
    STAGE_GATHERING, /* facts are being looked up; nothing has been answered */
    STAGE_OPEN,      /* answered continue; the password is being checked */
    STAGE_SETTLING,  /* the store is told; the answer follows */
    STAGE_REFUSED,   /* begin ended it */
    STAGE_SETTLED,   /* commit was answered */
    STAGE_ENDED,     /* the module said how it ended */
};

struct login {
    struct server *server;
    struct login *previous, *next;
    enum login_kind kind;
    struct login **place; /* of a login that is judged at once: where its owner keeps it */
    enum stage stage;
    struct login_record record; /* what the log line says */
    struct gathering gathering;
    struct decision decision;
    uint64_t facts_hash;
    bool defer;
    bool repeated;     /* a commit with this ref was answered before: say the same again */
    struct settlement before; /* what was answered */
    bool superseded;   /* the same login goes on over another connection */
    bool left;         /* the module has gone while the store was told */
    int64_t now;       /* clock_monotonic at the begin */
    uint64_t digits_hash; /* keyed; 0: no digits */
    uint32_t mark;     /* of the password that was checked, where has_mark */
    bool has_mark;
    struct secret digits, app_password; /* until the facts are gathered */
    login_answered *answered;
    void *context;
};

static void detach(struct login *login) {
    if (login->previous != NULL)
        login->previous->next = login->next;
    else if (login->server->logins == login)
        login->server->logins = login->next;
    if (login->next != NULL)
        login->next->previous = login->previous;
    login->previous = login->next = NULL;
}

static void forget_typed(struct login *login) {
    secret_clear(&login->digits);
    secret_clear(&login->app_password);
    login->gathering.digits = login->gathering.app_password = NULL;
}

static void destroy(void *context) {
    struct login *login = context;
    detach(login);
    forget_typed(login);
    gather_clear(&login->gathering);
    explicit_bzero(login, sizeof *login);
    free(login);
}

/* A keyed hash of all that the login says of itself, each value with its length, so that a ref cannot be used again for
 * anything else. */
static uint64_t hash_facts(const struct server *server, const struct message *begin) {
    static const enum field fields[] = {FIELD_USER,   FIELD_SERVICE,      FIELD_CLIENT_ADDRESS, FIELD_MECHANISM,
                                        FIELD_DIGITS, FIELD_APP_PASSWORD, FIELD_DEFER};
    char chunk[MESSAGE_LIMIT];
    struct buffer buffer;
    buffer_init(&buffer, chunk, sizeof chunk);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *value = begin->value[fields[i]] != NULL ? begin->value[fields[i]] : "";
        buffer_add_format(&buffer, "%zu:%s,", strlen(value), value);
    }
    uint64_t hash = siphash(server->facts_key, chunk, buffer.length);
    explicit_bzero(chunk, buffer.length);
    return hash;
}

static void take_mark(struct login *login, const char *mark) {
    login->has_mark = mark != NULL;
    login->mark = mark != NULL ? (uint32_t)strtoul(mark, NULL, 16) : 0;
}

static const uint32_t *mark_of(const struct login *login) {
    return login->has_mark ? &login->mark : NULL;
}

/* A wrong password counts, unless it was a known app password in the wrong place, or throttle.passwords is 0. */
static void count_wrong(struct login *login) {
    if (!login->gathering.app_known && login->gathering.throttle_login.passwords > 0)
        throttle_failed(login->server->throttle, &login->gathering.throttle_login, mark_of(login), login->digits_hash,
                        clock_monotonic());
}

static void count_right(struct login *login, bool accepted) {
    if (login->gathering.throttle_login.passwords > 0)
        throttle_succeeded(login->server->throttle, &login->gathering.throttle_login, mark_of(login), accepted,
                           clock_monotonic());
}

/* The login's verdict, its one line, and what Postfix's policy requests are judged by later. */
static void record(struct login *login, enum verdict verdict, enum reason reason) {
    login->record.verdict = verdict;
    login->record.reason = reason;
    if (login->superseded)
        return; /* the other connection's login has the line */
    login_record_write(login->server, &login->record);
    if (login->kind != LOGIN_RELAYED && (verdict == VERDICT_ACCEPT || verdict == VERDICT_CONTINUE))
        postfix_policy_accepted(login->server, login->record.account, &login->gathering.facts);
}

static void settle(struct login *login, enum verdict verdict, enum reason reason) {
    login->stage = STAGE_SETTLED;
    struct settlement settlement = {.facts = login->facts_hash, .verdict = verdict, .reason = reason};
    settled_remember(login->server->settled, login->record.ref, &settlement, clock_monotonic());
    record(login, verdict, reason);
}

static void finish(struct login *login, enum stage stage, enum verdict verdict, enum reason reason) {
    login->stage = stage;
    record(login, verdict, reason);
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

/* The end of a login that is judged at once; frees it. */
static void conclude(struct login *login, enum verdict verdict, enum reason reason) {
    *login->place = NULL;
    if (login->kind == LOGIN_RELAYED && verdict == VERDICT_CONTINUE) {
        if (login->record.would == REASON_NOT_GATED)
            finish(login, STAGE_ENDED, VERDICT_ACCEPT, REASON_NONE);
    } else {
        finish(login, STAGE_ENDED, verdict, reason);
    }
    answer(login, verdict, reason);
    destroy(login);
}

/* Begin ends the login. Nothing may be done with it afterwards. */
static void refuse(struct login *login, enum verdict verdict, enum reason reason) {
    if (login->kind != LOGIN_CONVERSED) {
        conclude(login, verdict, reason);
        return;
    }
    finish(login, STAGE_REFUSED, verdict, reason);
    answer(login, verdict, reason);
}

/* Tells the store what the login consumes. False where it cannot be told. */
static bool tell_store(struct login *login, struct store_login *settlement, store_settle_done *done) {
    const struct vault *vault = login->server->vault;
    const struct hash_part part = {&login->facts_hash, sizeof login->facts_hash};
    unsigned char facts[STORE_HASH_SIZE];
    char country[3];
    keyed_hash(vault_keyring(vault), HASH_LOGIN, login->record.account, &part, 1, facts);
    country_code_format(login->record.country, country);
    settlement->ref = login->record.ref;
    settlement->facts = facts;
    settlement->account = login->record.account;
    settlement->network = address_network(&login->record.address);
    settlement->now = clock_wall();
    settlement->deadline = clock_monotonic() + VAULT_PATIENCE;
    settlement->address = login->record.address;
    settlement->country = country;
    settlement->service = login->record.service;
    settlement->past_gate_lock = login->decision.would == REASON_LOCKED;
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
    if (reason == REASON_NONE) {
        count_right(login, true);
        settle(login, VERDICT_ACCEPT, REASON_NONE);
        answer(login, VERDICT_ACCEPT, REASON_NONE);
    } else if (reason == REASON_UNAVAILABLE) {
        refuse(login, VERDICT_LATER, reason);
    } else {
        refuse(login, VERDICT_DENY, answered == STORE_REUSED ? REASON_APP_PASSWORD_SCOPE : reason);
    }
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
    forget_typed(login);
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

static struct login *find_by_ref(const struct server *server, const struct login *self) {
    for (struct login *login = server->logins; login != NULL; login = login->next)
        if (login != self && strcmp(login->record.ref, self->record.ref) == 0)
            return login;
    return NULL;
}

/* A begin with a ref: the module lost its connection before the answer to commit. False where the ref is another's. */
static bool take_up(struct login *login, const struct message *begin) {
    struct server *server = login->server;
    memcpy(login->record.ref, begin->value[FIELD_REF], REF_LENGTH);
    login->gathering.facts.now -= strtol(begin->value[FIELD_BEGUN], NULL, 10);
    struct login *other = find_by_ref(server, login);
    const struct settlement *settlement = settled_find(server->settled, login->record.ref, login->now);
    if ((other != NULL && other->facts_hash != login->facts_hash) ||
        (settlement != NULL && settlement->facts != login->facts_hash))
        return false;
    if (other != NULL)
        other->superseded = true;
    login->gathering.cut = (int)strtol(begin->value[FIELD_CODE_LENGTH], NULL, 10);
    login->repeated = settlement != NULL;
    if (login->repeated)
        login->before = *settlement;
    return true;
}

static bool name_login(struct login *login, const struct message *begin) {
    bool has_ref = begin->value[FIELD_REF] != NULL;
    if (has_ref != (begin->value[FIELD_BEGUN] != NULL) || has_ref != (begin->value[FIELD_CODE_LENGTH] != NULL))
        return false;
    return has_ref ? take_up(login, begin) : settled_new_ref(login->server->settled, login->record.ref);
}

/* Postfix's policy requests are about logins whose credential was judged when they were made. */
static enum credential credential_of(const struct login *login) {
    static const char *const tokens[] = {"OAUTHBEARER", "XOAUTH2", "GSSAPI", "GSS-SPNEGO", "EXTERNAL"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        if (strcmp(login->record.mechanism, tokens[i]) == 0)
            return CREDENTIAL_TOKEN;
    return login->kind == LOGIN_RELAYED ? CREDENTIAL_TOKEN : CREDENTIAL_PASSWORD;
}

/* Keeps a copy of what was typed, until the facts are gathered. */
static bool keep_typed(struct secret *secret, const char *value, const char **kept) {
    if (value == NULL)
        return true;
    bool done = secret_set(secret, value, strlen(value));
    *kept = secret->bytes;
    return done;
}

/* Puts the message's words where the rules and the log find them. False where the account's name cannot be. */
static bool read_begin(struct login *login, const struct message *begin) {
    struct configuration *configuration = login->server->configuration;
    const struct settings *settings = configuration_settings(configuration);
    struct login_record *record = &login->record;
    struct facts *facts = &login->gathering.facts;
    facts->service = configuration_service(configuration, begin->value[FIELD_SERVICE]);
    login_record_word(record->service, facts->service != SERVICE_UNKNOWN ? settings->services[facts->service]
                                                                         : begin->value[FIELD_SERVICE]);
    login_record_mechanism(record->mechanism, begin->value[FIELD_MECHANISM]);
    facts->credential = credential_of(login);
    facts->mechanism = record->mechanism[0] != '\0' ? record->mechanism : NULL;
    if (begin->value[FIELD_CLIENT_ADDRESS] != NULL)
        address_parse(begin->value[FIELD_CLIENT_ADDRESS], &record->address);
    facts->address = record->address;
    if (!keep_typed(&login->digits, begin->value[FIELD_DIGITS], &login->gathering.digits) ||
        !keep_typed(&login->app_password, begin->value[FIELD_APP_PASSWORD], &login->gathering.app_password))
        return false;
    if (account_name_canonical(&settings->naming, begin->value[FIELD_USER], record->account))
        return true;
    login_record_name(record->account, begin->value[FIELD_USER]);
    return false;
}

static struct login *create(struct server *server, enum login_kind kind, const struct message *begin) {
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
    login->facts_hash = hash_facts(server, begin);
    const char *digits = begin->value[FIELD_DIGITS];
    login->digits_hash = digits != NULL ? siphash(server->facts_key, digits, strlen(digits)) | 1 : 0;
    login->gathering.never_throttled = kind == LOGIN_RELAYED;
    login->defer = begin->value[FIELD_DEFER] != NULL;
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
    struct login *login = create(server, LOGIN_CONVERSED, begin);
    if (login == NULL)
        return NULL;
    login->answered = answered;
    login->context = context;
    bool named = name_login(login, begin);
    bool sound = read_begin(login, begin);
    if (named && sound)
        gather_start(&login->gathering);
    else
        refuse_malformed(login);
    return login;
}

void login_judge(struct server *server, enum login_kind kind, const struct message *message, login_answered *answered,
                 void *context, struct login **place) {
    struct login *login = create(server, kind, message);
    *place = login;
    if (login == NULL) {
        answered(context, &(struct login_answer){.verdict = VERDICT_LATER, .reason = REASON_UNAVAILABLE});
        return;
    }
    login->place = place;
    login->answered = answered;
    login->context = context;
    bool named = settled_new_ref(server->settled, login->record.ref);
    bool sound = read_begin(login, message);
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

/* The commit's answer. What could not be judged is not remembered: it is judged when it is asked again. */
static void conclude_commit(struct login *login, enum verdict verdict, enum reason reason) {
    count_right(login, verdict == VERDICT_ACCEPT);
    if (verdict == VERDICT_LATER)
        finish(login, STAGE_SETTLED, verdict, reason);
    else
        settle(login, verdict, reason);
    answer(login, verdict, reason);
}

static void commit_settled(void *context, enum store_answer answered) {
    struct login *login = context;
    const struct gathering *gathering = &login->gathering;
    enum reason reason = second_factor_reason(&gathering->factor, answered);
    if (login->decision.verdict != VERDICT_CONTINUE)
        conclude_commit(login, VERDICT_DENY, login->decision.reason);
    else if (reason == REASON_UNAVAILABLE)
        conclude_commit(login, VERDICT_LATER, reason);
    else if (reason != REASON_NONE &&
             gate_denies(reason, &gathering->facts, &gathering->policy, &login->record.would))
        conclude_commit(login, VERDICT_DENY, reason);
    else
        conclude_commit(login, VERDICT_ACCEPT, REASON_NONE);
    go_if_left(login);
}

/* Has the store settle what the login consumes. A login that is denied all the same only burns its code. */
static void consume(struct login *login, bool denied) {
    struct store_login settlement = {0};
    second_factor_settlement(&login->gathering.factor, denied, &settlement);
    bool nothing = login->server->vault == NULL || login->gathering.facts.store_unreadable ||
                   (denied && settlement.use == STORE_USE_NOTHING);
    login->stage = STAGE_SETTLING;
    if (nothing)
        commit_settled(login, STORE_SETTLED);
    else if (!tell_store(login, &settlement, commit_settled))
        commit_settled(login, STORE_UNAVAILABLE);
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

bool login_end(struct login *login, enum end_status status, const char *mark) {
    if (login->stage == STAGE_OPEN && status != END_WITHDRAWN) {
        take_mark(login, mark);
        if (status == END_WRONG && !login->superseded)
            count_wrong(login);
        if (status == END_UNCOMMITTED)
            burn(login);
        finish(login, STAGE_ENDED, VERDICT_DENY, open_end_reason(login, status));
        return true;
    }
    if (login->stage != STAGE_SETTLED || (status != END_WITHDRAWN && status != END_UNCOMMITTED))
        return false;
    login->stage = STAGE_ENDED;
    if (status == END_UNCOMMITTED) {
        login->record.verdict = VERDICT_DENY;
        login->record.reason = REASON_UNCOMMITTED;
        login_record_write(login->server, &login->record);
    } else {
        login_record_withdrawn(&login->record);
    }
    return true;
}

bool login_is(const struct login *login, const struct message *message) {
    char canonical[ACCOUNT_NAME_SIZE];
    const struct settings *settings = configuration_settings(login->server->configuration);
    if (strcmp(login->record.ref, message->value[FIELD_REF]) != 0)
        return false;
    if (!account_name_canonical(&settings->naming, message->value[FIELD_USER], canonical))
        return false;
    return strcmp(canonical, login->record.account) == 0;
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
    if (unspoken && !login->server->draining) {
        count_wrong(login);
        finish(login, STAGE_ENDED, VERDICT_DENY, open_end_reason(login, END_WRONG));
    }
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
    if (settled_new_ref(server->settled, record.ref))
        login_record_write(server, &record);
}

void login_log_malformed(struct server *server, const struct message *message, const char *why) {
    login_log_refused(server, message, REASON_MALFORMED, why);
}
