/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/history.o store/history_allowance.o store/history_queue.o store/history_reader.o store/history_rows.o store/sqlite_history.o store/sqlite_history_file.o store/sqlite_history_read.o store/sqlite_history_tidy.o -lsqlite3 -pthread */
/* What was handed over comes back, by account, ref, network, country, day and report. */
#include "store/history_scene.h"

static void a_login_comes_back_whole(void **state) {
    (void)state;
    struct history_login login = {
        .at = NOON,
        .ref = "k7f3q2mxw4z6b",
        .account = "alice@example.ac.jp",
        .service = "smtp",
        .mechanism = "LOGIN",
        .country = country_code_parse("FR"),
        .credential = CREDENTIAL_TOTP,
        .verdict = VERDICT_DENY,
        .reason = REASON_COUNTRY,
        .password = HISTORY_PASSWORD_RIGHT,
    };
    address_parse("2001:db8:1:2:3::4", &login.address);
    add(login);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
    const struct history_row *row = row_number(0);
    assert_int_equal(row->first, NOON);
    assert_int_equal(row->last, NOON);
    assert_int_equal(row->count, 1);
    assert_string_equal(answer.rows[0].ref, "k7f3q2mxw4z6b");
    assert_string_equal(answer.rows[0].account, "alice@example.ac.jp");
    assert_string_equal(answer.rows[0].service, "smtp");
    assert_string_equal(answer.rows[0].mechanism, "LOGIN");
    assert_true(address_equal(&row->address, &login.address));
    struct prefix network = address_network(&login.address);
    assert_memory_equal(&row->network, &network, sizeof network);
    assert_int_equal(row->country, login.country);
    assert_int_equal(row->credential, CREDENTIAL_TOTP);
    assert_int_equal(row->verdict, VERDICT_DENY);
    assert_int_equal(row->reason, REASON_COUNTRY);
    assert_int_equal(row->password, HISTORY_PASSWORD_RIGHT);
}

static void every_verdict_reason_and_credential_comes_back(void **state) {
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        struct history_login login = login_at(NOON + i, "alice@example.com", "r");
        login.reason = (enum reason)i;
        login.verdict = (enum verdict)(i % VERDICT_COUNT);
        login.credential = (enum credential)(i % CREDENTIAL_COUNT);
        login.password = (enum history_password)(i % HISTORY_PASSWORD_COUNT);
        add(login);
    }
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), REASON_COUNT);
    for (size_t i = 0; i < REASON_COUNT; i++) {
        assert_int_equal(row_number(i)->reason, i);
        assert_int_equal(row_number(i)->verdict, i % VERDICT_COUNT);
        assert_int_equal(row_number(i)->credential, i % CREDENTIAL_COUNT);
        assert_int_equal(row_number(i)->password, i % HISTORY_PASSWORD_COUNT);
    }
}

static void what_is_not_known_comes_back_unknown(void **state) {
    (void)state;
    struct history_login login = {.at = NOON};
    add(login);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
    assert_int_equal(row_number(0)->address.family, 0);
    assert_int_equal(row_number(0)->network.base.family, 0);
    assert_int_equal(row_number(0)->country, COUNTRY_UNKNOWN);
    assert_string_equal(answer.rows[0].account, "");
    assert_string_equal(answer.rows[0].mechanism, "");
}

static void long_and_hostile_texts_are_cut_not_interpreted(void **state) {
    (void)state;
    static char name[1000];
    memset(name, 'x', sizeof name - 1);
    struct history_login login = login_at(NOON, "'; DROP TABLE logins; --", "a");
    add(login);
    login.account = name;
    add(login);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 2);
    assert_string_equal(answer.rows[0].account, "'; DROP TABLE logins; --");
    name[320] = '\0';
    assert_int_equal(ask_of(HISTORY_LOGINS, name), 1);
}

static void logins_come_in_order_over_many_pages(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char ref[16];
        snprintf(ref, sizeof ref, "r%05d", i);
        add(login_at(NOON + i / 3, i % 2 == 0 ? "alice@example.com" : "bob@example.com", ref));
    }
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 2000);
    assert_true(answer.pages >= 4);
    for (size_t i = 1; i < 2000; i++) {
        assert_true(row_number(i - 1)->first <= row_number(i)->first);
        assert_true(strcmp(answer.rows[i - 1].ref, answer.rows[i].ref) < 0);
    }
    assert_int_equal(ask_of(HISTORY_LOGINS, "bob@example.com"), 1000);
    assert_string_equal(answer.rows[999].ref, "r01999");
    assert_int_equal(ask_of(HISTORY_LOGINS, "carol@example.com"), 0);
}

