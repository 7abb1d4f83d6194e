/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/history.o store/history_allowance.o store/history_queue.o store/history_reader.o store/history_rows.o store/sqlite_history.o store/sqlite_history_file.o store/sqlite_history_read.o store/sqlite_history_tidy.o -lsqlite3 -pthread */
/* What anybody can bring about without a right password takes so much room an hour and no more, but is counted to the
 * last; whoever has the right password always has rows. */
#include "store/history_scene.h"

#include "store/history_allowance.h"

#define HOUR 3600

static struct history_login stranger(int number, int64_t at, enum reason reason, const char *address) {
    static char names[4][48];
    char *name = names[number % 4];
    snprintf(name, sizeof names[0], "stranger%d@example.com", number);
    return denied(from(login_at(at, name, "r"), address, "FR"), reason,
                  reason == REASON_PASSWORD ? HISTORY_PASSWORD_WRONG : HISTORY_PASSWORD_UNKNOWN);
}

static void flood(int first, int count, int64_t at, const char *address) {
    static const enum reason reasons[] = {REASON_THROTTLED, REASON_MALFORMED, REASON_PASSWORD,
                                          REASON_COUNTRY,   REASON_LEGACY_AUTH, REASON_UNAVAILABLE};
    for (int i = 0; i < count; i++) {
        add(stranger(first + i, at, reasons[i % 6], address));
        if (i % 5000 == 4999)
            settled();
    }
}

/* The accounts of the days asked for last, each once, less the others'. */
static size_t names_found(void) {
    size_t found = 0;
    for (size_t i = 0; i < answer.count && i < KEPT_ROWS; i++)
        found += i == 0 || strcmp(answer.rows[i].account, answer.rows[i - 1].account) != 0;
    return found - 1;
}

static void new_names_from_one_network_are_bounded_and_counted(void **state) {
    (void)state;
    flood(0, 20000, NOON, "198.51.100.7");
    assert_true(ask_of(HISTORY_DAYS, NULL) < 110);
    assert_int_equal(answer.sum, 20000);
    assert_int_equal(names_found(), history_limits[HISTORY_NEW_ACCOUNT].network);
    assert_int_equal(ask_of(HISTORY_DAYS, HISTORY_OTHERS), 6); /* one for each reason */
    assert_int_equal(answer.sum, 20000 - 100);
    assert_true(ask_of(HISTORY_LOGINS, NULL) <= 1100);
    assert_int_equal(settled().written, 20000);
}

static void a_new_hour_brings_new_names(void **state) {
    (void)state;
    flood(0, 500, NOON, "198.51.100.7");
    flood(500, 500, NOON + HOUR, "198.51.100.7");
    ask_of(HISTORY_DAYS, NULL);
    assert_int_equal(names_found(), 200);
    assert_int_equal(answer.sum, 1000);
}

static void an_ipv6_customer_is_one_network(void **state) {
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char address[48];
        snprintf(address, sizeof address, "2001:db8:7:%x::1", i);
        add(stranger(i, NOON, REASON_PASSWORD, address));
    }
    ask_of(HISTORY_DAYS, NULL);
    assert_int_equal(answer.sum, 3000);
    assert_int_equal(answer.count, 1001); /* those of 1000 networks, and the rest */
}

static void new_names_are_bounded_in_all(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char address[48];
        snprintf(address, sizeof address, "198.%d.%d.7", 18 + i / 250, i % 250);
        add(stranger(i, NOON, REASON_PASSWORD, address));
    }
    assert_int_equal(ask_of(HISTORY_DAYS, HISTORY_OTHERS), 5000 - history_limits[HISTORY_NEW_ACCOUNT].all);
    assert_int_equal(row_number(0)->network.bits, 24); /* from where is still told */
    ask_of(HISTORY_DAYS, NULL);
    assert_int_equal(answer.sum, 5000);
}

/* One account, known for long, tried from ever more networks. */
static void a_known_name_brings_no_endless_rows_either(void **state) {
    (void)state;
    add(login_at(NOON, "alice@example.com", "r"));
    for (int i = 0; i < 15000; i++) {
        char address[48];
        snprintf(address, sizeof address, "198.%d.%d.7", i / 250, i % 250);
        add(denied(from(login_at(NOON, "alice@example.com", "r"), address, "FR"), REASON_PASSWORD,
                   HISTORY_PASSWORD_WRONG));
        if (i % 5000 == 4999)
            settled();
    }
    assert_int_equal(ask_of(HISTORY_DAYS, "alice@example.com"), 1 + history_limits[HISTORY_NEW_DAY].all);
    assert_int_equal(ask_of(HISTORY_DAYS, HISTORY_OTHERS), 1);
    assert_int_equal(row_number(0)->count, 5000);
    assert_int_equal(row_number(0)->network.base.family, 0);
    assert_int_equal(ask_of(HISTORY_LOGINS, "alice@example.com"), 1 + history_limits[HISTORY_ROW].all);
}

static void right_passwords_always_have_rows_of_their_own(void **state) {
    (void)state;
    flood(0, 20000, NOON, "198.51.100.7");
    for (int i = 0; i < 3000; i++) {
        char name[48];
        snprintf(name, sizeof name, "owner%d@example.com", i);
        struct history_login login = from(login_at(NOON, name, "r"), "198.51.100.7", "FR");
        add(i % 2 == 0 ? login : denied(login, REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    }
    static const char *const owners[] = {"owner0@example.com", "owner1@example.com", "owner2999@example.com"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ask_of(HISTORY_LOGINS, owners[i]), 1);
        assert_int_equal(ask_of(HISTORY_DAYS, owners[i]), 1);
    }
    assert_int_equal(ask_of(HISTORY_STOLEN, NULL), 1500);
}

static void events_of_strangers_are_the_others(void **state) {
    (void)state;
    flood(0, 200, NOON, "198.51.100.7");
    struct history_event event = {.at = NOON, .kind = HISTORY_EVENT_THROTTLED, .account = "one@example.com"};
    address_parse("198.51.100.7", &event.address);
    history_add_event(history, &event);
    event.kind = HISTORY_EVENT_LOCKED;
    event.account = "two@example.com";
    history_add_event(history, &event);
    assert_int_equal(ask_of(HISTORY_EVENTS, NULL), 2);
    assert_string_equal(answer.rows[0].account, HISTORY_OTHERS);
    assert_string_equal(answer.rows[1].account, "two@example.com");
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, make_history, remove_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(new_names_from_one_network_are_bounded_and_counted),
        scene_test(a_new_hour_brings_new_names),
        scene_test(an_ipv6_customer_is_one_network),
        scene_test(new_names_are_bounded_in_all),
        scene_test(a_known_name_brings_no_endless_rows_either),
        scene_test(right_passwords_always_have_rows_of_their_own),
        scene_test(events_of_strangers_are_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
