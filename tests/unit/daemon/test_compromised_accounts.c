/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/compromise.o */
/* From how many countries within which time an account is taken for lost, and which right passwords for stolen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/compromise.h"

#define START  1000000
#define WINDOW 86400

static struct compromise *compromise;
static struct compromise_login login;

static int open_scene(void **state) {
    static const unsigned char key[SIPHASH_KEY_SIZE] = "0123456789abcdef";
    (void)state;
    compromise = compromise_create(1000, key);
    login = (struct compromise_login){.account = "alice@example.com", .countries = 3, .window = WINDOW, .now = START};
    return compromise == NULL;
}

static int close_scene(void **state) {
    (void)state;
    compromise_destroy(&compromise);
    return compromise != NULL;
}

static int from(const char *country) {
    login.country = country_code_parse(country);
    return compromise_note(compromise, &login);
}

static void the_third_country_tells(void **state) {
    (void)state;
    assert_int_equal(from("JP"), 0);
    assert_int_equal(from("FR"), 0);
    assert_int_equal(from("US"), 3);
}

static void within_a_window_of_the_clocks_beginning_it_is_the_third_too(void **state) {
    login.now = 100;
    the_third_country_tells(state);
}

static void two_countries_by_turns_tell_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++, login.now += 60)
        assert_int_equal(from(i % 2 == 0 ? "JP" : "FR"), 0);
}

static void each_further_country_is_told_once(void **state) {
    (void)state;
    from("JP");
    from("FR");
    assert_int_equal(from("US"), 3);
    assert_int_equal(from("US"), 0);
    assert_int_equal(from("JP"), 0);
    assert_int_equal(from("BR"), 4);
}

static void a_country_counts_for_the_window(void **state) {
    (void)state;
    from("JP");
    login.now = START + 10;
    from("FR");
    login.now = START + WINDOW; /* JP is just past */
    assert_int_equal(from("US"), 0);
    login.now = START + WINDOW + 9;
    assert_int_equal(from("BR"), 3); /* FR, US, BR */
}

static void the_edge_of_the_window_is_within_it(void **state) {
    (void)state;
    from("JP");
    from("FR");
    login.now = START + WINDOW - 1;
    assert_int_equal(from("US"), 3);
}

static void a_country_seen_again_counts_from_then(void **state) {
    (void)state;
    from("JP");
    login.now += WINDOW - 1;
    from("JP");
    login.now += WINDOW - 1;
    from("FR");
    assert_int_equal(from("US"), 3);
}

static void unknown_and_proxied_places_do_not_count(void **state) {
    (void)state;
    from("JP");
    from("FR");
    assert_int_equal(from(""), 0);
    login.proxied = true;
    assert_int_equal(from("US"), 0);
    login.proxied = false;
    assert_int_equal(from("BR"), 3);
}

static void accounts_are_apart(void **state) {
    (void)state;
    from("JP");
    from("FR");
    login.account = "bob@example.com";
    assert_int_equal(from("US"), 0);
}

static void fifty_countries_can_be_counted(void **state) {
    (void)state;
    login.countries = 50;
    for (int i = 0; i < 49; i++) {
        char country[3] = {(char)('A' + i / 26), (char)('A' + i % 26), '\0'};
        assert_int_equal(from(country), 0);
        login.now++;
    }
    assert_int_equal(from("ZZ"), 50);
}

static void a_forgotten_account_starts_anew(void **state) {
    (void)state;
    from("JP");
    from("FR");
    compromise_forget(compromise, "alice@example.com");
    assert_int_equal(from("US"), 0);
    assert_int_equal(from("JP"), 0);
    assert_int_equal(from("FR"), 3);
}

static void memory_is_bounded(void **state) {
    (void)state;
    char account[32];
    login.account = account;
    for (int i = 0; i < 5000; i++) {
        snprintf(account, sizeof account, "u%d@example.com", i);
        from("JP");
        login.now++;
    }
    from("FR");
    assert_int_equal(from("US"), 3);
}

static void the_same_is_news_once_an_hour(void **state) {
    (void)state;
    assert_true(compromise_is_news(compromise, 1, "alice@example.com", START));
    assert_false(compromise_is_news(compromise, 1, "alice@example.com", START));
    assert_true(compromise_is_news(compromise, 2, "alice@example.com", START));
    assert_true(compromise_is_news(compromise, 1, "bob@example.com", START));
    assert_false(compromise_is_news(compromise, 1, "alice@example.com", START + 3599));
    assert_true(compromise_is_news(compromise, 1, "alice@example.com", START + 3600));
}

static void a_right_password_from_the_wrong_place_is_stolen(void **state) {
    (void)state;
    assert_true(stolen_password(REASON_COUNTRY, 0));
    assert_true(stolen_password(REASON_NETWORK, 0));
    assert_false(stolen_password(REASON_NONE, 0));
    assert_false(stolen_password(REASON_COUNTRY_UNKNOWN, 0));
    assert_false(stolen_password(REASON_LEGACY_AUTH, 50));
    assert_false(stolen_password(REASON_LOCKED, 50));
}

static void the_fourth_wrong_code_makes_a_password_stolen(void **state) {
    (void)state;
    assert_false(stolen_password(REASON_SECOND_FACTOR_WRONG, 3));
    assert_true(stolen_password(REASON_SECOND_FACTOR_WRONG, 4));
    assert_true(stolen_password(REASON_SECOND_FACTOR_BUDGET, 10));
    assert_false(stolen_password(REASON_SECOND_FACTOR_MISSING, 10));
    assert_false(stolen_password(REASON_NONE, 10));
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(the_third_country_tells),
        scene_test(within_a_window_of_the_clocks_beginning_it_is_the_third_too),
        scene_test(two_countries_by_turns_tell_nothing),
        scene_test(each_further_country_is_told_once),
        scene_test(a_country_counts_for_the_window),
        scene_test(the_edge_of_the_window_is_within_it),
        scene_test(a_country_seen_again_counts_from_then),
        scene_test(unknown_and_proxied_places_do_not_count),
        scene_test(accounts_are_apart),
        scene_test(fifty_countries_can_be_counted),
        scene_test(a_forgotten_account_starts_anew),
        scene_test(memory_is_bounded),
        scene_test(the_same_is_news_once_an_hour),
        cmocka_unit_test(a_right_password_from_the_wrong_place_is_stolen),
        cmocka_unit_test(the_fourth_wrong_code_makes_a_password_stolen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