static void a_page_of_exactly_full_size_is_followed_by_its_end(void **state) {
    (void)state;
    for (int i = 0; i < 512; i++)
        add(login_at(NOON + i, "alice@example.com", "r"));
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 512);
    assert_int_equal(ask_of(HISTORY_LOGINS, "alice@example.com"), 512);
}

static void since_is_inclusive_and_until_is_not(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++)
        add(login_at(NOON + i, "alice@example.com", "r"));
    struct history_question question = {.what = HISTORY_LOGINS, .since = NOON + 3, .until = NOON + 7};
    assert_int_equal(ask(&question), 4);
    assert_int_equal(row_number(0)->first, NOON + 3);
    question.account = "alice@example.com";
    assert_int_equal(ask(&question), 4);
}

static void logins_are_found_by_network_country_and_denial(void **state) {
    (void)state;
    struct history_login home = login_at(NOON, "alice@example.com", "home");
    add(home);
    add(from(home, "198.51.100.4", "US"));
    add(denied(from(home, "203.0.113.9", "FR"), REASON_COUNTRY, HISTORY_PASSWORD_WRONG));
    home.account = "bob@example.com";
    add(from(home, "203.0.113.77", "FR"));
    home.reason = REASON_LEGACY_AUTH; /* would be denied */
    add(home);
    struct address address;
    address_parse("203.0.113.1", &address);
    struct history_question question = {.what = HISTORY_LOGINS, .network = address_network(&address)};
    assert_int_equal(ask(&question), 2);
    question = (struct history_question){.what = HISTORY_LOGINS, .country = country_code_parse("US")};
    assert_int_equal(ask(&question), 1);
    question = (struct history_question){.what = HISTORY_LOGINS, .denied = true};
    assert_int_equal(ask(&question), 2);
    assert_int_equal(row_number(0)->reason, REASON_COUNTRY);
    assert_int_equal(row_number(1)->reason, REASON_LEGACY_AUTH);
    assert_int_equal(row_number(1)->verdict, VERDICT_ACCEPT);
    question.account = "bob@example.com";
    assert_int_equal(ask(&question), 1);
    question.country = country_code_parse("FR");
    assert_int_equal(ask(&question), 0);
}

static void one_login_is_found_by_its_ref(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        char ref[16];
        snprintf(ref, sizeof ref, "ref%d", i);
        add(login_at(NOON + i, "alice@example.com", ref));
    }
    struct history_question question = {.what = HISTORY_LOGINS, .ref = "ref42"};
    assert_int_equal(ask(&question), 1);
    assert_int_equal(row_number(0)->first, NOON + 42);
    question.ref = "ref100";
    assert_int_equal(ask(&question), 0);
}

static void days_add_up_what_is_alike(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "first");
    for (int i = 0; i < 10; i++) {
        login.at = NOON + i * 60;
        add(login);
        login.ref = "later";
    }
    login.at = NOON - 3600; /* a clock that was set back */
    add(login);
    login.service = "smtp";
    add(login);
    login.at = NOON + DAY_LENGTH;
    add(login);
    assert_int_equal(ask_of(HISTORY_DAYS, NULL), 3);
    assert_int_equal(answer.sum, 13);
    const struct history_row *imap = row_number(0)->count == 11 ? row_number(0) : row_number(1);
    assert_int_equal(imap->count, 11);
    assert_int_equal(imap->first, NOON - 3600);
    assert_int_equal(imap->last, NOON + 540);
    assert_string_equal(answer.rows[imap == row_number(0) ? 0 : 1].ref, "first");
    assert_int_equal(row_number(2)->first, NOON + DAY_LENGTH);
}

static void days_come_in_order_over_many_pages(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char account[32], address[32];
        snprintf(account, sizeof account, "u%d@example.com", i % 7);
        snprintf(address, sizeof address, "10.%d.%d.1", i / 200, i % 200);
        add(from(login_at(NOON + (i % 40) * DAY_LENGTH, account, "r"), address, i % 3 == 0 ? "JP" : "US"));
    }
    assert_int_equal(ask_of(HISTORY_DAYS, NULL), 2000);
    assert_int_equal(answer.sum, 2000);
    for (size_t i = 1; i < 2000; i++)
        assert_true(row_number(i - 1)->first / DAY_LENGTH <= row_number(i)->first / DAY_LENGTH);
    size_t sum = 0;
    for (int i = 0; i < 7; i++) {
        char account[32];
        snprintf(account, sizeof account, "u%d@example.com", i);
        sum += ask_of(HISTORY_DAYS, account);
    }
    assert_int_equal(sum, 2000);
    struct history_question question = {
        .what = HISTORY_DAYS, .since = NOON + 10 * DAY_LENGTH + 100, .until = NOON + 20 * DAY_LENGTH};
    assert_int_equal(ask(&question), 11 * 50);
}

