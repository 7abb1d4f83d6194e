/* SPDX-License-Identifier: BSD-2-Clause */
/* What authgatectl's verbs may expect of any engine: enrolment, recovery codes, app passwords, locks and keys. Part of
 * suite.h. */
#ifndef AUTHGATE_TESTS_STORE_SUITE_ORDERS_H
#define AUTHGATE_TESTS_STORE_SUITE_ORDERS_H

#include "store/suite_engine.h"

/* ---- facts and enrolment ---- */

static void nobody_is_enrolled_at_first(void **state) {
    (void)state;
    struct account_facts facts = facts_with(store, "alice", bytes_of("app", 1));
    static const struct account_facts none;
    assert_memory_equal(&facts, &none, sizeof facts);
    assert_int_equal(settle_nothing(store, "alice"), STORE_SETTLED);
}

static void a_secret_counts_once_it_is_confirmed(void **state) {
    (void)state;
    struct store_secret first = secret_of(1), other = secret_of(2);
    first.last_step = 1000;
    struct store_order what = {.verb = STORE_ENROL, .account = "alice", .secret = &first};
    assert_int_equal(order(store, &what), STORE_DONE);
    assert_false(facts_of(store, "alice", HOME).enrolled);
    const struct store_report *report = show(store, "alice");
    assert_true(report->pending && !report->enrolled);
    assert_memory_equal(report->pending_secret.id, first.id, sizeof first.id);
    what.verb = STORE_CONFIRM;
    what.secret = &other;
    assert_int_equal(order(store, &what), STORE_ABSENT); /* another was begun meanwhile */
    what.secret = &first;
    assert_int_equal(order(store, &what), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_true(facts.enrolled);
    assert_memory_equal(facts.secret.id, first.id, sizeof first.id);
    assert_memory_equal(facts.secret.sealed, "sealed bytes", 12);
    assert_int_equal(facts.secret.sealed_length, 12);
    assert_int_equal(facts.secret.last_step, 1000);
    assert_int_equal(facts.secret.key, 7);
    assert_int_equal(facts.secret.confirmed, NOW);
    report = show(store, "alice");
    assert_true(report->enrolled && !report->pending);
    assert_memory_equal(report->confirmed_secret.id, first.id, sizeof first.id);
    assert_int_equal(order(store, &what), STORE_ABSENT);
    assert_false(facts_of(store, "bob", HOME).enrolled);
}

static void the_code_that_confirmed_is_used_up(void **state) {
    (void)state;
    struct store_secret secret = secret_of(1);
    secret.last_step = 1000;
    struct store_order what = {.verb = STORE_ENROL, .account = "alice", .secret = &secret};
    assert_int_equal(order(store, &what), STORE_DONE);
    what.verb = STORE_CONFIRM;
    assert_int_equal(order(store, &what), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, 999), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
}

static void a_new_secret_ends_the_memory(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    struct store_secret secret = secret_of(2);
    secret.last_step = 5;
    struct store_order what = {.verb = STORE_ENROL, .account = "alice", .secret = &secret};
    assert_int_equal(order(store, &what), STORE_DONE);
    assert_true(facts_of(store, "alice", HOME).network_remembered); /* pending changes nothing */
    assert_int_equal(facts_of(store, "alice", HOME).code_count, 1);
    what.verb = STORE_CONFIRM;
    assert_int_equal(order(store, &what), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_false(facts.network_remembered);
    assert_int_equal(facts.code_count, 0);
    assert_memory_equal(facts.secret.id, secret.id, sizeof secret.id);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_REUSED); /* a step of the old secret */
}

/* An import that was judged by the confirmed secret `seen` (0: by none). */
static enum store_result import_over(int64_t seen, int64_t number) {
    struct bytes16 id = bytes_of("sec", seen);
    struct store_secret secret = secret_of(number);
    secret.last_step = 5;
    secret.sealed_length = 6;
    const struct store_order import = {.verb = STORE_IMPORT, .account = "alice", .secret = &secret,
                                       .seen = seen != 0 ? id.bytes : NULL};
    return order(store, &import);
}

static void the_same_secret_again_keeps_the_step_that_logins_raised(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED); /* after the importer looked */
    struct account_facts before = facts_of(store, "alice", HOME);
    assert_int_equal(import_over(1, 1), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_int_equal(facts.secret.last_step, 1000);
    assert_memory_equal(facts.secret.step_mac, before.secret.step_mac, STORE_HASH_SIZE);
    assert_int_equal(facts.secret.sealed_length, 6); /* what is new about it holds */
    assert_true(!facts.network_remembered && facts.code_count == 0);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
}

static void an_import_judged_by_another_secret_changes_nothing(void **state) {
    (void)state;
    assert_int_equal(import_over(1, 1), STORE_ABSENT); /* it is gone */
    assert_false(facts_of(store, "alice", HOME).enrolled);
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(import_over(0, 3), STORE_ABSENT); /* it came meanwhile */
    assert_int_equal(import_over(2, 2), STORE_ABSENT); /* it took the other's place */
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_memory_equal(facts.secret.id, secret_of(1).id, STORE_ID_SIZE);
    assert_int_equal(facts.secret.last_step, 1000);
    assert_true(facts.network_remembered);
    assert_int_equal(import_over(1, 3), STORE_DONE);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 5);
}

