/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/history.o store/history_allowance.o store/history_queue.o store/history_reader.o store/history_rows.o store/sqlite_history.o store/sqlite_history_file.o store/sqlite_history_read.o store/sqlite_history_tidy.o -lsqlite3 -pthread */
/* What is deleted when, bite by bite, and what stays: driven through the engine, so that the time is the test's. */
#include "store/history_scene.h"

#include "store/history_engine.h"
#include "store/history_queue.h"

#define RAW_FOR (30 * (int64_t)DAY_LENGTH)

static const struct history_engine *const engine = &sqlite_history_engine;
static struct history_queue queue;
static void *writer;

static int open_writer(void **state) {
    char fault[HISTORY_FAULT_SIZE] = "";
    if (make_folder(state) != 0 || !history_queue_open(&queue))
        return -1;
    writer = engine->writer_open(file_path, "mail1", fault);
    return writer == NULL;
}

static int close_writer(void **state) {
    engine->writer_close(writer);
    history_queue_close(&queue);
    return remove_all(state);
}

static void write_queue(void) {
    char fault[HISTORY_FAULT_SIZE] = "";
    struct history_batch batch = history_queue_take(&queue);
    assert_true(engine->write(writer, &batch, fault));
}

static void put(struct history_login login) {
    assert_true(history_queue_add_login(&queue, &login));
}

static void tidy_at(int64_t now) {
    write_queue();
    for (int bites = 0; engine->tidy(writer, now, RAW_FOR); bites++)
        assert_true(bites < 10000);
}

static size_t count_of(enum history_what what, const char *account) {
    char fault[HISTORY_FAULT_SIZE];
    void *reader = engine->reader_open(file_path, fault);
    assert_non_null(reader);
    struct history_cursor cursor = {.what = what, .until = INT64_MAX, .one_account = account != NULL};
    snprintf(cursor.account, sizeof cursor.account, "%s", account != NULL ? account : "");
    size_t count = 0;
    bool last = false;
    while (!last) {
        struct history_rows rows = {0};
        assert_true(engine->read(reader, &cursor, &rows, &last));
        char text[HISTORY_NEXT_SIZE];
        history_cursor_format(&cursor, text);
        assert_true(history_cursor_parse(&cursor, text));
        count += rows.count;
        history_rows_clear(&rows);
    }
    engine->reader_close(reader);
    return count;
}

static void accepted_logins_have_a_row_for_raw_for(void **state) {
    (void)state;
    put(login_at(NOON - 10, "alice@example.com", "first"));
    for (int i = 0; i < 2500; i++)
        put(login_at(NOON + i, "alice@example.com", "r"));
    tidy_at(NOON + RAW_FOR);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 2501); /* NOON itself is exactly as old as it may be */
    tidy_at(NOON + RAW_FOR + 1);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 2500);
    tidy_at(NOON + RAW_FOR + 5000);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 1); /* the first of all stays */
    assert_int_equal(count_of(HISTORY_DAYS, NULL), 1);
}

/* A clock that jumps ahead for an hour must not take a year of logins along; one that stays there comes to its own. */
static void a_clock_that_jumps_ahead_deletes_a_day_at_a_time(void **state) {
    (void)state;
    for (int day = 0; day < 10; day++)
        put(login_at(NOON + day * (int64_t)DAY_LENGTH, "alice@example.com", "r"));
    tidy_at(NOON + RAW_FOR);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 10);
    tidy_at(NOON + 1000 * (int64_t)DAY_LENGTH);
    tidy_at(NOON + 1000 * (int64_t)DAY_LENGTH);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 9); /* the first of all stays, the second is gone */
    tidy_at(0); /* set back: nothing is deleted, and how far it was is not forgotten */
    tidy_at(NOON + RAW_FOR + 3 * DAY_LENGTH);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 8);
    for (int hour = 0; hour < 10; hour++)
        tidy_at(NOON + 1000 * (int64_t)DAY_LENGTH);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 1);
}

