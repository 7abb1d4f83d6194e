/* SPDX-License-Identifier: BSD-2-Clause */
/* What logins may expect of any engine: steps, remembered networks, known codes, refs and budgets. Part of suite.h. */
#ifndef AUTHGATE_TESTS_STORE_SUITE_LOGINS_H
#define AUTHGATE_TESTS_STORE_SUITE_LOGINS_H

#include "store/suite_engine.h"

/* ---- steps, networks and known codes ---- */

static void a_step_is_accepted_once_and_steps_only_rise(void **state) {
    (void)state;
    enrol(store, "alice");
    enrol(store, "bob");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, 999), STORE_REUSED);
    assert_int_equal(settle_step(store, "bob", AWAY, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", AWAY, 1001), STORE_SETTLED);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_int_equal(facts.secret.last_step, 1001);
    assert_memory_equal(facts.secret.step_mac, bytes_of("mac", 1001).bytes, STORE_HASH_SIZE);
}

static void one_code_from_one_network_is_one_use(void **state) {
    (void)state;
    enrol(store, "alice");
    for (int i = 0; i < 20; i++)
        assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED);
    assert_int_equal(facts_of(store, "alice", HOME).code_count, 2);
}

static void an_unknown_network_is_never_the_same(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", NULL, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", NULL, 1000), STORE_REUSED);
    assert_false(facts_of(store, "alice", NULL).network_remembered);
    assert_int_equal(show(store, "alice")->network_count, 0);
}

static void a_step_of_another_secret_is_not_accepted(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    attempt_init(&attempt, "alice", HOME, "other");
    attempt_step(&attempt, 1000);
    attempt.secret_id = bytes_of("sec", 9);
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
}

static void a_burnt_code_is_used_up_and_remembers_nothing(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    attempt_init(&attempt, "alice", HOME, "burnt");
    attempt_step(&attempt, 1000);
    attempt.login.code_until = attempt.login.network_until = 0;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    struct account_facts facts = facts_of(store, "alice", HOME);
    assert_int_equal(facts.secret.last_step, 1000);
    assert_int_equal(facts.code_count, 0);
    assert_false(facts.network_remembered);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_REUSED);
}

static void a_network_is_remembered_for_its_time(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", "2001:db8:1:2::/64", 1000), STORE_SETTLED);
    struct account_facts facts = facts_of(store, "alice", "2001:db8:1:2::/64");
    assert_true(facts.network_remembered);
    assert_int_equal(facts.network.until, NOW + REMEMBER);
    assert_memory_equal(facts.network.mac, bytes_of("net", 1).bytes, STORE_HASH_SIZE);
    assert_memory_equal(facts.codes[0], bytes_of("cod", 1000).bytes, STORE_HASH_SIZE);
    static const char *const others[] = {"2001:db8:1:3::/64", "2001:db8:1::/48", HOME};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(facts_of(store, "alice", others[i]).network_remembered);
    assert_false(facts_of(store, "bob", "2001:db8:1:2::/64").network_remembered);
    facts = facts_at(store, "alice", "2001:db8:1:2::/64", NOW + REMEMBER - 1);
    assert_true(facts.network_remembered && facts.code_count == 1);
    facts = facts_at(store, "alice", "2001:db8:1:2::/64", NOW + REMEMBER);
    assert_true(!facts.network_remembered && facts.code_count == 0);
}

static void eight_networks_are_kept_without_any_code(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(new_recovery_codes(store, "alice", 12), STORE_DONE);
    for (int i = 0; i < 12; i++) {
        char network[32];
        struct attempt attempt;
        snprintf(network, sizeof network, "10.0.%d.0/24", i);
        attempt_init(&attempt, "alice", network, next_ref());
        attempt.login.use = STORE_USE_RECOVERY;
        attempt.recovery = bytes_of("rec", i);
        attempt.login.now = NOW + i;
        attempt.login.network_until = NOW + REMEMBER;
        assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    }
    assert_int_equal(show(store, "alice")->network_count, 8);
    assert_false(facts_of(store, "alice", "10.0.3.0/24").network_remembered);
    assert_true(facts_of(store, "alice", "10.0.4.0/24").network_remembered);
}

static bool same_network(const struct prefix *one, const struct prefix *other) {
    return address_equal(&one->base, &other->base) && one->bits == other->bits;
}

