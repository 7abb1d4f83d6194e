/* SPDX-License-Identifier: BSD-2-Clause */
/* What every engine must do, as tests that know no engine: the program that includes this says how a fresh store of
 * its engine is opened (struct suite_engine) and runs suite_tests. */
#ifndef AUTHGATE_TESTS_STORE_SUITE_H
#define AUTHGATE_TESTS_STORE_SUITE_H

#include "store/suite_engine.h"
#include "store/suite_logins.h"
#include "store/suite_orders.h"

/* ---- calls ---- */

static void what_does_not_fit_is_not_taken(void **state) {
    (void)state;
    struct got_answer got = {0};
    struct got_facts facts = {0};
    struct got_report report = {0};
    struct attempt attempt;
    char long_name[STORE_ACCOUNT_SIZE + 1];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    attempt_init(&attempt, long_name, HOME, "ref");
    assert_int_equal(store_settle(store, &attempt.login, take_answer, &got), 0);
    attempt_init(&attempt, "alice", HOME, "");
    assert_int_equal(store_settle(store, &attempt.login, take_answer, &got), 0);
    attempt_init(&attempt, "alice", HOME, "ref");
    attempt.login.use = STORE_USE_RECOVERY;
    attempt.login.recovery = NULL;
    assert_int_equal(store_settle(store, &attempt.login, take_answer, &got), 0);
    attempt.login.use = STORE_USE_APP_PASSWORD;
    attempt.login.country = "JPN";
    assert_int_equal(store_settle(store, &attempt.login, take_answer, &got), 0);
    const struct store_question question = {.account = "", .now = NOW};
    assert_int_equal(store_facts(store, &question, take_facts, &facts), 0);
    const struct store_order enrolment = {.verb = STORE_ENROL, .account = "alice"};
    assert_int_equal(store_administer(store, &enrolment, take_report, &report), 0);
    long_name[STORE_ACCOUNT_SIZE - 1] = '\0';
    enrol(store, long_name);
    assert_true(facts_of(store, long_name, HOME).enrolled);
    assert_false(got.done || facts.done || report.done);
}

/* Behind so much work that it cannot have been done yet. */
static void a_call_without_an_answer_in_time_is_unavailable(void **state) {
    (void)state;
    struct got_answer got = {0};
    struct got_facts facts = {0};
    struct attempt attempt;
    const struct store_question question = {.account = "alice", .now = NOW, .deadline = 5000};
    enrol(store, "alice");
    for (int i = 0; i < 3000; i++) {
        struct store_secret secret = secret_of(1);
        char account[24];
        snprintf(account, sizeof account, "user%04d", i);
        const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret, .now = NOW,
                                           .deadline = INT64_MAX};
        uint64_t call = store_administer(store, &import, take_report, NULL);
        assert_true(call != 0);
        store_cancel(store, call);
    }
    attempt_init(&attempt, "alice", HOME, "late");
    attempt_step(&attempt, 1000);
    attempt.login.deadline = 5000;
    assert_true(store_settle(store, &attempt.login, take_answer, &got) != 0);
    assert_true(store_facts(store, &question, take_facts, &facts) != 0);
    store_dispatch(store, 4999);
    assert_false(got.done || facts.done);
    store_dispatch(store, 5000);
    assert_true(got.done && got.answer == STORE_UNAVAILABLE);
    assert_true(facts.done && !facts.available);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED); /* the same ref: once */
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED);
    struct store_counters counters;
    store_count(store, &counters);
    assert_int_equal(counters.late, 2);
    assert_int_equal(counters.waiting, 0);
}

static void a_cancelled_call_is_never_completed(void **state) {
    (void)state;
    struct got_answer cancelled = {0};
    struct attempt attempt;
    enrol(store, "alice");
    attempt_init(&attempt, "alice", HOME, "cancelled");
    attempt_step(&attempt, 1000);
    uint64_t call = store_settle(store, &attempt.login, take_answer, &cancelled);
    assert_true(call != 0);
    store_cancel(store, call);
    store_cancel(store, call);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
    assert_false(cancelled.done);
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED); /* it landed all the same */
}

static void closing_lets_what_was_handed_over_land(void **state) {
    (void)state;
    struct got_answer got[50] = {{0}};
    enrol(store, "alice");
    for (int i = 0; i < 50; i++) {
        struct attempt attempt;
        attempt_init(&attempt, "alice", HOME, next_ref());
        attempt_step(&attempt, 1000 + i);
        assert_true(store_settle(store, &attempt.login, take_answer, &got[i]) != 0);
    }
    again();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1049);
    for (int i = 0; i < 50; i++)
        assert_false(got[i].done);
}

