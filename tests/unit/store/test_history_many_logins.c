/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/history.o store/history_allowance.o store/history_queue.o store/history_reader.o store/history_rows.o store/sqlite_history.o store/sqlite_history_file.o store/sqlite_history_read.o store/sqlite_history_tidy.o -lsqlite3 -pthread */
/* Every question over many logins: 50,000 by default, AUTHGATE_LONG=1 tries a million (and any other number that many).
 * Prints what each took; the limits are loose, for machines that are busy. */
#include "store/history_scene.h"

#include <sys/stat.h>

#define ACCOUNTS 2000
#define DAYS     90

static int64_t logins;

static int64_t wanted(void) {
    const char *text = getenv("AUTHGATE_LONG");
    int64_t number = text != NULL ? strtoll(text, NULL, 10) : 0;
    return number == 0 ? 50000 : number == 1 ? 1000000 : number;
}

/* Login number i: an account's own two networks most of the time, sometimes abroad, sometimes a stranger who guesses.
 */
static void add_number(int64_t i) {
    char account[48], ref[32], address[32];
    uint32_t mixed = (uint32_t)i * 2654435761U;
    uint32_t who = mixed % ACCOUNTS, what = (mixed >> 12) % 100;
    snprintf(account, sizeof account, "user%u@example.ac.jp", who);
    snprintf(ref, sizeof ref, "r%lld", (long long)i);
    struct history_login login = login_at(NOON + i * DAYS * DAY_LENGTH / logins, account, ref);
    snprintf(address, sizeof address, "10.%u.%u.%u", who / 200, who % 200, (mixed >> 20) % 250 + 1);
    login = from(login, address, "JP");
    login.service = what % 3 == 0 ? "smtp" : "imap";
    if (what < 4) {
        snprintf(address, sizeof address, "198.%u.%u.9", (mixed >> 8) % 200, (mixed >> 16) % 200);
        login = denied(from(login, address, "FR"), what < 1 ? REASON_COUNTRY : REASON_PASSWORD,
                       what < 1 ? HISTORY_PASSWORD_RIGHT : HISTORY_PASSWORD_WRONG);
    } else if (what < 50) {
        login.credential = CREDENTIAL_TOTP;
    }
    add(login);
}

static int fill(void **state) {
    logins = wanted();
    if (make_history(state) != 0)
        return -1;
    int64_t begun = clock_monotonic();
    for (int64_t i = 0; i < logins; i++) {
        add_number(i);
        while (counters().waiting > 5000)
            poll(NULL, 0, 1);
    }
    struct history_counters found = settled();
    int64_t took = clock_monotonic() - begun;
    struct stat status;
    if (stat(file_path, &status) != 0)
        return -1;
    print_message("# %lld logins written in %lld ms, %lld bytes each\n", (long long)logins, (long long)took,
                  (long long)(status.st_size / logins));
    return found.written != (uint64_t)logins;
}

static size_t timed(const char *what, const struct history_question *question, int64_t limit) {
    size_t count = 0;
    int64_t took = limit;
    for (int tries = 0; tries < 3 && took >= limit; tries++) { /* a machine may be busy now and then */
        int64_t begun = clock_monotonic();
        count = ask(question);
        took = clock_monotonic() - begun;
        print_message("# %s: %zu rows in %lld ms\n", what, count, (long long)took);
        assert_false(answer.failed);
    }
    assert_true(took < limit);
    return count;
}

static void one_accounts_history_is_quick(void **state) {
    (void)state;
    size_t count = timed("one account",
                         &(struct history_question){.what = HISTORY_LOGINS, .account = "user7@example.ac.jp"}, 2000);
    assert_true(count > (size_t)logins / ACCOUNTS / 2);
    timed("one account's days", &(struct history_question){.what = HISTORY_DAYS, .account = "user7@example.ac.jp"},
          2000);
}

static void one_ref_is_quick(void **state) {
    (void)state;
    assert_int_equal(timed("one ref", &(struct history_question){.what = HISTORY_LOGINS, .ref = "r4711"}, 1000), 1);
}

static void denials_are_quick(void **state) {
    (void)state;
    struct history_question question = {
        .what = HISTORY_LOGINS, .denied = true, .since = NOON + (DAYS - 1) * DAY_LENGTH};
    size_t count = timed("a day's denials", &question, 2000);
    assert_in_range(count, (size_t)logins / DAYS / 50, (size_t)logins / DAYS / 10);
}

static void reports_over_all_accounts_are_bearable(void **state) {
    (void)state;
    timed("report legacy", &(struct history_question){.what = HISTORY_LEGACY}, 20000);
    timed("report countries", &(struct history_question){.what = HISTORY_COUNTRIES}, 20000);
    timed("report stolen", &(struct history_question){.what = HISTORY_STOLEN}, 20000);
}

static void all_logins_can_be_streamed(void **state) {
    (void)state;
    assert_int_equal(timed("all logins", &(struct history_question){.what = HISTORY_LOGINS}, 60000), logins);
    timed("all days", &(struct history_question){.what = HISTORY_DAYS}, 60000);
    assert_int_equal(answer.sum, logins);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_accounts_history_is_quick),
        cmocka_unit_test(one_ref_is_quick),
        cmocka_unit_test(denials_are_quick),
        cmocka_unit_test(reports_over_all_accounts_are_bearable),
        cmocka_unit_test(all_logins_can_be_streamed),
    };
    return cmocka_run_group_tests(tests, fill, remove_all);
}