/* Its MAC is over what the row says, so the row must say which network it is, to the last byte. */
static void each_network_is_remembered_as_itself(void **state) {
    (void)state;
    static const char *const networks[] = {"192.0.2.0/24",      "192.0.3.0/24",      "192.1.2.0/24",
                                           "193.0.2.0/24",      "192.0.2.0/25",      "c000:200::/24",
                                           "2001:db8:1:2::/64", "2001:db8:1:3::/64", "2001:db8:1:2::1/128"};
    enrol(store, "alice");
    for (size_t i = 0; i < COUNT(networks); i++) {
        const struct prefix network = network_of(networks[i]);
        assert_false(facts_of(store, "alice", networks[i]).network_remembered);
        assert_int_equal(settle_step(store, "alice", networks[i], 1000 + (int64_t)i), STORE_SETTLED);
        struct account_facts facts = facts_of(store, "alice", networks[i]);
        assert_true(facts.network_remembered);
        assert_true(same_network(&facts.network.network, &network));
        const struct store_report *report = show(store, "alice");
        bool listed = false;
        for (size_t j = 0; j < report->network_count; j++)
            listed = listed || same_network(&report->networks[j].network, &network);
        assert_true(listed);
        const struct store_order forget = {.verb = STORE_FORGET_NETWORKS, .account = "alice", .network = network};
        assert_int_equal(order(store, &forget), STORE_DONE);
    }
}

static void eight_networks_and_eight_codes_are_kept(void **state) {
    (void)state;
    enrol(store, "alice");
    for (int i = 0; i < 12; i++) {
        char network[32];
        struct attempt attempt;
        snprintf(network, sizeof network, "10.0.%d.0/24", i);
        attempt_init(&attempt, "alice", network, next_ref());
        attempt.login.now = NOW + i;
        attempt_step(&attempt, 1000 + i);
        assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    }
    const struct store_report *report = show(store, "alice");
    assert_int_equal(report->network_count, 8);
    assert_int_equal(report->code_count, 8);
    struct account_facts facts = facts_of(store, "alice", "10.0.3.0/24");
    assert_false(facts.network_remembered);
    assert_true(facts_of(store, "alice", "10.0.4.0/24").network_remembered);
    for (int i = 0; i < 8; i++)
        assert_memory_equal(facts.codes[i], bytes_of("cod", 1011 - i).bytes, STORE_HASH_SIZE);
    assert_int_equal(settle_step(store, "alice", "10.0.4.0/24", 1004), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", "10.0.3.0/24", 1003), STORE_REUSED); /* forgotten */
}

static void a_burnt_code_takes_no_known_ones_place(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    for (int i = 0; i < 8; i++)
        assert_int_equal(settle_step(store, "alice", HOME, 1000 + i), STORE_SETTLED);
    attempt_init(&attempt, "alice", AWAY, "burnt");
    attempt_step(&attempt, 1008);
    attempt.login.code_until = attempt.login.network_until = 0;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(facts_of(store, "alice", HOME).code_count, 8);
    assert_int_equal(settle_step(store, "alice", HOME, 1009), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_REUSED); /* now it is the ninth */
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
}

static void networks_are_forgotten_one_or_all(void **state) {
    (void)state;
    struct store_order what = {.verb = STORE_FORGET_NETWORKS, .account = "alice", .network = network_of(HOME)};
    enrol(store, "alice");
    assert_int_equal(order(store, &what), STORE_ABSENT);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", AWAY, 1001), STORE_SETTLED);
    assert_int_equal(order(store, &what), STORE_DONE);
    assert_false(facts_of(store, "alice", HOME).network_remembered);
    assert_true(facts_of(store, "alice", AWAY).network_remembered);
    what.network = network_of(NULL);
    assert_int_equal(order(store, &what), STORE_DONE);
    struct account_facts facts = facts_of(store, "alice", AWAY);
    assert_true(!facts.network_remembered && facts.code_count == 0);
    assert_int_equal(facts.secret.last_step, 1001);
    assert_int_equal(settle_step(store, "alice", AWAY, 1001), STORE_REUSED);
}

/* ---- refs ---- */

static void the_same_ref_is_settled_once(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    attempt_init(&attempt, "alice", HOME, "k7f3q2mxw4z6b");
    attempt_step(&attempt, 1000);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    attempt.login.network = network_of(AWAY); /* the same facts hash: the same login */
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    again();
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED);
}

