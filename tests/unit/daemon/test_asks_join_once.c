/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/ask.o policy/account_name.o -Wl,--wrap=random_fill */
/* The join of the plugin's ask and the saslauthd request of the same process (THREATS M1, M2): single use, five
 * seconds, the newest replaces, pid 0 never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/ask.h"
#include "policy/configuration.h"

static const struct socket_setting sockets[] = {
    {.kind = SOCKET_GATE, .path = "/run/authgate/gate.sock", .seen_as = "/run/authgate/gate.sock"},
    {.kind = SOCKET_SASLAUTHD, .path = "/queue/run/authgate/saslauthd", .seen_as = "/run/authgate/saslauthd"},
    {.kind = SOCKET_SASLAUTHD, .path = "/run/other/saslauthd", .seen_as = "/run/other/saslauthd"},
};
static const struct settings settings = {
    .sockets = sockets, .socket_count = 3, .naming = {.default_domain = "example.test", .recipient_delimiter = '+'}};
static const struct ucred one = {.pid = 100, .uid = 7}, two = {.pid = 200, .uid = 7}, nobody = {.pid = 0, .uid = 7};

bool __real_random_fill(void *bytes, size_t length);
bool __wrap_random_fill(void *bytes, size_t length);

static bool without_randomness;

bool __wrap_random_fill(void *bytes, size_t length) {
    return !without_randomness && __real_random_fill(bytes, length);
}

static struct message ask_of(const char *user, const char *address) {
    struct message ask = {{NULL}};
    ask.value[FIELD_USER] = user;
    ask.value[FIELD_SERVICE] = "smtp";
    ask.value[FIELD_MECHANISM] = "PLAIN";
    ask.value[FIELD_PWCHECK] = "saslauthd";
    ask.value[FIELD_PWCHECK_PATH] = "/run/authgate/saslauthd";
    ask.value[FIELD_CLIENT_ADDRESS] = address;
    return ask;
}

static bool keep(struct asks *asks, const struct ucred *peer, const char *user, const char *address, int64_t now) {
    const struct message ask = ask_of(user, address);
    return asks_keep(asks, &settings, &ask, peer, now);
}

static int set_up(void **state) {
    *state = asks_create(0);
    return *state == NULL;
}

static int tear_down(void **state) {
    struct asks *asks = *state;
    asks_destroy(&asks);
    return 0;
}

static void an_ask_joins_the_request_of_its_process(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "Alice+News", "192.0.2.1", 10));
    assert_true(asks_join(*state, &one, "alice@example.test", 20, &asked));
    assert_string_equal(asked.client_address, "192.0.2.1");
    assert_string_equal(asked.service, "smtp");
    assert_string_equal(asked.mechanism, "PLAIN");
}

static void it_joins_once(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_true(asks_join(*state, &one, "alice@example.test", 20, &asked));
    assert_false(asks_join(*state, &one, "alice@example.test", 20, &asked));
}

static void it_joins_no_other_account_and_is_used_up_by_the_try(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_false(asks_join(*state, &one, "bob@example.test", 20, &asked));
    assert_false(asks_join(*state, &one, "alice@example.test", 20, &asked));
}

static void it_joins_no_name_that_may_be_somebody_elses(void **state) {
    struct settings doubtful = settings;
    doubtful.naming.recipient_delimiter = '-';
    struct asked asked;
    const struct message mary = ask_of("Mary", "192.0.2.1"), jane = ask_of("Mary-Jane", "192.0.2.1");
    assert_true(asks_keep(*state, &doubtful, &mary, &one, 10));
    assert_false(asks_join(*state, &one, "mary-jane@example.test", 20, &asked));
    assert_true(asks_keep(*state, &doubtful, &jane, &one, 10));
    assert_false(asks_join(*state, &one, "mary@example.test", 20, &asked));
    assert_true(asks_keep(*state, &doubtful, &jane, &one, 10));
    assert_true(asks_join(*state, &one, "mary-jane@example.test", 20, &asked));
}

static void it_joins_no_other_process(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_false(asks_join(*state, &two, "alice@example.test", 20, &asked));
    assert_true(asks_join(*state, &one, "alice@example.test", 20, &asked));
}

static void it_joins_no_other_user(void **state) {
    struct asked asked;
    const struct ucred later = {.pid = one.pid, .uid = 8};
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_false(asks_join(*state, &later, "alice@example.test", 20, &asked));
}

static void M2_two_processes_keep_their_own_addresses(void **state) {
    struct asked asked;
    for (int64_t now = 0; now < 1000; now++) {
        assert_true(keep(*state, &one, "alice", "192.0.2.1", now));
        assert_true(keep(*state, &two, "alice", "198.51.100.1", now));
        const struct ucred *first = now % 2 == 0 ? &one : &two;
        assert_true(asks_join(*state, first, "alice@example.test", now, &asked));
        assert_string_equal(asked.client_address, first == &one ? "192.0.2.1" : "198.51.100.1");
        assert_true(asks_join(*state, first == &one ? &two : &one, "alice@example.test", now, &asked));
        assert_string_equal(asked.client_address, first == &one ? "198.51.100.1" : "192.0.2.1");
    }
}

static void the_newest_replaces(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_true(keep(*state, &one, "alice", "198.51.100.1", 11));
    assert_true(asks_join(*state, &one, "alice@example.test", 20, &asked));
    assert_string_equal(asked.client_address, "198.51.100.1");
    assert_false(asks_join(*state, &one, "alice@example.test", 20, &asked));
}

static void an_ask_that_was_refused_or_does_not_wait_replaces_too(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_false(keep(*state, &one, "alice@@", "192.0.2.1", 11));
    assert_false(asks_join(*state, &one, "alice@example.test", 20, &asked));
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    asks_forget(*state, &one);
    assert_false(asks_join(*state, &one, "alice@example.test", 20, &asked));
}

static void it_waits_five_seconds(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_true(asks_join(*state, &one, "alice@example.test", 10 + ASK_TIME - 1, &asked));
    assert_true(keep(*state, &one, "alice", "192.0.2.1", 10));
    assert_false(asks_join(*state, &one, "alice@example.test", 10 + ASK_TIME, &asked));
}

static void pid_0_joins_nothing(void **state) {
    struct asked asked;
    assert_true(keep(*state, &nobody, "alice", "192.0.2.1", 10));
    assert_false(asks_join(*state, &nobody, "alice@example.test", 10, &asked));
}

static void an_unknown_address_stays_unknown(void **state) {
    struct asked asked;
    assert_true(keep(*state, &one, "alice", NULL, 10));
    assert_true(asks_join(*state, &one, "alice@example.test", 10, &asked));
    assert_string_equal(asked.client_address, "");
}

static void just_after_a_start_an_ask_may_have_been_made_of_another_daemon(void **state) {
    assert_false(asks_complete(*state, ASK_TIME - 1));
    assert_true(asks_complete(*state, ASK_TIME));
}

static void only_what_goes_to_our_socket_and_nowhere_else_waits(void **state) {
    (void)state;
    static const struct {
        const char *mechanism, *method, *path;
        bool waits;
    } rows[] = {
        {"PLAIN", "saslauthd", "/run/authgate/saslauthd", true},
        {"LOGIN", "saslauthd", "/run/authgate/saslauthd", true},
        {"LOGIN", "saslauthd", "/run/other/saslauthd", true},
        {"PLAIN", "saslauthd", "/queue/run/authgate/saslauthd", false},
        {"PLAIN", "saslauthd", "/run/authgate/gate.sock", false},
        {"PLAIN", "saslauthd", "/run/saslauthd/mux", false},
        {"PLAIN", "saslauthd", NULL, false},
        {"PLAIN", "saslauthd auxprop", "/run/authgate/saslauthd", false},
        {"PLAIN", "auxprop saslauthd", "/run/authgate/saslauthd", false},
        {"PLAIN", "auxprop", "/run/authgate/saslauthd", false},
        {"PLAIN", NULL, "/run/authgate/saslauthd", false},
        {"CRAM-MD5", "saslauthd", "/run/authgate/saslauthd", false},
        {"SCRAM-SHA-256", "saslauthd", "/run/authgate/saslauthd", false},
        {"XOAUTH2", "saslauthd", "/run/authgate/saslauthd", false},
        {NULL, "saslauthd", "/run/authgate/saslauthd", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct message ask = ask_of("alice", NULL);
        ask.value[FIELD_MECHANISM] = rows[i].mechanism;
        ask.value[FIELD_PWCHECK] = rows[i].method;
        ask.value[FIELD_PWCHECK_PATH] = rows[i].path;
        assert_int_equal(asks_waits(&settings, &ask), rows[i].waits);
    }
}

static void the_first_five_seconds_are_those_of_the_daemon(void **state) {
    (void)state;
    struct asks *asks = asks_create(1000000);
    assert_non_null(asks);
    assert_false(asks_complete(asks, 1000000));
    assert_false(asks_complete(asks, 1000000 + ASK_TIME - 1));
    assert_true(asks_complete(asks, 1000000 + ASK_TIME));
    asks_destroy(&asks);
    assert_null(asks);
    asks_destroy(&asks);
}

static void without_randomness_there_is_no_table(void **state) {
    (void)state;
    without_randomness = true;
    struct asks *asks = asks_create(0);
    without_randomness = false;
    assert_null(asks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_ask_joins_the_request_of_its_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_joins_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_joins_no_other_account_and_is_used_up_by_the_try, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_joins_no_name_that_may_be_somebody_elses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_joins_no_other_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_joins_no_other_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(M2_two_processes_keep_their_own_addresses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_ask_that_was_refused_or_does_not_wait_replaces_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_waits_five_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pid_0_joins_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_address_stays_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(just_after_a_start_an_ask_may_have_been_made_of_another_daemon, set_up,
                                        tear_down),
        cmocka_unit_test(the_first_five_seconds_are_those_of_the_daemon),
        cmocka_unit_test(without_randomness_there_is_no_table),
        cmocka_unit_test(only_what_goes_to_our_socket_and_nowhere_else_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