static void an_import_ends_an_enrolment_under_way(void **state) {
    (void)state;
    struct store_secret begun = secret_of(1);
    struct store_order what = {.verb = STORE_ENROL, .account = "alice", .secret = &begun};
    assert_int_equal(order(store, &what), STORE_DONE);
    assert_int_equal(import_over(0, 2), STORE_DONE);
    assert_false(show(store, "alice")->pending);
    what.verb = STORE_CONFIRM;
    assert_int_equal(order(store, &what), STORE_ABSENT);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_memory_equal(facts.secret.id, secret_of(2).id, STORE_ID_SIZE);
}

static void disabling_takes_everything_but_app_passwords_and_locks(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    assert_int_equal(simple(store, STORE_DISABLE, "alice"), STORE_ABSENT);
    enrol(store, "alice");
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 3), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(simple(store, STORE_DISABLE, "alice"), STORE_DONE);
    const struct store_report *report = show(store, "alice");
    assert_false(report->enrolled);
    assert_int_equal(report->recovery_count, 0);
    assert_int_equal(report->network_count, 0);
    assert_int_equal(report->code_count, 0);
    assert_int_equal(report->app_password_count, 1);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_REUSED);
    assert_int_equal(settle_recovery(store, "alice", 0), STORE_REUSED);
}

/* What STORE_SHOW says at a moment of a secret that may come again. */
static const struct store_report *show_rested(int64_t number, int64_t now) {
    static struct store_secret secret;
    secret = secret_of(number);
    const struct store_order what = {.verb = STORE_SHOW, .account = "alice", .secret = &secret, .now = now};
    return ordered(store, &what);
}

static void a_disabled_secrets_last_step_is_known_until_no_code_of_it_can_come_again(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_false(show_rested(1, NOW)->rested);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    struct account_facts before = facts_of(store, "alice", HOME);
    assert_int_equal(simple(store, STORE_DISABLE, "alice"), STORE_DONE);
    const struct store_report *report = show_rested(1, NOW);
    assert_true(report->rested);
    assert_int_equal(report->rested_step, 1000);
    assert_memory_equal(report->rested_mac, before.secret.step_mac, STORE_HASH_SIZE);
    assert_false(show_rested(2, NOW)->rested);
    assert_false(show_rested(1, NOW + STORE_STEP_RESTS)->rested);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_REUSED); /* no login finds it */
    assert_int_equal(facts_of(store, "alice", HOME).code_count, 0);
    const struct store_order list = {.verb = STORE_LIST_ACCOUNTS, .account = ""};
    assert_int_equal(ordered(store, &list)->sealed_count, 0);
}