static void a_refs_answer_stays_what_it_was(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    attempt_init(&attempt, "alice", AWAY, "reused");
    attempt_step(&attempt, 1000);
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
    attempt.login.network = network_of(HOME);
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
}

static void the_same_ref_with_other_facts_is_refused(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    enrol(store, "bob");
    attempt_init(&attempt, "alice", HOME, "k7f3q2mxw4z6b");
    attempt_step(&attempt, 1000);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    attempt_step(&attempt, 1001);
    attempt.facts = bytes_of("fac", 2);
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    attempt.facts = bytes_of("fac", 1);
    attempt.login.account = "bob";
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
    attempt.login.use = STORE_USE_NOTHING;
    assert_int_equal(settle(store, &attempt), STORE_REUSED);
}

static void a_ref_is_known_for_ten_minutes(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    attempt_init(&attempt, "alice", NULL, "k7f3q2mxw4z6b");
    attempt_step(&attempt, 1000);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    attempt.login.now = NOW + STORE_REF_KEPT - 1;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    attempt.login.now = NOW + STORE_REF_KEPT;
    assert_int_equal(settle(store, &attempt), STORE_REUSED); /* now it is a login of its own, with a used code */
}

/* ---- races ---- */

#define RACERS 8
#define ROUNDS 200

/* How one racer tries to get a step: begins, and what is found out when all have been answered. */
struct racer {
    struct store *store;
    struct attempt attempt;
    struct got_answer answer;
    struct got_facts facts;
};

static void race_by_settling(struct racer *racers) {
    for (int i = 0; i < RACERS; i++)
        assert_true(store_settle(racers[i].store, &racers[i].attempt.login, take_answer, &racers[i].answer) != 0);
    for (int i = 0; i < RACERS; i++)
        wait_for(racers[i].store, &racers[i].answer.done);
}

/* The planted fault: looks whether the step is used, then writes, and believes what it saw. */
static void race_by_looking_first(struct racer *racers) {
    for (int i = 0; i < RACERS; i++) {
        const struct store_question question = {.account = "alice", .now = NOW,
                                                .deadline = clock_monotonic() + PATIENCE};
        assert_true(store_facts(racers[i].store, &question, take_facts, &racers[i].facts) != 0);
    }
    for (int i = 0; i < RACERS; i++)
        wait_for(racers[i].store, &racers[i].facts.done);
    race_by_settling(racers);
    for (int i = 0; i < RACERS; i++)
        racers[i].answer.answer = racers[i].facts.facts.secret.last_step < racers[i].attempt.login.step
                                      ? STORE_SETTLED
                                      : STORE_REUSED;
}

/* Each round all racers hand in one code, from networks of their own; returns how many got in, in all rounds. */
static int race(void (*run)(struct racer *racers)) {
    static struct racer racers[RACERS];
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < RACERS; i++) {
            char network[32];
            racers[i] = (struct racer){.store = suite_engine.further(i)};
            snprintf(network, sizeof network, "10.0.%d.0/24", i);
            attempt_init(&racers[i].attempt, "alice", network, next_ref());
            attempt_step(&racers[i].attempt, 1000 + round);
        }
        run(racers);
        for (int i = 0; i < RACERS; i++)
            accepted += racers[i].answer.answer == STORE_SETTLED;
    }
    return accepted;
}

static void of_eight_racers_with_one_code_one_gets_in(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(race(race_by_settling), ROUNDS);
}

static void the_race_finds_out_who_looks_before_he_writes(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_true(race(race_by_looking_first) > ROUNDS);
}

static void of_two_uses_of_a_recovery_code_at_once_one_gets_in(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(new_recovery_codes(store, "alice", STORE_RECOVERY_LIMIT), STORE_DONE);
    for (int code = 0; code < STORE_RECOVERY_LIMIT; code++) {
        static struct racer racers[RACERS];
        int accepted = 0;
        for (int i = 0; i < RACERS; i++) {
            racers[i] = (struct racer){.store = suite_engine.further(i)};
            attempt_init(&racers[i].attempt, "alice", HOME, next_ref());
            racers[i].attempt.login.use = STORE_USE_RECOVERY;
            racers[i].attempt.recovery = bytes_of("rec", code);
        }
        race_by_settling(racers);
        for (int i = 0; i < RACERS; i++)
            accepted += racers[i].answer.answer == STORE_SETTLED;
        assert_int_equal(accepted, 1);
    }
}

