/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/throttle.o */
/* Wrong passwords that may have been guesses at a code: distinct ones of a day, those from where the account got in
 * and those from elsewhere. */
#include "daemon/throttle_scene.h"

static const char account[] = "alice@example.com", home[] = "198.51.100.7", away[] = "203.0.113.9";

static void guess(const char *address, uint32_t mark, uint64_t digits) {
    struct throttle_login login = from(account, address);
    throttle_guessed(throttle, &login, &mark, digits, now);
}

static unsigned guesses_at(const char *address) {
    struct throttle_login login = from(account, address);
    return throttle_guesses(throttle, &login, now);
}

static void each_distinct_guess_counts_wherever_it_comes_from(void **state) {
    (void)state;
    assert_int_equal(guesses_at(away), 0);
    for (uint32_t i = 0; i < 60; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.1.%u.1", (unsigned)i);
        guess(address, i + 1, 7);
    }
    assert_int_equal(guesses_at(away), 60);
    guess(away, 60, 8);
    assert_int_equal(guesses_at(away), 61);
}

static void a_stored_password_that_is_tried_again_counts_once(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++)
        guess(away, 1 + (uint32_t)i % 8, 7);
    assert_int_equal(guesses_at(away), 8);
}

static void one_whose_mark_is_not_known_counts_each_time(void **state) {
    (void)state;
    struct throttle_login login = from(account, away);
    for (int i = 0; i < 3; i++)
        throttle_guessed(throttle, &login, NULL, 7, now);
    assert_int_equal(guesses_at(away), 3);
}

static void where_the_account_got_in_is_counted_by_itself(void **state) {
    (void)state;
    gets_in(from(account, home), 99);
    for (uint32_t mark = 1; mark <= 20; mark++)
        guess(away, mark, 7);
    assert_int_equal(guesses_at(home), 0);
    guess(home, 50, 7);
    assert_int_equal(guesses_at(home), 1);
    assert_int_equal(guesses_at(away), 20);
}

static void the_password_that_succeeded_last_is_no_guess(void **state) {
    (void)state;
    gets_in(from(account, home), 99);
    guess(home, 99, 7);
    assert_int_equal(guesses_at(home), 0);
}

static void after_a_day_a_guess_is_forgotten(void **state) {
    (void)state;
    guess(away, 1, 7);
    now += 12 * HOUR;
    guess(away, 2, 7);
    now += 12 * HOUR - 1;
    assert_int_equal(guesses_at(away), 2);
    now++;
    assert_int_equal(guesses_at(away), 1);
    now += 12 * HOUR;
    assert_int_equal(guesses_at(away), 0);
    guess(away, 3, 7);
    assert_int_equal(guesses_at(away), 1);
}

static void they_are_the_accounts_own(void **state) {
    (void)state;
    guess(away, 1, 7);
    struct throttle_login bob = from("bob@example.com", away);
    assert_int_equal(throttle_guesses(throttle, &bob, now), 0);
}

static void they_can_be_forgotten_all_at_once(void **state) {
    (void)state;
    gets_in(from(account, home), 99);
    guess(home, 1, 7);
    guess(away, 2, 7);
    assert_int_equal(throttle_forget_guesses(throttle, "bob@example.com", now), 0);
    assert_int_equal(throttle_forget_guesses(throttle, account, now), 2);
    assert_int_equal(guesses_at(home) + guesses_at(away), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(each_distinct_guess_counts_wherever_it_comes_from),
        scene_test(a_stored_password_that_is_tried_again_counts_once),
        scene_test(one_whose_mark_is_not_known_counts_each_time),
        scene_test(where_the_account_got_in_is_counted_by_itself),
        scene_test(the_password_that_succeeded_last_is_no_guess),
        scene_test(after_a_day_a_guess_is_forgotten),
        scene_test(they_are_the_accounts_own),
        scene_test(they_can_be_forgotten_all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