static void everything_is_there_again_after_reopening(void **state) {
    (void)state;
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    enrol(store, "alice");
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 2), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    struct account_facts before = facts_of(store, "alice", HOME);
    again();
    struct account_facts after = facts_of(store, "alice", HOME);
    assert_memory_equal(&before, &after, sizeof before);
    assert_true(facts_with(store, "alice", bytes_of("app", 1)).app_password_found);
    assert_int_equal(settle_step(store, "alice", AWAY, 1000), STORE_REUSED);
}

#define SUITE(test) cmocka_unit_test_setup_teardown(test, suite_setup, suite_teardown)

static const struct CMUnitTest suite_tests[] = {
    SUITE(nobody_is_enrolled_at_first),
    SUITE(a_secret_counts_once_it_is_confirmed),
    SUITE(the_code_that_confirmed_is_used_up),
    SUITE(a_new_secret_ends_the_memory),
    SUITE(the_same_secret_again_keeps_the_step_that_logins_raised),
    SUITE(an_import_judged_by_another_secret_changes_nothing),
    SUITE(an_import_ends_an_enrolment_under_way),
    SUITE(disabling_takes_everything_but_app_passwords_and_locks),
    SUITE(a_disabled_secrets_last_step_is_known_until_no_code_of_it_can_come_again),
    SUITE(so_is_the_one_of_a_secret_that_another_took_the_place_of),
    SUITE(a_step_is_accepted_once_and_steps_only_rise),
    SUITE(one_code_from_one_network_is_one_use),
    SUITE(an_unknown_network_is_never_the_same),
    SUITE(a_step_of_another_secret_is_not_accepted),
    SUITE(a_burnt_code_is_used_up_and_remembers_nothing),
    SUITE(a_network_is_remembered_for_its_time),
    SUITE(each_network_is_remembered_as_itself),
    SUITE(eight_networks_are_kept_without_any_code),
    SUITE(used_recovery_codes_stay_known_behind_the_unused_ones),
    SUITE(eight_networks_and_eight_codes_are_kept),
    SUITE(a_burnt_code_takes_no_known_ones_place),
    SUITE(networks_are_forgotten_one_or_all),
    SUITE(the_same_ref_is_settled_once),
    SUITE(a_refs_answer_stays_what_it_was),
    SUITE(the_same_ref_with_other_facts_is_refused),
    SUITE(a_ref_is_known_for_ten_minutes),
    SUITE(of_eight_racers_with_one_code_one_gets_in),
    SUITE(the_race_finds_out_who_looks_before_he_writes),
    SUITE(of_two_uses_of_a_recovery_code_at_once_one_gets_in),
    SUITE(guesses_at_once_stay_within_the_budget),
    SUITE(a_code_is_burnt_whatever_the_budget_says),
    SUITE(ten_distinct_wrong_codes_an_hour_are_the_budget),
    SUITE(a_code_that_was_wrong_stays_wrong_for_a_day),
    SUITE(an_old_code_that_comes_true_again_is_used),
    SUITE(fifty_distinct_wrong_codes_a_day_are_the_budget),
    SUITE(what_was_wrong_by_a_clock_far_ahead_is_not_counted),
    SUITE(a_wrong_code_again_after_an_hour_counts_again_but_once_a_day),
    SUITE(each_recovery_code_is_used_once),
    SUITE(app_passwords_are_found_by_account_and_hash),
    SUITE(an_app_passwords_use_is_recorded),
    SUITE(a_revoked_app_password_is_listed_but_opens_nothing),
    SUITE(an_account_has_so_many_app_passwords_and_no_more),
    SUITE(a_lock_stops_every_use_and_burns_the_code),
    SUITE(an_unlocked_account_has_its_whole_budget_again),
    SUITE(a_lock_ends_by_itself_and_the_one_by_hand_comes_first),
    SUITE(a_forgotten_account_leaves_nothing),
    SUITE(secrets_are_listed_and_sealed_anew_page_by_page),
    SUITE(accounts_of_which_anything_is_kept_are_listed_page_by_page),
    SUITE(what_does_not_fit_is_not_taken),
    SUITE(a_call_without_an_answer_in_time_is_unavailable),
    SUITE(a_cancelled_call_is_never_completed),
    SUITE(closing_lets_what_was_handed_over_land),
    SUITE(everything_is_there_again_after_reopening),
};

#endif
