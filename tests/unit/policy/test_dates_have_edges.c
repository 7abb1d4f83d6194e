/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/date.o */
/* First and last minutes, leap days, days that clocks make shorter, longer, or leave out, in zones that really have
 * them; the seconds were worked out from the zones' published rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/date.h"

/* Seconds since the epoch of a moment in UTC. */
static int64_t utc(int year, int month, int day, int hour, int minute) {
    struct tm time = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};
    return (int64_t)timegm(&time);
}

struct row {
    const char *zone;
    const char *text;
    bool until;
    enum date_fault fault;
    int year, month, day, hour, minute; /* in UTC */
};

#define FROM  false
#define UNTIL true

static const struct row rows[] = {
    {"UTC", "2026-12-01", FROM, DATE_OK, 2026, 12, 1, 0, 0},
    {"UTC", "2026-12-01", UNTIL, DATE_OK, 2026, 12, 2, 0, 0},
    {"UTC", "2026-12-31", UNTIL, DATE_OK, 2027, 1, 1, 0, 0},
    {"UTC", "2026-12-01T09:30", FROM, DATE_OK, 2026, 12, 1, 9, 30},
    {"UTC", "2026-12-01T23:59", UNTIL, DATE_OK, 2026, 12, 1, 23, 59},
    {"Asia/Tokyo", "2026-12-01", FROM, DATE_OK, 2026, 11, 30, 15, 0},
    {"Asia/Tokyo", "2026-12-05", UNTIL, DATE_OK, 2026, 12, 5, 15, 0},
    {"Asia/Tokyo", "2026-11-24T09:00", FROM, DATE_OK, 2026, 11, 24, 0, 0},
    {"America/Los_Angeles", "2026-12-01", FROM, DATE_OK, 2026, 12, 1, 8, 0},
    {"Pacific/Kiritimati", "2026-12-01", FROM, DATE_OK, 2026, 11, 30, 10, 0},
    {"Pacific/Pago_Pago", "2026-12-01", FROM, DATE_OK, 2026, 12, 1, 11, 0},
    /* leap days */
    {"UTC", "2028-02-29", FROM, DATE_OK, 2028, 2, 29, 0, 0},
    {"UTC", "2028-02-29", UNTIL, DATE_OK, 2028, 3, 1, 0, 0},
    {"UTC", "2028-02-28", UNTIL, DATE_OK, 2028, 2, 29, 0, 0},
    {"UTC", "2000-02-29", FROM, DATE_OK, 2000, 2, 29, 0, 0},
    {"UTC", "2026-02-29", FROM, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2100-02-29", UNTIL, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2026-02-28", UNTIL, DATE_OK, 2026, 3, 1, 0, 0},
    /* clocks go forward at 02:00 and back at 03:00 */
    {"Europe/Berlin", "2026-03-29", FROM, DATE_OK, 2026, 3, 28, 23, 0},
    {"Europe/Berlin", "2026-03-29", UNTIL, DATE_OK, 2026, 3, 29, 22, 0},
    {"Europe/Berlin", "2026-03-29T02:30", FROM, DATE_NO_SUCH_TIME, 0, 0, 0, 0, 0},
    {"Europe/Berlin", "2026-03-29T02:30", UNTIL, DATE_NO_SUCH_TIME, 0, 0, 0, 0, 0},
    {"Europe/Berlin", "2026-03-29T03:00", FROM, DATE_OK, 2026, 3, 29, 1, 0},
    {"Europe/Berlin", "2026-10-25", FROM, DATE_OK, 2026, 10, 24, 22, 0},
    {"Europe/Berlin", "2026-10-25", UNTIL, DATE_OK, 2026, 10, 25, 23, 0},
    {"Europe/Berlin", "2026-10-25T02:30", FROM, DATE_OK, 2026, 10, 25, 0, 30},
    {"Europe/Berlin", "2026-10-25T02:30", UNTIL, DATE_OK, 2026, 10, 25, 1, 30},
    /* clocks go back at 01:00, so that midnight comes twice; forward at 00:00, so that it never comes */
    {"America/Havana", "2020-11-01", FROM, DATE_OK, 2020, 11, 1, 4, 0},
    {"America/Havana", "2020-10-31", UNTIL, DATE_OK, 2020, 11, 1, 4, 0},
    {"America/Havana", "2020-11-01", UNTIL, DATE_OK, 2020, 11, 2, 5, 0},
    {"America/Havana", "2020-03-08", FROM, DATE_OK, 2020, 3, 8, 5, 0},
    {"America/Havana", "2020-03-07", UNTIL, DATE_OK, 2020, 3, 8, 5, 0},
    {"America/Sao_Paulo", "2018-11-04", FROM, DATE_OK, 2018, 11, 4, 3, 0},
    {"America/Sao_Paulo", "2018-11-04T00:30", FROM, DATE_NO_SUCH_TIME, 0, 0, 0, 0, 0},
    {"America/Sao_Paulo", "2019-02-16", UNTIL, DATE_OK, 2019, 2, 17, 3, 0},
    /* half an hour; and a day that an island left out */
    {"Australia/Lord_Howe", "2026-04-05T01:45", FROM, DATE_OK, 2026, 4, 4, 14, 45},
    {"Australia/Lord_Howe", "2026-04-05T01:45", UNTIL, DATE_OK, 2026, 4, 4, 15, 15},
    {"Pacific/Apia", "2011-12-30", FROM, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"Pacific/Apia", "2011-12-29", UNTIL, DATE_OK, 2011, 12, 30, 10, 0},
    {"Pacific/Apia", "2011-12-31", FROM, DATE_OK, 2011, 12, 30, 10, 0},
    /* what is no date */
    {"UTC", "", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026-1-1", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026/12/01", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026-12-01 09:00", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026-12-01T9:00", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026-12-01T09:00Z", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "-026-12-01", FROM, DATE_NOT_ONE, 0, 0, 0, 0, 0},
    {"UTC", "2026-13-01", FROM, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2026-00-01", FROM, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2026-04-31", UNTIL, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2026-04-00", UNTIL, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "0000-04-01", UNTIL, DATE_NO_SUCH_DAY, 0, 0, 0, 0, 0},
    {"UTC", "2026-12-01T24:00", FROM, DATE_NO_SUCH_TIME, 0, 0, 0, 0, 0},
    {"UTC", "2026-12-01T23:60", FROM, DATE_NO_SUCH_TIME, 0, 0, 0, 0, 0},
};

static void each_date_is_the_right_second(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        int64_t seconds = -1;
        assert_true(zone_exists(row->zone));
        zone_enter(row->zone);
        enum date_fault fault =
            row->until ? date_parse_until(row->text, &seconds) : date_parse_from(row->text, &seconds);
        if (fault != row->fault)
            fail_msg("%s %s: fault %d", row->zone, row->text, fault);
        int64_t expected = utc(row->year, row->month, row->day, row->hour, row->minute);
        if (fault == DATE_OK && seconds != expected)
            fail_msg("%s %s%s: off by %lld s", row->zone, row->text, row->until ? " (until)" : "",
                     (long long)(seconds - expected));
    }
}

/* One day's end is the next one's start, in every zone that turns its clocks and on every day of two years. */
static void days_leave_no_gap(void **state) {
    (void)state;
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Beirut"};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        zone_enter(zones[i]);
        int64_t last = 0;
        for (int day = 0; day < 731; day++) {
            struct tm time = {.tm_year = 126, .tm_mday = 1 + day};
            timegm(&time);
            char text[16];
            int64_t from, until;
            assert_true(strftime(text, sizeof text, "%Y-%m-%d", &time) > 0);
            assert_int_equal(date_parse_from(text, &from), DATE_OK);
            assert_int_equal(date_parse_until(text, &until), DATE_OK);
            if ((last != 0 && from != last) || until - from < 22 * 3600 || until - from > 26 * 3600)
                fail_msg("%s %s", zones[i], text);
            last = until;
        }
    }
}