static void so_is_the_one_of_a_secret_that_another_took_the_place_of(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(import_over(1, 2), STORE_DONE);
    assert_int_equal(import_over(2, 3), STORE_DONE);
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE); /* which ends the memory */
    assert_int_equal(show_rested(1, NOW)->rested_step, 1000);
    assert_int_equal(show_rested(2, NOW)->rested_step, 5);
    assert_false(show_rested(3, NOW)->rested);
    assert_int_equal(import_over(3, 1), STORE_DONE); /* it comes again, and goes with another step */
    assert_int_equal(import_over(1, 3), STORE_DONE);
    assert_int_equal(show_rested(1, NOW)->rested_step, 5);
    assert_int_equal(simple(store, STORE_FORGET_ACCOUNT, "alice"), STORE_DONE);
    assert_false(show_rested(2, NOW)->rested);
}

/* ---- recovery codes ---- */

static bool lists_recovery(const struct account_facts *facts, int64_t code, bool unused) {
    size_t end = unused ? facts->recovery_unused : facts->recovery_count;
    for (size_t i = unused ? 0 : facts->recovery_unused; i < end; i++)
        if (memcmp(facts->recovery[i], bytes_of("rec", code).bytes, STORE_HASH_SIZE) == 0)
            return true;
    return false;
}

static void used_recovery_codes_stay_known_behind_the_unused_ones(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(new_recovery_codes(store, "alice", STORE_RECOVERY_LIMIT), STORE_DONE);
    for (int64_t used = 0; used < STORE_RECOVERY_LIMIT; used++) {
        int64_t last = used * 7 % STORE_RECOVERY_LIMIT; /* in no order */
        assert_int_equal(settle_recovery(store, "alice", last), STORE_SETTLED);
        struct account_facts facts = facts_of(store, "alice", HOME);
        assert_int_equal(facts.recovery_count, STORE_RECOVERY_LIMIT);
        assert_int_equal(facts.recovery_unused, STORE_RECOVERY_LIMIT - 1 - used);
        for (int64_t i = 0; i < STORE_RECOVERY_LIMIT; i++)
            assert_true(lists_recovery(&facts, i * 7 % STORE_RECOVERY_LIMIT, i > used));
    }
}

