/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/postfix_policy.o -Wl,--wrap=clock_monotonic */
/* Who may send without being not-gated (THREATS M1): accounts that were let through from the same address in the last
 * 24 hours, everybody in the first hour and while there are more than can be remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "daemon/postfix_policy.h"
#include "daemon/server.h"
#include "gate/gate.h"
#include "policy/configuration.h"

#define HOUR     3600000
#define CAPACITY 262144
#define SMTP     2

static int64_t now;
static struct settings settings;
static struct server server;

int64_t __wrap_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void) {
    return now;
}

const struct settings *configuration_settings(const struct configuration *configuration) {
    (void)configuration;
    return &settings;
}

static struct facts from(const char *address, int service) {
    struct facts facts = {.service = service};
    if (address != NULL)
        assert_true(address_parse(address, &facts.address));
    return facts;
}

static void accept_login(const char *account, const char *address, int service) {
    const struct facts facts = from(address, service);
    postfix_policy_accepted(&server, account, &facts);
}

static bool knows(const char *account, const char *address) {
    const struct facts facts = from(address, SMTP);
    return postfix_policy_knows(&server, account, &facts);
}

/* A daemon that has run for an hour. */
static int set_up(void **state) {
    (void)state;
    now = 1000;
    settings = (struct settings){.postfix_require_login = true};
    server.postfix_policy = postfix_policy_create();
    now += HOUR;
    return server.postfix_policy == NULL;
}

static int tear_down(void **state) {
    (void)state;
    postfix_policy_destroy(&server.postfix_policy);
    return 0;
}

static void an_accepted_login_is_known_for_its_account_and_address(void **state) {
    (void)state;
    accept_login("alice@example.test", "192.0.2.1", SMTP);
    assert_true(knows("alice@example.test", "192.0.2.1"));
    assert_true(knows("alice@example.test", "::ffff:192.0.2.1"));
    assert_false(knows("alice@example.test", "192.0.2.2"));
    assert_false(knows("bob@example.test", "192.0.2.1"));
    assert_false(knows("alice@example.test", NULL));
}

static void it_is_known_for_24_hours_from_the_last_time(void **state) {
    (void)state;
    accept_login("alice@example.test", "192.0.2.1", SMTP);
    now += 20 * HOUR;
    accept_login("alice@example.test", "192.0.2.1", SMTP);
    now += 24 * HOUR - 1;
    assert_true(knows("alice@example.test", "192.0.2.1"));
    now += 1;
    assert_false(knows("alice@example.test", "192.0.2.1"));
}

