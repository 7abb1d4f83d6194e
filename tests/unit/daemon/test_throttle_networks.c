/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/throttle.o */
/* A network that tries one account after the other, an account that is attacked from everywhere, and whom neither may
 * shut out. */
#include "daemon/throttle_scene.h"

static const char thief[] = "203.0.113.9";

static struct throttle_login number_at(unsigned number, struct prefix network) {
    static char account[32];
    snprintf(account, sizeof account, "user%u@example.com", number);
    return login_of(account, network);
}

static struct throttle_login number_from(unsigned number, const char *address) {
    return number_at(number, network_of(address));
}

static void spray(unsigned accounts) {
    for (unsigned i = 0; i < accounts; i++)
        fails(number_from(i, thief), 1000 + i);
}

static void the_thirtieth_failing_account_makes_a_sprayer(void **state) {
    (void)state;
    spray(29);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    assert_int_equal(fails(from("alice@example.com", thief), 1), THROTTLE_SPRAYING);
    assert_int_equal(state_of(from("bob@example.com", thief)), THROTTLE_SPRAYING);
    assert_int_equal(state_of(from("bob@example.com", "203.0.114.9")), THROTTLE_NOT);
}

static void one_account_counts_once_for_its_network(void **state) {
    (void)state;
    spray(29);
    for (uint32_t mark = 1; mark <= 3; mark++)
        fails(number_from(5, thief), mark);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
}

static void spraying_ends_after_its_fifteen_minutes(void **state) {
    (void)state;
    spray(30);
    now = SCENE_START + 15 * MINUTE - 1;
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
    now++;
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
}

static void a_sprayer_who_comes_back_is_counted_again(void **state) {
    (void)state;
    spray(30);
    now += 15 * MINUTE;
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void failures_of_fifteen_minutes_ago_are_forgotten(void **state) {
    (void)state;
    spray(29);
    now += 15 * MINUTE;
    assert_int_equal(fails(from("alice@example.com", thief), 1), THROTTLE_NOT);
    assert_int_equal(state_of(from("bob@example.com", thief)), THROTTLE_NOT);
}

static void successes_of_fifteen_minutes_ago_clear_nothing(void **state) {
    (void)state;
    for (unsigned i = 100; i < 104; i++)
        gets_in(number_from(i, thief), i);
    spray(20); /* so that the network is still known then */
    now += 15 * MINUTE;
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
    for (unsigned i = 100; i < 104; i++)
        gets_in(number_from(i, thief), i); /* again */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
}

static void a_host_that_has_just_booted_counts_from_the_first_minute(void **state) {
    (void)state;
    now = 0;
    spray(29);
    fails(number_from(5, thief), 1);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
    for (unsigned i = 0; i < 21; i++)
        fails(login_of("carol@example.com", network_number(i)), 5000 + i);
    assert_int_equal(state_of(from("carol@example.com", "192.0.2.7")), THROTTLE_ATTACKED);
}

/* There are fewer slices since the boot than a day has. */
static void on_the_day_of_the_boot_each_attacker_counts_once(void **state) {
    (void)state;
    for (int hour = 0; hour < 30; hour++) {
        close_scene(state);
        open_scene(state);
        now = hour * HOUR;
        for (unsigned i = 0; i < 20; i++)
            fails(login_of("carol@example.com", network_number(i)), 5000 + i);
        assert_int_equal(state_of(from("carol@example.com", "192.0.2.7")), THROTTLE_NOT);
        fails(login_of("carol@example.com", network_number(20)), 6000);
        assert_int_equal(state_of(from("carol@example.com", "192.0.2.7")), THROTTLE_ATTACKED);
    }
}

static void no_number_of_failures_wraps_to_none(void **state) {
    (void)state;
    spray(UINT16_MAX + 2);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void slow_failures_of_an_office_are_no_spray(void **state) {
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(fails(number_from(i, thief), i), THROTTLE_NOT);
        now += 32 * SECOND; /* 28 in any 15 minutes */
    }
}

static void a_tenth_of_successes_clears_a_network(void **state) {
    (void)state;
    for (unsigned i = 100; i < 103; i++)
        gets_in(number_from(i, thief), i);
    spray(30); /* 3 of 33 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
    gets_in(number_from(103, thief), 103); /* 4 of 34 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    for (unsigned i = 30; i < 36; i++)
        fails(number_from(i, thief), i); /* 4 of 40 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    fails(number_from(36, thief), 36); /* 4 of 41 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
    for (unsigned i = 104; i < 110; i++)
        gets_in(number_from(i, thief), i);
    for (unsigned i = 37; i < 90; i++)
        fails(number_from(i, thief), i); /* 10 of 100 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_NOT);
    fails(number_from(90, thief), 90); /* 10 of 101 */
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void one_account_that_gets_in_often_clears_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++)
        gets_in(from("mallory@example.com", thief), 1);
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void a_right_password_that_is_denied_is_a_failure_of_its_network(void **state) {
    (void)state;
    spray(29);
    assert_int_equal(is_denied(number_from(29, thief), 29), THROTTLE_SPRAYING);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void shared_addresses_are_never_sprayers(void **state) {
    (void)state;
    struct throttle_login login;
    for (unsigned i = 0; i < 100; i++) {
        login = number_from(i, thief);
        login.shared = true;
        assert_int_equal(fails(login, i), THROTTLE_NOT);
    }
    login = from("alice@example.com", thief);
    login.shared = true;
    assert_int_equal(state_of(login), THROTTLE_NOT);
}

static void successes_of_a_shared_address_clear_nothing(void **state) {
    (void)state;
    for (unsigned i = 100; i < 110; i++) {
        struct throttle_login login = number_from(i, thief);
        login.shared = true; /* for those accounts; not for the others */
        gets_in(login, 1);
    }
    spray(30);
    assert_int_equal(state_of(from("alice@example.com", thief)), THROTTLE_SPRAYING);
}

static void unknown_addresses_are_no_network(void **state) {
    (void)state;
    const struct prefix unknown = {{0}, 0};
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(fails(number_at(i, unknown), i), THROTTLE_NOT);
    for (unsigned i = 0; i < 30; i++)
        fails(login_of("alice@example.com", network_number(i)), i);
    assert_int_equal(state_of(login_of("alice@example.com", unknown)), THROTTLE_NOT);
}

static void a_remembered_network_passes_a_spraying_neighbour(void **state) {
    (void)state;
    spray(30);
    struct throttle_login alice = from("alice@example.com", thief);
    alice.remembered = true;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void two_hundred_sprayed_accounts_are_stopped_at_thirty(void **state) {
    (void)state;
    unsigned checked = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct throttle_login login = number_from(i, thief);
        if (state_of(login) != THROTTLE_NOT)
            continue;
        checked++;
        fails(login, 1);
    }
    assert_int_equal(checked, 30);
}

static void attack(const char *account, unsigned networks) {
    for (unsigned i = 0; i < networks; i++)
        fails(login_of(account, network_number(i)), 5000 + i);
}

static void the_twenty_first_network_makes_an_attack(void **state) {
    (void)state;
    attack("alice@example.com", 20);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
    assert_int_equal(fails(login_of("alice@example.com", network_number(20)), 1), THROTTLE_ATTACKED);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_ATTACKED);
    assert_int_equal(state_of(from("bob@example.com", "192.0.2.7")), THROTTLE_NOT);
}

static void an_attack_is_over_after_a_day(void **state) {
    (void)state;
    attack("alice@example.com", 21);
    now = SCENE_START + DAY - 1;
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_ATTACKED);
    now++;
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
}

