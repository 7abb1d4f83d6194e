/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/throttle.o */
/* Distinct wrong passwords of one account from one network: what counts, what does not, and when it is over (THREATS
 * M11, M13). */
#include "daemon/throttle_scene.h"

static const char home[] = "192.0.2.7";

static void the_fifth_distinct_password_throttles(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 4; mark++)
        assert_int_equal(fails(alice, mark), THROTTLE_NOT);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(fails(alice, 5), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

static void just_after_the_boot_it_is_the_fifth_too(void **state) {
    now = 0;
    the_fifth_distinct_password_throttles(state);
    now = 15 * MINUTE;
    assert_int_equal(state_of(from("alice@example.com", home)), THROTTLE_NOT);
}

static void a_repeat_counts_nothing(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(fails(alice, 7), THROTTLE_NOT);
        now += SECOND;
    }
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_int_equal(counters.counted, 2); /* again after its 15 minutes */
}

static void two_old_passwords_by_turns_count_two(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (int i = 0; i < 100; i++)
        fails(alice, i % 2 == 0 ? 7 : 8);
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_int_equal(counters.counted, 2);
}

static void other_digits_behind_the_same_mark_are_another_password(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    const uint32_t mark = 7;
    for (uint64_t digits = 1; digits <= 5; digits++)
        throttle_failed(throttle, &alice, &mark, digits, now);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

static void an_unknown_mark_is_always_a_new_password(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (int i = 0; i < 4; i++)
        assert_int_equal(throttle_failed(throttle, &alice, NULL, 0, now), THROTTLE_NOT);
    assert_int_equal(throttle_failed(throttle, &alice, NULL, 0, now), THROTTLE_PASSWORDS);
}

static void the_throttle_ends_when_the_window_has_passed(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 5; mark++) {
        fails(alice, mark);
        now += MINUTE;
    }
    now = SCENE_START + 15 * MINUTE - 1;
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    now++;
    assert_int_equal(state_of(alice), THROTTLE_NOT); /* one more guess, no more */
    assert_int_equal(fails(alice, 6), THROTTLE_PASSWORDS);
    now = SCENE_START + 16 * MINUTE - 1;
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

static void asking_does_not_lengthen_the_throttle(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    for (; now < SCENE_START + 15 * MINUTE; now += SECOND)
        assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void the_policy_says_how_many_and_how_long(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.passwords = 1000;
    alice.window = 7 * 86400;
    for (uint32_t mark = 1; mark < 1000; mark++) {
        assert_int_equal(fails(alice, mark), THROTTLE_NOT);
        now += MINUTE;
    }
    assert_int_equal(fails(alice, 1), THROTTLE_NOT); /* still known as a repeat */
    assert_int_equal(fails(alice, 1000), THROTTLE_PASSWORDS);
    now = SCENE_START + 7 * DAY - 1;
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    now++;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    alice.passwords = 1;
    alice.window = 1;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(fails(alice, 2000), THROTTLE_PASSWORDS);
    now += SECOND;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void many_times_the_limit_are_counted_right(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 5000; mark++) {
        assert_int_equal(fails(alice, mark) == THROTTLE_PASSWORDS, mark == 5);
        assert_int_equal(state_of(alice), mark < 5 ? THROTTLE_NOT : THROTTLE_PASSWORDS);
    }
    now += 15 * MINUTE;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void nothing_is_left_of_a_throttle_hours_later(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    for (int hour = 1; hour <= 48; hour++) {
        now += HOUR;
        assert_int_equal(state_of(alice), THROTTLE_NOT);
    }
    assert_int_equal(fails(alice, 1), THROTTLE_NOT);
}

/* The policy's range ends at 1000; whatever it were, there is room for 1023. */
static void no_limit_is_none_and_none_is_out_of_reach(void **state) {
    (void)state;
    static const int64_t limits[] = {0, 1023, 1024, 1025, 5000, INT64_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char account[32];
        snprintf(account, sizeof account, "user%zu@example.com", i);
        struct throttle_login login = from(account, home);
        login.passwords = limits[i];
        for (uint32_t mark = 1; mark < (limits[i] == 0 ? 1 : 1023); mark++)
            assert_int_equal(fails(login, mark), THROTTLE_NOT);
        assert_int_equal(fails(login, 5000), THROTTLE_PASSWORDS);
        assert_int_equal(state_of(login), THROTTLE_PASSWORDS);
    }
}

static void accounts_and_networks_count_apart(void **state) {
    (void)state;
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(from("alice@example.com", home), mark);
    assert_int_equal(state_of(from("bob@example.com", home)), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.3.7")), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.200")), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(from("alice@example.com", "::ffff:192.0.2.9")), THROTTLE_PASSWORDS);
}

static void one_ipv6_network_is_one_source(void **state) {
    (void)state;
    for (uint32_t i = 1; i <= 5; i++) {
        char address[64];
        snprintf(address, sizeof address, "2001:db8::%x:1", i);
        fails(from("alice@example.com", address), i);
    }
    assert_int_equal(state_of(from("alice@example.com", "2001:db8:0:0:ffff::2")), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(from("alice@example.com", "2001:db8:0:1::2")), THROTTLE_NOT);
}

static void unknown_addresses_count_for_the_account(void **state) {
    (void)state;
    struct throttle_login alice = login_of("alice@example.com", (struct prefix){{0}, 0});
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(from("alice@example.com", home)), THROTTLE_NOT);
    assert_int_equal(state_of(login_of("bob@example.com", (struct prefix){{0}, 0})), THROTTLE_NOT);
}