static void days_can_be_those_of_denials_alone(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "r");
    add(login);
    add(denied(login, REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    login.reason = REASON_LEGACY_AUTH;
    add(login);
    struct history_question question = {.what = HISTORY_DAYS, .denied = true};
    assert_int_equal(ask(&question), 2);
    question.account = "alice@example.com";
    assert_int_equal(ask(&question), 2);
    question.denied = false;
    assert_int_equal(ask(&question), 3);
}

static void add_event(enum history_event_kind kind, const char *account, int64_t at) {
    const struct history_event event = {.at = at,
                                        .kind = kind,
                                        .account = account,
                                        .ref = "k7f3q2mxw4z6b",
                                        .who = "root",
                                        .why = "stolen password",
                                        .until = at + 3600};
    history_add_event(history, &event);
}

static void events_come_back_whole_and_in_order(void **state) {
    (void)state;
    add_event(HISTORY_EVENT_UNLOCKED, "alice@example.com", NOON + 10);
    add_event(HISTORY_EVENT_LOCKED, "alice@example.com", NOON);
    add_event(HISTORY_EVENT_STOLEN, "bob@example.com", NOON + 5);
    assert_int_equal(ask_of(HISTORY_EVENTS, NULL), 3);
    assert_int_equal(row_number(0)->event, HISTORY_EVENT_LOCKED);
    assert_int_equal(row_number(0)->until, NOON + 3600);
    assert_string_equal(answer.rows[0].who, "root");
    assert_string_equal(answer.rows[0].why, "stolen password");
    assert_string_equal(answer.rows[0].ref, "k7f3q2mxw4z6b");
    assert_int_equal(row_number(1)->event, HISTORY_EVENT_STOLEN);
    assert_string_equal(answer.rows[1].account, "bob@example.com");
    assert_int_equal(row_number(2)->event, HISTORY_EVENT_UNLOCKED);
    assert_int_equal(ask_of(HISTORY_EVENTS, "alice@example.com"), 2);
    struct history_question question = {.what = HISTORY_EVENTS, .since = NOON + 5, .until = NOON + 10};
    assert_int_equal(ask(&question), 1);
}

static void events_come_over_many_pages(void **state) {
    (void)state;
    for (int i = 0; i < 1300; i++)
        add_event(HISTORY_EVENT_THROTTLED, i % 2 == 0 ? "" : "alice@example.com", NOON + i / 7);
    assert_int_equal(ask_of(HISTORY_EVENTS, NULL), 1300);
    assert_int_equal(ask_of(HISTORY_EVENTS, "alice@example.com"), 650);
}

static void the_legacy_report_has_a_row_for_account_service_and_network(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "one");
    for (int i = 0; i < 5; i++) {
        login.at = NOON + i * DAY_LENGTH;
        add(login);
    }
    login.service = "smtp";
    login.reason = REASON_LEGACY_AUTH;
    add(login);
    login.credential = CREDENTIAL_TOTP;
    add(login);
    login.credential = CREDENTIAL_PASSWORD;
    add(denied(login, REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    assert_int_equal(ask_of(HISTORY_LEGACY, NULL), 2);
    const struct history_row *imap = row_number(answer.rows[0].service[0] == 'i' ? 0 : 1);
    assert_int_equal(imap->count, 5);
    assert_int_equal(imap->first, NOON);
    assert_int_equal(imap->last, NOON + 4 * DAY_LENGTH);
    struct history_question question = {.what = HISTORY_LEGACY, .since = NOON + 3 * DAY_LENGTH};
    assert_int_equal(ask(&question), 2);
    assert_int_equal(answer.sum, 3);
}

static void reports_over_many_accounts_leave_none_out(void **state) {
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char account[32];
        snprintf(account, sizeof account, "u%d@example.com", i);
        struct history_login login = login_at(NOON, account, "r");
        add(login);
        add(denied(from(login, "203.0.113.9", "FR"), REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    }
    assert_int_equal(ask_of(HISTORY_LEGACY, NULL), 3000);
    assert_true(answer.pages > 1);
    assert_int_equal(ask_of(HISTORY_STOLEN, NULL), 3000);
    assert_int_equal(ask_of(HISTORY_COUNTRIES, NULL), 6000);
    assert_int_equal(ask_of(HISTORY_COUNTRIES, "u1234@example.com"), 2);
}

static void the_stolen_report_has_right_passwords_that_were_denied(void **state) {
    (void)state;
    struct history_login login = login_at(NOON, "alice@example.com", "stolen");
    add(login);
    add(denied(from(login, "203.0.113.9", "FR"), REASON_COUNTRY, HISTORY_PASSWORD_RIGHT));
    add(denied(from(login, "203.0.113.9", "FR"), REASON_COUNTRY, HISTORY_PASSWORD_WRONG));
    add(denied(from(login, "203.0.113.9", "FR"), REASON_COUNTRY, HISTORY_PASSWORD_UNKNOWN));
    assert_int_equal(ask_of(HISTORY_STOLEN, NULL), 1);
    assert_int_equal(row_number(0)->count, 1);
    assert_int_equal(row_number(0)->reason, REASON_COUNTRY);
    assert_int_equal(row_number(0)->country, country_code_parse("FR"));
    assert_string_equal(answer.rows[0].ref, "stolen");
}

static void several_questions_are_answered_side_by_side(void **state) {
    (void)state;
    for (int i = 0; i < 3000; i++)
        add(login_at(NOON + i, "alice@example.com", "r"));
    struct history_question question = {.what = HISTORY_LOGINS};
    uint64_t cancelled = history_ask(history, &question, take_answer, NULL); /* would fail the test if it were called */
    assert_true(cancelled != 0);
    history_cancel(history, cancelled);
    uint64_t others[16];
    size_t taken = 0;
    while (taken < 16 && (others[taken] = history_ask(history, &question, take_answer, NULL)) != 0)
        taken++;
    assert_true(taken > 0 && taken < 16);
    while (taken > 0)
        history_cancel(history, others[--taken]);
    int64_t end = clock_monotonic() + PATIENCE;
    uint64_t again = 0;
    while ((again = history_ask(history, &question, take_answer, &answer)) == 0 && clock_monotonic() < end)
        wait_for_history(10);
    history_cancel(history, again);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 3000);
}

static void a_page_that_cannot_follow_is_refused(void **state) {
    (void)state;
    static const char *const after[] = {"",
                                        "x",
                                        "1.2.3.",
                                        "0.0.0.0.0.0.0.0.0.0.0.0.zz",
                                        "0.0.0.0.0.0.0.0.0.0.0.0.a",
                                        "0.0.0.0.0.0.0.0.0.0.0.0.0102030405060708090a0b0c0d0e0f1011"};
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        const struct history_question question = {.what = HISTORY_LOGINS, .after = after[i]};
        assert_true(history_ask(history, &question, take_answer, &answer) == 0);
    }
}

static void an_unknown_kind_of_history_is_refused(void **state) {
    (void)state;
    char fault[256] = "";
    const struct history_settings settings = {.url = "mongodb:/x", .host = "mail1"};
    assert_null(history_open(&settings, fault, sizeof fault));
    assert_non_null(strstr(fault, "sqlite:PATH"));
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, make_history, remove_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(a_login_comes_back_whole),
        scene_test(every_verdict_reason_and_credential_comes_back),
        scene_test(what_is_not_known_comes_back_unknown),
        scene_test(long_and_hostile_texts_are_cut_not_interpreted),
        scene_test(logins_come_in_order_over_many_pages),
        scene_test(a_page_of_exactly_full_size_is_followed_by_its_end),
        scene_test(since_is_inclusive_and_until_is_not),
        scene_test(logins_are_found_by_network_country_and_denial),
        scene_test(one_login_is_found_by_its_ref),
        scene_test(days_add_up_what_is_alike),
        scene_test(days_come_in_order_over_many_pages),
        scene_test(days_can_be_those_of_denials_alone),
        scene_test(events_come_back_whole_and_in_order),
        scene_test(events_come_over_many_pages),
        scene_test(the_legacy_report_has_a_row_for_account_service_and_network),
        scene_test(reports_over_many_accounts_leave_none_out),
        scene_test(the_stolen_report_has_right_passwords_that_were_denied),
        scene_test(several_questions_are_answered_side_by_side),
        scene_test(a_page_that_cannot_follow_is_refused),
        cmocka_unit_test(an_unknown_kind_of_history_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
