/* SPDX-License-Identifier: BSD-2-Clause */
/* Country, policy, groups, store, and whether an app password's account still exists: in this order, each step calling
 * the next. */
#include "daemon/gather.h"

#include "base/clock.h"
#include "base/log.h"
#include "credential/keyed_hash.h"
#include "daemon/country_watch.h"
#include "daemon/existence.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "daemon/worker.h"
#include "policy/configuration.h"

#define PASSWORDS_OTHERWISE 5
#define WINDOW_OTHERWISE 900

static void read_policy(struct gathering *gathering);

/* A client network's look-ups wait for one another, and not for those of others: what names a network for the workers
 * are the 64 bits of an IPv6 one; an IPv4 one is written as in ::ffff:0:0/96, and behind NAT64 both of its ends are
 * taken. All of unknown address are one. */
static uint64_t lane_of(const struct gathering *gathering) {
    struct prefix network = address_network(&gathering->facts.address);
    uint64_t lane = network.base.family == 4 ? 0xffff : 0;
    size_t gap = network.bits > 64 ? 8 : 0; /* behind the first four bytes */
    for (size_t i = 0; i < (network.base.family == 4 ? 4 : 8); i++)
        lane = lane << 8 | network.base.bytes[i < 4 ? i : i + gap];
    return lane;
}

/* Who is counted, and whether there were too many wrong passwords already. An app password that may be used is no
 * guess. */
static void look_at_throttle(struct gathering *gathering) {
    struct facts *facts = &gathering->facts;
    const struct policy *policy = &gathering->policy;
    gathering->throttle_login = (struct throttle_login){
        .account = gathering->account,
        .network = address_network(&facts->address),
        .shared = value_holds_address(policy_value(policy, POLICY_NETWORKS_TRUSTED), &facts->address) ||
                  value_holds_address(policy_value(policy, POLICY_NETWORKS_PROXIES), &facts->address),
        .remembered = facts->network_remembered,
        .passwords = policy_number(policy, POLICY_THROTTLE_PASSWORDS, PASSWORDS_OTHERWISE),
        .window = policy_number(policy, POLICY_THROTTLE_WINDOW, WINDOW_OTHERWISE),
    };
    bool app_password = gathering->app_known && gathering->app_scope == APP_PASSWORD_FITS;
    if (gathering->throttle_login.passwords > 0 && !gathering->never_throttled && !app_password)
        gathering->throttle_state =
            throttle_check(gathering->server->throttle, &gathering->throttle_login, clock_monotonic());
    facts->throttled = gathering->throttle_state != THROTTLE_NOT;
    facts->throttled_why = facts->throttled ? throttle_state_words(gathering->throttle_state) : NULL;
}

static void finish(struct gathering *gathering, bool readable) {
    if (readable)
        look_at_throttle(gathering);
    gathering->done(gathering->context, readable);
}

/* An account whose back end has gone keeps its app passwords: so they are asked for it, and nothing else is. */
static void existence_found(void *context, enum known exists) {
    struct gathering *gathering = context;
    gathering->facts.gone = exists == KNOWN_NO;
    if (exists == KNOWN_NO)
        gathering->facts.locked = KNOWN_YES;
    else if (exists == KNOWN_NOT && gathering->facts.locked == KNOWN_NO)
        gathering->facts.locked = KNOWN_NOT;
    finish(gathering, true);
}

static void tampered(const struct gathering *gathering, const char *what) {
    char text[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, text, sizeof text);
    buffer_add_format(&line,
                      "%s was changed by somebody else in the store, or sealed under another key; the login is "
                      "refused:",
                      what);
    log_add(&line, "account", gathering->account);
    log_line(LOG_CRIT, text);
    gathering->server->unopened++;
}

static bool take_app_password(struct gathering *gathering, const struct account_facts *stored) {
    gathering->app_known = stored != NULL && gathering->app_password != NULL && stored->app_password_found;
    if (!gathering->app_known)
        return false;
    const struct keyring *keyring = vault_keyring(gathering->server->vault);
    gathering->app_scope = app_password_scope(keyring, gathering->account, gathering->service, &gathering->facts,
                                              &stored->app_password);
    if (gathering->app_scope == APP_PASSWORD_TAMPERED)
        tampered(gathering, "an app password");
    gathering->facts.credential = CREDENTIAL_APP_PASSWORD;
    gathering->factor.kind = CODE_NONE; /* digits at its end are its own */
    gathering->factor.cut = 0;
    return gathering->app_scope == APP_PASSWORD_FITS;
}