static void a_shared_address_is_throttled_for_its_account(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.shared = true;
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

static void a_remembered_network_has_twenty_an_hour(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.remembered = true;
    for (uint32_t mark = 1; mark <= 19; mark++)
        assert_int_equal(fails(alice, mark), THROTTLE_NOT);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(fails(alice, 20), THROTTLE_PASSWORDS);
    now = SCENE_START + HOUR - 1;
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    now++;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void others_on_a_remembered_network_have_the_policys(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    alice.remembered = true;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void what_last_succeeded_is_not_wrong(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    gets_in(alice, 1);
    const uint32_t good = 1;
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(throttle_failed(throttle, &alice, &good, i, now), THROTTLE_NOT);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(fails(login_of("alice@example.com", network_number(i)), 1), THROTTLE_NOT);
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_int_equal(counters.counted, 0);
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

/* Each in turn: four that are refused, one that is right and denied or wrong, and whether the next one is throttled. */
static void a_denied_right_password_counts_as_a_wrong_one_does(void **state) {
    (void)state;
    gets_in(from("alice@example.com", "203.0.113.9"), 5); /* the owner, with the right one */
    struct throttle_login alice = from("alice@example.com", home);
    for (uint32_t mark = 1; mark <= 4; mark++)
        assert_int_equal(fails(alice, mark), THROTTLE_NOT);
    assert_int_equal(is_denied(alice, 1), THROTTLE_NOT); /* a repeat */
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    assert_int_equal(is_denied(alice, 5), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
}

static void codes_behind_a_right_password_count_as_behind_a_wrong_one(void **state) {
    (void)state;
    const uint32_t good = 1;
    struct throttle_login alice = from("alice@example.com", home);
    gets_in(from("alice@example.com", "203.0.113.9"), good);
    for (uint64_t digits = 1; digits <= 4; digits++)
        assert_int_equal(throttle_denied(throttle, &alice, &good, digits, now), THROTTLE_NOT);
    assert_int_equal(throttle_denied(throttle, &alice, &good, 5, now), THROTTLE_PASSWORDS);
}

static void what_last_succeeded_is_known_for_a_month(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.passwords = 1;
    gets_in(alice, 1);
    fails(from("alice@example.com", "203.0.113.9"), 2);
    now += 29 * DAY;
    assert_int_equal(fails(alice, 1), THROTTLE_NOT);
}

static void a_first_success_alone_is_known_for_a_month(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.passwords = 1;
    gets_in(alice, 1);
    now += 29 * DAY;
    assert_int_equal(fails(alice, 1), THROTTLE_NOT);
    assert_int_equal(fails(alice, 2), THROTTLE_PASSWORDS);
}

static void the_password_before_the_last_is_wrong_again(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.passwords = 1;
    gets_in(alice, 1);
    gets_in(alice, 2);
    assert_int_equal(fails(alice, 2), THROTTLE_NOT);
    assert_int_equal(fails(alice, 1), THROTTLE_PASSWORDS);
}

static void a_success_without_a_mark_keeps_the_last_one(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", home);
    alice.passwords = 1;
    gets_in(alice, 1);
    throttle_succeeded(throttle, &alice, NULL, now); /* an app password */
    assert_int_equal(fails(alice, 1), THROTTLE_NOT);
}

static void another_accounts_password_is_wrong(void **state) {
    (void)state;
    gets_in(from("alice@example.com", home), 1);
    struct throttle_login bob = from("bob@example.com", home);
    bob.passwords = 1;
    assert_int_equal(fails(bob, 1), THROTTLE_PASSWORDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(the_fifth_distinct_password_throttles),
        scene_test(just_after_the_boot_it_is_the_fifth_too),
        scene_test(a_repeat_counts_nothing),
        scene_test(two_old_passwords_by_turns_count_two),
        scene_test(other_digits_behind_the_same_mark_are_another_password),
        scene_test(an_unknown_mark_is_always_a_new_password),
        scene_test(the_throttle_ends_when_the_window_has_passed),
        scene_test(asking_does_not_lengthen_the_throttle),
        scene_test(the_policy_says_how_many_and_how_long),
        scene_test(many_times_the_limit_are_counted_right),
        scene_test(nothing_is_left_of_a_throttle_hours_later),
        scene_test(no_limit_is_none_and_none_is_out_of_reach),
        scene_test(accounts_and_networks_count_apart),
        scene_test(one_ipv6_network_is_one_source),
        scene_test(unknown_addresses_count_for_the_account),
        scene_test(a_shared_address_is_throttled_for_its_account),
        scene_test(a_remembered_network_has_twenty_an_hour),
        scene_test(others_on_a_remembered_network_have_the_policys),
        scene_test(what_last_succeeded_is_not_wrong),
        scene_test(a_denied_right_password_counts_as_a_wrong_one_does),
        scene_test(codes_behind_a_right_password_count_as_behind_a_wrong_one),
        scene_test(what_last_succeeded_is_known_for_a_month),
        scene_test(a_first_success_alone_is_known_for_a_month),
        scene_test(the_password_before_the_last_is_wrong_again),
        scene_test(a_success_without_a_mark_keeps_the_last_one),
        scene_test(another_accounts_password_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