static void firsts_denials_and_events_stay(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "home");
    put(login);
    put(login);                           /* nothing new: goes */
    put(from(login, "192.0.3.7", "JP"));  /* a new network */
    put(from(login, "192.0.2.99", "US")); /* a new country */
    put(from(login, "192.0.2.99", "US")); /* goes */
    put(denied(login, REASON_COUNTRY, HISTORY_PASSWORD_WRONG));
    put(denied(login, REASON_LOCKED, HISTORY_PASSWORD_UNKNOWN));
    put(denied(login, REASON_PASSWORD, HISTORY_PASSWORD_WRONG));    /* goes */
    put(denied(login, REASON_THROTTLED, HISTORY_PASSWORD_UNKNOWN)); /* goes */
    put(denied(login, REASON_MALFORMED, HISTORY_PASSWORD_UNKNOWN)); /* goes */
    put(denied(login, REASON_UNAVAILABLE, HISTORY_PASSWORD_RIGHT));
    const struct history_event event = {.at = NOON, .kind = HISTORY_EVENT_LOCKED, .account = "alice@example.com"};
    assert_true(history_queue_add_event(&queue, &event));
    tidy_at(NOON + 2 * RAW_FOR);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 6);
    assert_int_equal(count_of(HISTORY_EVENTS, NULL), 1);
    assert_true(count_of(HISTORY_DAYS, NULL) >= 9);
}

static void day_rows_of_cheap_denials_stay_a_year(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "r");
    put(login);
    put(denied(login, REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    for (int i = 0; i < 3000; i++) { /* from 30 networks, 10 hours long: no flood */
        char account[32], address[32];
        snprintf(account, sizeof account, "guess%d@example.com", i);
        snprintf(address, sizeof address, "198.51.%d.7", i % 30);
        login.account = account;
        login.at = NOON + i / 300 * 3600;
        put(denied(from(login, address, "FR"), REASON_PASSWORD, HISTORY_PASSWORD_WRONG));
    }
    const int64_t kept = 366 * (int64_t)DAY_LENGTH;
    tidy_at(NOON + kept);
    assert_int_equal(count_of(HISTORY_DAYS, NULL), 3002);
    tidy_at(NOON + kept + DAY_LENGTH);
    assert_int_equal(count_of(HISTORY_DAYS, NULL), 2);
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 2);
}

static void accounts_that_nothing_speaks_of_are_forgotten(void **state) {
    (void)state;
    put(login_at(NOON, "alice@example.com", "r"));
    put(denied(login_at(NOON, "nobody@example.com", "r"), REASON_PASSWORD, HISTORY_PASSWORD_WRONG));
    tidy_at(NOON + 400 * (int64_t)DAY_LENGTH);
    assert_int_equal(count_of(HISTORY_DAYS, "nobody@example.com"), 0);
    /* its number is given anew, to whoever comes first, and nothing is mixed up */
    put(login_at(NOON + 500 * (int64_t)DAY_LENGTH, "carol@example.com", "r"));
    put(login_at(NOON + 500 * (int64_t)DAY_LENGTH, "nobody@example.com", "r"));
    put(login_at(NOON + 500 * (int64_t)DAY_LENGTH, "alice@example.com", "r"));
    write_queue();
    assert_int_equal(count_of(HISTORY_DAYS, "nobody@example.com"), 1);
    assert_int_equal(count_of(HISTORY_DAYS, "carol@example.com"), 1);
    assert_int_equal(count_of(HISTORY_DAYS, "alice@example.com"), 2);
}

static void a_flood_of_throttled_logins_is_counted_not_listed(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++)
        put(denied(login_at(NOON, "alice@example.com", "r"), REASON_THROTTLED, HISTORY_PASSWORD_UNKNOWN));
    put(denied(from(login_at(NOON, "alice@example.com", "r"), "203.0.113.9", "FR"), REASON_THROTTLED,
               HISTORY_PASSWORD_UNKNOWN));
    put(denied(login_at(NOON + 3600, "alice@example.com", "r"), REASON_THROTTLED, HISTORY_PASSWORD_UNKNOWN));
    write_queue();
    assert_int_equal(count_of(HISTORY_LOGINS, NULL), 102);
    assert_int_equal(count_of(HISTORY_DAYS, NULL), 2);
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, open_writer, close_writer)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(accepted_logins_have_a_row_for_raw_for),
        scene_test(a_clock_that_jumps_ahead_deletes_a_day_at_a_time),
        scene_test(firsts_denials_and_events_stay),
        scene_test(day_rows_of_cheap_denials_stay_a_year),
        scene_test(accounts_that_nothing_speaks_of_are_forgotten),
        scene_test(a_flood_of_throttled_logins_is_counted_not_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