static void each_recovery_code_is_used_once(void **state) {
    (void)state;
    assert_int_equal(new_recovery_codes(store, "alice", 10), STORE_REFUSED); /* nothing that it could stand in for */
    enrol(store, "alice");
    enrol(store, "bob");
    assert_int_equal(new_recovery_codes(store, "alice", 10), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_int_equal(facts.recovery_count, 10);
    assert_int_equal(facts.recovery_unused, 10);
    assert_int_equal(settle_recovery(store, "bob", 3), STORE_REUSED);
    assert_int_equal(settle_recovery(store, "alice", 3), STORE_SETTLED);
    assert_int_equal(settle_recovery(store, "alice", 3), STORE_REUSED);
    assert_int_equal(settle_recovery(store, "alice", 4), STORE_SETTLED);
    facts = facts_of(store, "alice", HOME);
    assert_int_equal(facts.recovery_count, 10);
    assert_int_equal(facts.recovery_unused, 8);
    for (int i = 0; i < 8; i++) {
        assert_memory_not_equal(facts.recovery[i], bytes_of("rec", 3).bytes, STORE_HASH_SIZE);
        assert_memory_not_equal(facts.recovery[i], bytes_of("rec", 4).bytes, STORE_HASH_SIZE);
    }
    assert_int_equal(new_recovery_codes(store, "alice", 2), STORE_DONE);
    facts = facts_of(store, "alice", HOME);
    assert_true(facts.recovery_count == 2 && facts.recovery_unused == 2);
    assert_int_equal(settle_recovery(store, "alice", 5), STORE_REUSED);
}

/* ---- app passwords ---- */

static void app_passwords_are_found_by_account_and_hash(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    snprintf(password.networks, sizeof password.networks, "192.0.2.0/24 2001:db8::/32");
    password.expires = NOW + 100;
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(order(store, &add), STORE_EXISTS);
    struct account_facts facts = facts_with(store, "alice", bytes_of("app", 1));
    assert_true(facts.app_password_found);
    assert_string_equal(facts.app_password.name, "phone");
    assert_string_equal(facts.app_password.services, "imap smtp");
    assert_string_equal(facts.app_password.networks, "192.0.2.0/24 2001:db8::/32");
    assert_int_equal(facts.app_password.expires, NOW + 100);
    assert_int_equal(facts.app_password.made, NOW);
    assert_int_equal(facts.app_password.uses, 0);
    assert_memory_equal(facts.app_password.id, password.id, STORE_ID_SIZE);
    assert_memory_equal(facts.app_password.hash, password.hash, STORE_HASH_SIZE);
    assert_memory_equal(facts.app_password.mac, password.mac, STORE_HASH_SIZE);
    assert_false(facts_with(store, "bob", bytes_of("app", 1)).app_password_found);
    assert_false(facts_with(store, "alice", bytes_of("app", 2)).app_password_found);
    assert_false(facts_of(store, "alice", HOME).app_password_found);
}

static void an_app_passwords_use_is_recorded(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    password.expires = NOW + 100;
    assert_int_equal(settle_app_password(store, "alice", 1, NOW), STORE_REUSED);
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(settle_app_password(store, "alice", 1, NOW + 5), STORE_SETTLED);
    assert_int_equal(settle_app_password(store, "alice", 1, NOW + 3), STORE_SETTLED);
    assert_int_equal(settle_app_password(store, "alice", 2, NOW), STORE_REUSED);
    assert_int_equal(settle_app_password(store, "bob", 1, NOW), STORE_REUSED);
    const struct store_report *report = show(store, "alice");
    assert_int_equal(report->app_password_count, 1);
    assert_int_equal(report->app_passwords[0].uses, 2);
    assert_int_equal(report->app_passwords[0].last_used, NOW + 5);
    assert_string_equal(report->app_passwords[0].last_address, "192.0.2.77");
    assert_string_equal(report->app_passwords[0].last_country, "JP");
    assert_string_equal(report->app_passwords[0].last_service, "imap");
    assert_int_equal(settle_app_password(store, "alice", 1, NOW + 100), STORE_REUSED); /* expired */
}

static void a_revoked_app_password_is_listed_but_opens_nothing(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    const struct store_order revoke = {.verb = STORE_REVOKE_APP_PASSWORD, .account = "alice", .who = "root",
                                       .app_password = &password};
    assert_int_equal(order(store, &revoke), STORE_ABSENT);
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(order(store, &revoke), STORE_DONE);
    assert_int_equal(order(store, &revoke), STORE_ABSENT);
    struct account_facts facts = facts_with(store, "alice", bytes_of("app", 1));
    assert_true(facts.app_password_found);
    assert_int_equal(facts.app_password.revoked, NOW);
    assert_string_equal(facts.app_password.revoked_by, "root");
    assert_int_equal(settle_app_password(store, "alice", 1, NOW), STORE_REUSED);
    assert_int_equal(order(store, &add), STORE_EXISTS);
}

static void an_account_has_so_many_app_passwords_and_no_more(void **state) {
    (void)state;
    for (int i = 0; i <= STORE_APP_PASSWORD_LIMIT; i++) {
        struct store_app_password password = app_password_of(i);
        const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .now = NOW + i,
                                        .app_password = &password};
        assert_int_equal(order(store, &add), i < STORE_APP_PASSWORD_LIMIT ? STORE_DONE : STORE_TOO_MANY);
    }
    const struct store_report *report = show(store, "alice");
    assert_int_equal(report->app_password_count, STORE_APP_PASSWORD_LIMIT);
    for (int i = 0; i < STORE_APP_PASSWORD_LIMIT; i++)
        assert_int_equal(report->app_passwords[i].made, NOW + i);
}