static void zones_that_are_none(void **state) {
    (void)state;
    static const char *const names[] = {
        "", "Asia", "Asia/Tokio", "/etc/passwd", "../../etc/passwd", "Asia/../Asia/Tokyo", "JST-9", ".", "zone.tab\n"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(zone_exists(names[i]));
}

static void the_zone_of_the_host_comes_back(void **state) {
    (void)state;
    int64_t tokyo, host, again;
    zone_enter(NULL);
    assert_int_equal(date_parse_from("2026-12-01", &host), DATE_OK);
    zone_enter("Asia/Tokyo");
    assert_int_equal(date_parse_from("2026-12-01", &tokyo), DATE_OK);
    zone_enter(NULL);
    assert_int_equal(date_parse_from("2026-12-01", &again), DATE_OK);
    assert_int_equal(host, again);
    assert_int_equal(tokyo, utc(2026, 11, 30, 15, 0));
    assert_int_equal(host, utc(2026, 12, 1, 5, 0)); /* main() says that the host is in New York */
}

static void a_zone_is_gone_back_to(void **state) {
    (void)state;
    struct zone_kept kept;
    int64_t before, after;
    zone_enter("Asia/Tokyo");
    assert_int_equal(date_parse_from("2026-12-01", &before), DATE_OK);
    zone_keep(&kept);
    zone_enter("Europe/Berlin");
    zone_return(&kept);
    assert_int_equal(date_parse_from("2026-12-01", &after), DATE_OK);
    assert_int_equal(before, after);
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } durations[] = {{"45s", 45},  {"15m", 900}, {"4h", 14400}, {"30d", 2592000}, {"0s", 0},          {"007m", 420},
                     {"", -1},     {"15", -1},   {"m", -1},     {"-5m", -1},      {"+5m", -1},        {"5 m", -1},
                     {"1.5h", -1}, {"5w", -1},   {"5M", -1},    {"5mm", -1},      {"9999999999s", -1}};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int64_t seconds = -1;
        bool good = duration_parse(durations[i].text, &seconds);
        assert_int_equal(good, durations[i].seconds >= 0);
        assert_int_equal(seconds, durations[i].seconds);
    }
    int64_t longest;
    assert_true(duration_parse("999999999d", &longest));
    assert_int_equal(longest, INT64_C(999999999) * 86400);
}

static void what_is_written_can_be_read(void **state) {
    (void)state;
    static const int64_t lengths[] = {0, 1, 59, 60, 3600, 86400, 90, 5400, 2592000};
    char text[DATE_TEXT_SIZE];
    int64_t back;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        duration_format(lengths[i], text);
        assert_true(duration_parse(text, &back));
        assert_int_equal(back, lengths[i]);
    }
    zone_enter("Asia/Tokyo");
    date_format(utc(2026, 11, 24, 0, 0), text);
    assert_string_equal(text, "2026-11-24T09:00");
}

int main(void) {
    setenv("TZ", "America/New_York", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_date_is_the_right_second),
        cmocka_unit_test(days_leave_no_gap),
        cmocka_unit_test(zones_that_are_none),
        cmocka_unit_test(the_zone_of_the_host_comes_back),
        cmocka_unit_test(durations),
        cmocka_unit_test(a_zone_is_gone_back_to),
        cmocka_unit_test(what_is_written_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