static void attackers_who_come_back_are_counted_again(void **state) {
    (void)state;
    for (int day = 0; day < 2; day++) {
        assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
        for (unsigned i = 0; i < 21; i++) {
            struct throttle_login login = login_of("alice@example.com", network_number(i));
            login.window = 7 * 86400; /* so long is it known which network was counted */
            fails(login, 100 * (unsigned)day + i);
        }
        assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_ATTACKED);
        now += DAY;
    }
}

/* A /64 of 2001:db8:1::/48 by its number. */
static struct prefix tunnel(unsigned number) {
    char text[64];
    snprintf(text, sizeof text, "2001:db8:1:%x::1", number);
    return network_of(text);
}

/* Whoever has a /48 (a tunnel costs nothing) has 65536 networks: they are one attacker, who must not be able to shut an
 * owner out of each network that is new to him. */
static void the_networks_of_one_site_are_one_attacker(void **state) {
    (void)state;
    for (unsigned i = 0; i < 1000; i++, now += 10 * MINUTE / 6)
        fails(login_of("alice@example.com", tunnel(i)), i + 1);
    assert_int_equal(state_of(from("alice@example.com", "203.0.113.9")), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "2001:db8:2::1")), THROTTLE_NOT);
    attack("alice@example.com", 20);
    assert_int_equal(state_of(from("alice@example.com", "203.0.113.9")), THROTTLE_ATTACKED);
}