/* ---- locks ---- */

static void a_lock_stops_every_use_and_burns_the_code(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    enrol(store, "alice");
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 2), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_true(facts.locked && facts.lock.by_hand);
    assert_string_equal(facts.lock.who, "admin");
    assert_string_equal(facts.lock.why, "left");
    assert_int_equal(facts.lock.at, NOW);
    assert_false(facts.network_remembered); /* a lock ends the memory */
    assert_int_equal(facts.code_count, 0);
    assert_int_equal(settle_nothing(store, "alice"), STORE_LOCKED);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_LOCKED);
    assert_int_equal(settle_recovery(store, "alice", 1), STORE_LOCKED);
    assert_int_equal(settle_app_password(store, "alice", 1, NOW), STORE_LOCKED);
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_LOCKED);
    assert_int_equal(settle_nothing(store, "bob"), STORE_SETTLED);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_DONE);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_ABSENT);
    facts = facts_of(store, "alice", HOME);
    assert_false(facts.locked || facts.network_remembered);
    assert_int_equal(facts.wrong_hour, 0);
    assert_int_equal(facts.recovery_unused, 1);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_REUSED);
    assert_int_equal(settle_nothing(store, "alice"), STORE_SETTLED);
}

/* Who types the next wrong code may be the owner, for whom it was unlocked. */
static void an_unlocked_account_has_its_whole_budget_again(void **state) {
    (void)state;
    enrol(store, "alice");
    enrol(store, "bob");
    for (int i = 0; i < 4; i++)
        assert_int_equal(settle_wrong(store, "alice", i, NOW), STORE_SETTLED);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_ABSENT); /* neither locked nor over budget */
    assert_int_equal(facts_of(store, "alice", HOME).wrong_day, 4);
    assert_int_equal(lock(store, "alice", false, 0), STORE_DONE);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_DONE);
    assert_int_equal(facts_of(store, "alice", HOME).wrong_day, 0);
    for (int i = 0; i < STORE_WRONG_HOUR; i++) {
        assert_int_equal(settle_wrong(store, "alice", i, NOW), STORE_SETTLED);
        assert_int_equal(settle_wrong(store, "bob", i, NOW), STORE_SETTLED);
    }
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_OVER_BUDGET);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "bob", HOME, 1000), STORE_OVER_BUDGET);
}

static void a_lock_ends_by_itself_and_the_one_by_hand_comes_first(void **state) {
    (void)state;
    struct attempt attempt;
    assert_int_equal(lock(store, "alice", false, NOW + 7200), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_true(facts.locked && !facts.lock.by_hand);
    attempt_init(&attempt, "alice", HOME, "report");
    assert_int_equal(settle(store, &attempt), STORE_LOCKED);
    attempt.login.past_gate_lock = true;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(lock(store, "alice", true, NOW + 3600), STORE_DONE);
    assert_int_equal(settle(store, &attempt), STORE_LOCKED);
    assert_true(facts_of(store, "alice", HOME).lock.by_hand);
    assert_int_equal(show(store, "alice")->lock_count, 2);
    facts = facts_at(store, "alice", HOME, NOW + 3600);
    assert_true(facts.locked && !facts.lock.by_hand);
    assert_false(facts_at(store, "alice", HOME, NOW + 7200).locked);
    attempt.login.past_gate_lock = false;
    attempt.login.now = NOW + 7200;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
}

static void a_forgotten_account_leaves_nothing(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    assert_int_equal(simple(store, STORE_FORGET_ACCOUNT, "alice"), STORE_ABSENT);
    enrol(store, "alice");
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 2), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE);
    assert_int_equal(simple(store, STORE_FORGET_ACCOUNT, "alice"), STORE_DONE);
    static struct store_report none;
    const struct store_report *report = show(store, "alice");
    none = (struct store_report){.result = STORE_DONE, .app_passwords = report->app_passwords,
                                 .sealed = report->sealed};
    assert_memory_equal(report, &none, sizeof none);
}