static void store_answered(void *context, const struct account_facts *stored) {
    struct gathering *gathering = context;
    struct server *server = gathering->server;
    gathering->call = 0;
    const struct second_factor_inquiry inquiry = {
        .keyring = vault_keyring(server->vault),
        .account = gathering->account,
        .policy = &gathering->policy,
        .digits = gathering->digits,
        .cut = gathering->cut,
    };
    enum credential told = gathering->facts.credential;
    if (!second_factor_examine(&inquiry, stored, &gathering->facts, &gathering->factor))
        tampered(gathering, "a second factor");
    if (told == CREDENTIAL_TOKEN || gathering->credential_told)
        gathering->facts.credential = told;
    if (!take_app_password(gathering, stored)) {
        finish(gathering, true);
        return;
    }
    const struct existence_asker asker = {existence_found, gathering, &gathering->existence, lane_of(gathering)};
    existence_ask(server->existence, gathering->account, &asker);
}

static void ask_store(struct gathering *gathering) {
    struct vault *vault = gathering->server->vault;
    if (vault == NULL) {
        finish(gathering, true);
        return;
    }
    bool app_passwords = policy_number(&gathering->policy, POLICY_SECOND_FACTOR_APP_PASSWORDS, 1) != 0;
    if (!app_passwords)
        gathering->app_password = NULL;
    if (gathering->app_password != NULL)
        keyed_hash_text(vault_keyring(vault), HASH_APP_PASSWORD, gathering->account, gathering->app_password,
                        gathering->app_hash);
    const struct store_question question = {
        .account = gathering->account,
        .network = address_network(&gathering->facts.address),
        .app_password = gathering->app_password != NULL ? gathering->app_hash : NULL,
        .now = gathering->facts.now,
        .deadline = clock_monotonic() + VAULT_PATIENCE,
    };
    gathering->call = store_facts(vault_store(vault), &question, store_answered, gathering);
    if (gathering->call == 0)
        store_answered(gathering, NULL);
}

static void groups_answered(void *context) {
    struct gathering *gathering = context;
    configuration_group_answer(gathering->server->configuration, &gathering->groups, clock_monotonic());
    if (gathering->release != NULL)
        gathering->release(gathering->context);
    else
        read_policy(gathering);
}

static void groups_run(void *context) {
    group_query_run(((struct gathering *)context)->groups);
}

/* Where the network has too many look-ups waiting, the account is no worse for it: another try may ask again. */
static void ask_groups(struct gathering *gathering) {
    struct server *server = gathering->server;
    const struct worker_job job = {groups_run, groups_answered, gathering, lane_of(gathering)};
    gathering->groups = configuration_group_query(server->configuration, gathering->account);
    if (gathering->groups != NULL && workers_submit(server->workers, &job))
        return;
    group_query_drop(&gathering->groups);
    finish(gathering, false);
}

static void read_policy(struct gathering *gathering) {
    struct server *server = gathering->server;
    switch (configuration_policy(server->configuration, gathering->account, clock_monotonic(), &gathering->policy)) {
    case POLICY_FOUND:
        ask_store(gathering);
        return;
    case POLICY_ASK_GROUPS:
        ask_groups(gathering);
        return;
    case POLICY_UNREADABLE:
        break;
    }
    finish(gathering, false);
}

void gather_start(struct gathering *gathering) {
    country_watch_look_up(gathering->server->country, &gathering->facts);
    read_policy(gathering);
}

bool gather_under_way(const struct gathering *gathering) {
    return gathering->groups != NULL || gathering->existence != NULL || gathering->call != 0;
}

void gather_cancel(struct gathering *gathering, void (*release)(void *context)) {
    if (gathering->groups != NULL && !workers_withdraw(gathering->server->workers, gathering)) {
        gathering->release = release;
        return;
    }
    group_query_drop(&gathering->groups);
    if (gathering->call != 0)
        store_cancel(vault_store(gathering->server->vault), gathering->call);
    existence_cancel(&gathering->existence);
    gathering->call = 0;
    release(gathering->context);
}

void gather_clear(struct gathering *gathering) {
    policy_release(&gathering->policy);
}