/* Nor may it guess without end because it is one. */
static void the_networks_of_one_site_have_four_times_a_networks_passwords(void **state) {
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(state_of(login_of("alice@example.com", tunnel(i))), THROTTLE_NOT);
        fails(login_of("alice@example.com", tunnel(i)), i + 1);
        fails(login_of("alice@example.com", tunnel(i + 100)), i + 1); /* a repeat, for the site */
    }
    assert_int_equal(state_of(login_of("alice@example.com", tunnel(99))), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(login_of("bob@example.com", tunnel(99))), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "2001:db8:2::1")), THROTTLE_NOT);
    struct throttle_login remembered = login_of("alice@example.com", tunnel(99));
    remembered.remembered = true;
    assert_int_equal(state_of(remembered), THROTTLE_NOT);
    struct throttle_login elsewhere = login_of("alice@example.com", tunnel(99));
    assert_int_equal(throttle_until(throttle, &elsewhere, now), now + 900 * SECOND);
    now += 900 * SECOND;
    assert_int_equal(state_of(elsewhere), THROTTLE_NOT);
    for (unsigned i = 0; i < 20; i++)
        fails(login_of("alice@example.com", tunnel(200 + i)), 100 + i);
    assert_int_equal(throttle_end(throttle, &elsewhere, now), THROTTLE_PASSWORDS);
    assert_int_equal(state_of(elsewhere), THROTTLE_NOT);
}

static void attackers_of_yesterday_are_forgotten(void **state) {
    (void)state;
    attack("alice@example.com", 20);
    now += DAY;
    assert_int_equal(fails(login_of("alice@example.com", network_number(20)), 1), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
}

static void an_attacked_owner_gets_in_from_where_he_did_before(void **state) {
    (void)state;
    gets_in(from("alice@example.com", "192.0.2.7"), 1);
    now += 29 * DAY;
    attack("alice@example.com", 50);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.99")), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.3.7")), THROTTLE_ATTACKED);
    struct throttle_login alice = from("alice@example.com", "192.0.3.7");
    alice.remembered = true;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
    alice.remembered = false;
    alice.shared = true;
    assert_int_equal(state_of(alice), THROTTLE_NOT);
}

static void a_right_password_refused_makes_no_home(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", thief);
    is_denied(alice, 1);
    attack("alice@example.com", 21);
    assert_int_equal(state_of(alice), THROTTLE_ATTACKED);
}

static void one_phone_with_an_old_password_is_no_attack(void **state) {
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(fails(login_of("alice@example.com", network_number(i)), 7), THROTTLE_NOT);
        now += 10 * MINUTE;
    }
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
}

static void failures_at_home_are_no_attack(void **state) {
    (void)state;
    for (unsigned i = 0; i < 30; i++)
        gets_in(login_of("alice@example.com", network_number(i)), 1);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(fails(login_of("alice@example.com", network_number(i)), 100 + i), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
}

static void one_network_counts_once_for_an_attack(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        fails(login_of("alice@example.com", network_number(i % 20)), i);
        now += 10 * MINUTE;
    }
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(the_thirtieth_failing_account_makes_a_sprayer),
        scene_test(one_account_counts_once_for_its_network),
        scene_test(spraying_ends_after_its_fifteen_minutes),
        scene_test(a_sprayer_who_comes_back_is_counted_again),
        scene_test(failures_of_fifteen_minutes_ago_are_forgotten),
        scene_test(successes_of_fifteen_minutes_ago_clear_nothing),
        scene_test(a_host_that_has_just_booted_counts_from_the_first_minute),
        scene_test(on_the_day_of_the_boot_each_attacker_counts_once),
        scene_test(no_number_of_failures_wraps_to_none),
        scene_test(slow_failures_of_an_office_are_no_spray),
        scene_test(a_tenth_of_successes_clears_a_network),
        scene_test(one_account_that_gets_in_often_clears_nothing),
        scene_test(a_right_password_that_is_denied_is_a_failure_of_its_network),
        scene_test(shared_addresses_are_never_sprayers),
        scene_test(successes_of_a_shared_address_clear_nothing),
        scene_test(unknown_addresses_are_no_network),
        scene_test(a_remembered_network_passes_a_spraying_neighbour),
        scene_test(two_hundred_sprayed_accounts_are_stopped_at_thirty),
        scene_test(the_twenty_first_network_makes_an_attack),
        scene_test(an_attack_is_over_after_a_day),
        scene_test(attackers_who_come_back_are_counted_again),
        scene_test(the_networks_of_one_site_are_one_attacker),
        scene_test(the_networks_of_one_site_have_four_times_a_networks_passwords),
        scene_test(attackers_of_yesterday_are_forgotten),
        scene_test(an_attacked_owner_gets_in_from_where_he_did_before),
        scene_test(a_right_password_refused_makes_no_home),
        scene_test(one_phone_with_an_old_password_is_no_attack),
        scene_test(failures_at_home_are_no_attack),
        scene_test(one_network_counts_once_for_an_attack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