/* However many tries are under way at once, no more than the budget are looked at (D1). */
static void guesses_at_once_stay_within_the_budget(void **state) {
    (void)state;
    static struct racer racers[500];
    int looked_at = 0;
    enrol(store, "alice");
    for (int i = 0; i < 500; i++) {
        racers[i] = (struct racer){.store = suite_engine.further(i)};
        attempt_init(&racers[i].attempt, "alice", HOME, next_ref());
        racers[i].attempt.login.use = STORE_USE_WRONG;
        racers[i].attempt.code = bytes_of("wro", i);
        if (i == 250)
            attempt_step(&racers[i].attempt, 1000); /* the right one is among them */
        assert_true(store_settle(racers[i].store, &racers[i].attempt.login, take_answer, &racers[i].answer) != 0);
    }
    for (int i = 0; i < 500; i++) {
        wait_for(racers[i].store, &racers[i].answer.done);
        looked_at += racers[i].answer.answer != STORE_OVER_BUDGET;
    }
    assert_int_equal(looked_at, STORE_WRONG_HOUR);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1);
}

/* ---- budgets ---- */

/* Else the code of a denied login, or one that was typed while the account was locked, could be used afterwards. */
static void a_code_is_burnt_whatever_the_budget_says(void **state) {
    (void)state;
    struct attempt attempt;
    enrol(store, "alice");
    assert_int_equal(new_recovery_codes(store, "alice", 2), STORE_DONE);
    for (int i = 0; i < STORE_WRONG_HOUR; i++)
        assert_int_equal(settle_wrong(store, "alice", i, NOW), STORE_SETTLED);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_OVER_BUDGET);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1);
    attempt_init(&attempt, "alice", HOME, next_ref());
    attempt_step(&attempt, 1000);
    attempt.login.burn = true;
    attempt.login.code_until = attempt.login.network_until = 0;
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    attempt_init(&attempt, "alice", HOME, next_ref());
    attempt.login.use = STORE_USE_RECOVERY;
    attempt.login.burn = true;
    attempt.recovery = bytes_of("rec", 0);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_int_equal(facts_of(store, "alice", HOME).recovery_unused, 1);
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_LOCKED);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1001);
    assert_int_equal(settle_recovery(store, "alice", 1), STORE_LOCKED);
    assert_int_equal(facts_of(store, "alice", HOME).recovery_unused, 0);
}

static void ten_distinct_wrong_codes_an_hour_are_the_budget(void **state) {
    (void)state;
    enrol(store, "alice");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(settle_wrong(store, "alice", i, NOW + i), STORE_SETTLED);
        assert_int_equal(settle_wrong(store, "alice", i, NOW + i), i < 9 ? STORE_SETTLED : STORE_OVER_BUDGET);
    }
    assert_int_equal(facts_of(store, "alice", HOME).wrong_hour, 10);
    assert_int_equal(settle_wrong(store, "alice", 10, NOW + 10), STORE_OVER_BUDGET);
    assert_int_equal(facts_of(store, "alice", HOME).wrong_hour, 10);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_OVER_BUDGET);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1); /* it was not even looked at */
    assert_int_equal(settle_recovery(store, "alice", 0), STORE_OVER_BUDGET);
    assert_int_equal(settle_nothing(store, "alice"), STORE_SETTLED); /* a remembered network is not touched */
    assert_int_equal(facts_at(store, "alice", HOME, NOW + 3600).wrong_hour, 9);
    assert_int_equal(settle_wrong(store, "alice", 10, NOW + 3600), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 11, NOW + 3600), STORE_OVER_BUDGET);
    assert_int_equal(settle_wrong(store, "bob", 1, NOW), STORE_SETTLED);
}

/* The login of a step whose code, by chance, is what another step's was (`code`), at `now`. */
static enum store_answer settle_again(const char *network, int64_t step, struct bytes16 code, int64_t now) {
    struct attempt attempt;
    attempt_init(&attempt, "alice", network, next_ref());
    attempt_step(&attempt, step);
    attempt.code = code;
    attempt.login.now = now;
    return settle(store, &attempt);
}