/* ---- keys ---- */

static void secrets_are_listed_and_sealed_anew_page_by_page(void **state) {
    (void)state;
    char account[32];
    for (int i = 0; i < 100; i++) {
        struct store_secret secret = secret_of(1), pending = secret_of(2);
        snprintf(account, sizeof account, "user%03d", i);
        struct store_order what = {.verb = STORE_IMPORT, .account = account, .secret = &secret};
        assert_int_equal(order(store, &what), STORE_DONE);
        what.verb = STORE_ENROL;
        what.secret = &pending;
        if (i % 2 == 0)
            assert_int_equal(order(store, &what), STORE_DONE);
    }
    int resealed = 0;
    account[0] = '\0';
    for (;;) {
        static struct store_sealed_row rows[STORE_SEALED_PAGE];
        const struct store_order list = {.verb = STORE_LIST_SEALED, .account = account, .key = 8};
        const struct store_report *report = ordered(store, &list);
        assert_int_equal(report->result, STORE_DONE);
        size_t count = report->sealed_count;
        if (count == 0)
            break;
        memcpy(rows, report->sealed, count * sizeof rows[0]);
        for (size_t i = 0; i < count; i++, resealed++) {
            struct store_secret secret = rows[i].secret;
            struct store_order reseal = {.verb = STORE_RESEAL, .account = rows[i].account, .secret = &secret};
            secret.key = 8;
            secret.sealed_length = 6;
            reseal.old_key = 6;
            assert_int_equal(order(store, &reseal), STORE_ABSENT); /* it was another's meanwhile */
            reseal.old_key = 7;
            assert_int_equal(order(store, &reseal), STORE_DONE);
        }
        snprintf(account, sizeof account, "%s", rows[count - 1].account);
    }
    assert_int_equal(resealed, 150);
    struct account_facts facts = facts_of(store, "user042", HOME);
    assert_true(facts.secret.key == 8 && facts.secret.sealed_length == 6);
    assert_memory_equal(facts.secret.sealed, "sealed", 6);
}

static struct store_order page_after(const char *account) {
    return (struct store_order){.verb = STORE_LIST_ACCOUNTS, .account = account};
}

static void accounts_of_which_anything_is_kept_are_listed_page_by_page(void **state) {
    (void)state;
    struct store_secret secret = secret_of(1);
    struct store_app_password password = app_password_of(1);
    struct store_order enrol = {.verb = STORE_ENROL, .account = "user005", .secret = &secret};
    struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "user007", .app_password = &password};
    struct store_order list = page_after(NULL);
    assert_int_equal(ordered(store, &list)->sealed_count, 0);
    char account[32];
    for (int i = 0; i < 100; i++) {
        snprintf(account, sizeof account, "user%03d", i);
        if (i != 5 && i != 7)
            assert_int_equal(lock(store, account, true, 0), STORE_DONE);
    }
    assert_int_equal(order(store, &enrol), STORE_DONE);
    assert_int_equal(order(store, &add), STORE_DONE);
    enrol.account = "user008"; /* locked too, and listed once */
    assert_int_equal(order(store, &enrol), STORE_DONE);
    const struct store_report *report = ordered(store, &list);
    assert_int_equal(report->sealed_count, STORE_SEALED_PAGE);
    for (int i = 0; i < STORE_SEALED_PAGE; i++) {
        snprintf(account, sizeof account, "user%03d", i);
        assert_string_equal(report->sealed[i].account, account);
    }
    list = page_after(account);
    report = ordered(store, &list);
    assert_int_equal(report->sealed_count, 100 - STORE_SEALED_PAGE);
    assert_string_equal(report->sealed[report->sealed_count - 1].account, "user099");
    assert_int_equal(simple(store, STORE_FORGET_ACCOUNT, "user099"), STORE_DONE);
    assert_int_equal(ordered(store, &list)->sealed_count, 99 - STORE_SEALED_PAGE);
}

#endif