static void logins_that_send_no_mail_do_not_count(void **state) {
    (void)state;
    static const struct {
        int service;
        bool counts;
    } rows[] = {{0, false}, {1, false}, {2, true}, {3, false}, {4, false}, {5, true}, {15, true}, {-1, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char account[32];
        snprintf(account, sizeof account, "user%zu@example.test", i);
        accept_login(account, "192.0.2.1", rows[i].service);
        assert_int_equal(knows(account, "192.0.2.1"), rows[i].counts);
    }
}

static void a_login_from_an_unknown_address_counts_for_no_other_address(void **state) {
    (void)state;
    accept_login("alice@example.test", NULL, SMTP);
    assert_false(knows("alice@example.test", "192.0.2.1"));
    assert_false(knows("alice@example.test", "127.0.0.1"));
    assert_false(knows("alice@example.test", "2001:db8::1"));
    assert_true(knows("alice@example.test", NULL));
    assert_false(knows("bob@example.test", NULL));
}

static void without_require_login_everybody_is_known(void **state) {
    (void)state;
    settings.postfix_require_login = false;
    assert_true(knows("alice@example.test", "192.0.2.1"));
}

static void within_an_hour_of_the_start_everybody_is_known(void **state) {
    (void)state;
    now -= 1;
    assert_true(knows("alice@example.test", "192.0.2.1"));
    now += 1;
    assert_false(knows("alice@example.test", "192.0.2.1"));
}

static void fill(size_t count) {
    for (size_t i = 0; i < count; i++) {
        char account[32];
        snprintf(account, sizeof account, "%zu@example.test", i);
        accept_login(account, "192.0.2.1", SMTP);
    }
}

static void a_full_table_still_tells_who_is_not_in_it(void **state) {
    (void)state;
    fill(CAPACITY);
    assert_true(knows("0@example.test", "192.0.2.1"));
    assert_false(knows("mallory@example.test", "192.0.2.1"));
}

static void while_it_overflows_everybody_is_known(void **state) {
    (void)state;
    fill(CAPACITY + 1);
    assert_true(knows("mallory@example.test", "192.0.2.1"));
    now += 24 * HOUR - 1;
    assert_true(knows("mallory@example.test", "192.0.2.1"));
    now += 1;
    assert_false(knows("mallory@example.test", "192.0.2.1"));
}

static void expired_logins_make_room_without_an_overflow(void **state) {
    (void)state;
    fill(CAPACITY);
    now += 25 * HOUR;
    accept_login("alice@example.test", "192.0.2.1", SMTP);
    assert_true(knows("alice@example.test", "192.0.2.1"));
    assert_false(knows("mallory@example.test", "192.0.2.1"));
}

static void verdicts_become_actions(void **state) {
    (void)state;
    char text[POSTFIX_POLICY_ACTION_SIZE];
    struct login_answer answer = {.verdict = VERDICT_CONTINUE, .ref = "k7f3q2mxw4z6b"};
    assert_string_equal(postfix_policy_action(&answer, text), "DUNNO");
    answer.verdict = VERDICT_DENY;
    assert_string_equal(postfix_policy_action(&answer, text), "REJECT authentication failed (k7f3q2mxw4z6b)");
    static const enum verdict none[] = {VERDICT_ACCEPT, VERDICT_LATER, VERDICT_COUNT};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        answer.verdict = none[i];
        assert_null(postfix_policy_action(&answer, text));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_request_is_the_login_that_it_names(void **state) {
    (void)state;
    struct message request = {.value = {[FIELD_SASL_USERNAME] = "alice", [FIELD_SASL_METHOD] = "plain"}};
    static const char *const addresses[] = {"192.0.2.1", "2001:db8::1", NULL, "unknown", "", "mail.example.com"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        request.value[FIELD_CLIENT_ADDRESS] = addresses[i];
        struct message login = postfix_policy_login(&request);
        assert_string_equal(login.value[FIELD_USER], "alice");
        assert_string_equal(login.value[FIELD_SERVICE], "smtp");
        assert_string_equal(login.value[FIELD_MECHANISM], "plain");
        assert_ptr_equal(login.value[FIELD_CLIENT_ADDRESS], i < 2 ? addresses[i] : NULL);
    }
    request.value[FIELD_SERVICE] = "submission";
    assert_string_equal(postfix_policy_login(&request).value[FIELD_SERVICE], "submission");
}

static void mail_without_a_login_is_none_of_ours(void **state) {
    (void)state;
    struct message request = {.value = {[FIELD_CLIENT_ADDRESS] = "192.0.2.1"}};
    assert_false(postfix_policy_concerns(&request));
    request.value[FIELD_SASL_USERNAME] = "alice";
    assert_true(postfix_policy_concerns(&request));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_accepted_login_is_known_for_its_account_and_address),
        CASE(it_is_known_for_24_hours_from_the_last_time),
        CASE(logins_that_send_no_mail_do_not_count),
        CASE(a_login_from_an_unknown_address_counts_for_no_other_address),
        CASE(without_require_login_everybody_is_known),
        CASE(within_an_hour_of_the_start_everybody_is_known),
        CASE(a_full_table_still_tells_who_is_not_in_it),
        CASE(while_it_overflows_everybody_is_known),
        CASE(expired_logins_make_room_without_an_overflow),
        CASE(verdicts_become_actions),
        CASE(a_request_is_the_login_that_it_names),
        CASE(mail_without_a_login_is_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