/* Else nine codes, tried at each step, would be nine guesses a step and charged as nine in all. */
static void a_code_that_was_wrong_stays_wrong_for_a_day(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    assert_int_equal(settle_again(AWAY, 1000, bytes_of("wro", 1), NOW + 60), STORE_WRONG);
    assert_int_equal(settle_again(AWAY, 1001, bytes_of("wro", 1), NOW + 86399), STORE_WRONG);
    struct account_facts facts = facts_at(store, "alice", AWAY, NOW + 86399);
    assert_int_equal(facts.secret.last_step, 1);
    assert_false(facts.network_remembered);
    assert_int_equal(facts.wrong_hour, 1); /* charged again, an hour later, as it is while it stays wrong */
    assert_int_equal(settle_again(AWAY, 1002, bytes_of("wro", 1), NOW + 86399 + 86400), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 2, NOW), STORE_SETTLED);
    assert_int_equal(settle_again(HOME, 1003, bytes_of("cod", 1003), NOW), STORE_SETTLED); /* another is not */
}

/* Else whoever has eight old codes would guess for nothing: they cost no budget. */
static void an_old_code_that_comes_true_again_is_used(void **state) {
    (void)state;
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_again(AWAY, 1500, bytes_of("cod", 1000), NOW + 60), STORE_REUSED);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_again(AWAY, 1500, bytes_of("cod", 1000), NOW + REMEMBER), STORE_SETTLED);
}

static void fifty_distinct_wrong_codes_a_day_are_the_budget(void **state) {
    (void)state;
    int64_t now = NOW;
    enrol(store, "alice");
    for (int i = 0; i < 50; i++, now += 400)
        assert_int_equal(settle_wrong(store, "alice", i, now), STORE_SETTLED);
    assert_int_equal(facts_at(store, "alice", HOME, now).wrong_hour, 8);
    assert_int_equal(facts_at(store, "alice", HOME, now).wrong_day, 50);
    assert_int_equal(settle_wrong(store, "alice", 50, now), STORE_OVER_BUDGET);
    assert_int_equal(settle_wrong(store, "alice", 50, NOW + 86399), STORE_OVER_BUDGET);
    assert_int_equal(settle_wrong(store, "alice", 50, NOW + 86400), STORE_SETTLED);
}

/* While the clock was ahead every code was wrong; set right, it must not shut everybody out until it has caught up. */
static void what_was_wrong_by_a_clock_far_ahead_is_not_counted(void **state) {
    (void)state;
    const int64_t ahead = NOW + 400LL * 86400;
    enrol(store, "alice");
    for (int i = 0; i < 10; i++)
        assert_int_equal(settle_wrong(store, "alice", i, ahead), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 10, ahead), STORE_OVER_BUDGET);
    assert_int_equal(facts_of(store, "alice", HOME).wrong_day, 0);
    assert_int_equal(settle_wrong(store, "alice", 0, NOW), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 11, NOW), STORE_SETTLED);
    assert_int_equal(facts_of(store, "alice", HOME).wrong_hour, 2);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    for (int i = 0; i < 10; i++) /* another host's clock, a minute ahead */
        settle_wrong(store, "bob", i, NOW + 60);
    assert_int_equal(settle_wrong(store, "bob", 10, NOW), STORE_OVER_BUDGET);
}

static void a_wrong_code_again_after_an_hour_counts_again_but_once_a_day(void **state) {
    (void)state;
    enrol(store, "alice");
    for (int hour = 0; hour < 20; hour++)
        assert_int_equal(settle_wrong(store, "alice", 1, NOW + hour * 3600), STORE_SETTLED);
    struct account_facts facts = facts_at(store, "alice", HOME, NOW + 19 * 3600);
    assert_int_equal(facts.wrong_hour, 1);
    assert_int_equal(facts.wrong_day, 1);
    assert_int_equal(settle_wrong(store, "bob", 1, NOW), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "bob", 1, NOW + 3599), STORE_SETTLED);
    enrol(store, "bob");
    assert_int_equal(facts_at(store, "bob", HOME, NOW + 3600).wrong_hour, 0); /* a repeat does not prolong it */
}

#endif
