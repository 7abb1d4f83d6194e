/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/throttle.o */
/* C7, a flood of networks: memory stays what it was, a check stays a few lookups, what was tried least goes first. */
#include <time.h>

#include "daemon/throttle_scene.h"

#define FLOOD 200000 /* `make bench` tries a million */

static struct prefix any_network(uint32_t number) {
    struct address address = {.family = 4,
                              .bytes = {(uint8_t)(1 + number / 65536), (uint8_t)(number / 256), (uint8_t)number}};
    return address_network(&address);
}

static void fill(uint32_t from_number, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        char account[32];
        snprintf(account, sizeof account, "u%u@example.com", from_number + i);
        fails(login_of(account, any_network(from_number + i)), i);
    }
}

static void what_was_tried_most_is_forgotten_last(void **state) {
    (void)state;
    struct throttle_login alice = from("alice@example.com", "192.0.2.7");
    for (uint32_t mark = 1; mark <= 5; mark++)
        fails(alice, mark);
    fill(0, 20000);
    assert_int_equal(state_of(alice), THROTTLE_PASSWORDS);
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_true(counters.networks <= 4096 && counters.pairs <= 4096 && counters.accounts <= 1025);
    assert_true(counters.evicted > 15000);
}

static void successes_are_forgotten_last(void **state) {
    (void)state;
    gets_in(from("alice@example.com", "192.0.2.7"), 1);
    fill(0, 20000);
    for (unsigned i = 0; i < 21; i++)
        fails(login_of("alice@example.com", network_number(i)), 5000 + i);
    assert_int_equal(state_of(from("alice@example.com", "192.0.2.7")), THROTTLE_NOT);
    assert_int_equal(state_of(from("alice@example.com", "192.0.9.7")), THROTTLE_ATTACKED);
    assert_int_equal(fails(from("alice@example.com", "192.0.9.7"), 1), THROTTLE_NOT);
}

static void a_hundred_thousand_addresses_of_one_network_are_one(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        char text[64];
        snprintf(text, sizeof text, "2001:db8::%x:%x", i / 65536 + 1, i % 65536);
        fails(from("alice@example.com", text), i);
    }
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_int_equal(counters.networks, 1);
    assert_int_equal(counters.pairs, 2); /* the network and its site */
    assert_int_equal(counters.evicted, 0);
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void a_flood_of_networks_is_looked_up_in_microseconds(void **state) {
    (void)state;
    close_scene(state);
    assert_int_equal(open_scene_of(THROTTLE_PLACES), 0);
    double begun = seconds();
    fill(0, FLOOD);
    double filled = seconds();
    struct throttle_counters counters;
    throttle_count(throttle, &counters);
    assert_int_equal(counters.networks, FLOOD);
    unsigned free_ones = 0;
    for (uint32_t i = 0; i < FLOOD; i++) {
        struct throttle_login login = login_of("alice@example.com", any_network(i * 7 % FLOOD));
        free_ones += state_of(login) == THROTTLE_NOT;
    }
    double checked = seconds();
    assert_int_equal(free_ones, FLOOD);
    print_message("# %.0f ns to count one, %.0f ns to check one\n", (filled - begun) * 1e9 / FLOOD,
                  (checked - filled) * 1e9 / FLOOD);
    assert_true((checked - filled) / FLOOD < 10e-6); /* 10 us each, however busy the machine is */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(what_was_tried_most_is_forgotten_last),
        scene_test(successes_are_forgotten_last),
        scene_test(a_hundred_thousand_addresses_of_one_network_are_one),
        scene_test(a_flood_of_networks_is_looked_up_in_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
