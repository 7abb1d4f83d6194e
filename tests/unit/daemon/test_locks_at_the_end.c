/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/login_aftermath.o -Wl,--wrap=clock_monotonic -Wl,--wrap=log_message */
/* A lock that is on its way to the store when the daemon ends: it is told of if the store answers in time, else the log
 * says that it may not stand, and nothing is left of it. The store and what is told are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "daemon/compromise.h"
#include "daemon/login_aftermath.h"
#include "daemon/login_state.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "daemon/vault.h"
#include "policy/configuration.h"

int64_t __wrap_clock_monotonic(void);
void __wrap_log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct server server;
static struct settings settings;
static int64_t now;
static int ready[2]; /* a pipe that has always something to read */
static char said[1024];
static int events, notices, dispatches;
static int answer_at; /* which dispatch answers; 0: none */

static struct {
    store_report_done *done;
    void *context;
} call[2];
static size_t calls;

/* ---- stand-ins ---- */

int64_t __wrap_clock_monotonic(void) {
    return now += 50;
}

void __wrap_log_message(int priority, const char *format, ...) {
    va_list arguments;
    size_t length = strlen(said);
    (void)priority;
    va_start(arguments, format);
    vsnprintf(said + length, sizeof said - length, format, arguments);
    va_end(arguments);
}

struct store *vault_store(const struct vault *vault) {
    assert_non_null(vault);
    return NULL;
}

uint64_t store_administer(struct store *store, const struct store_order *order, store_report_done *done,
                          void *context) {
    (void)store;
    assert_int_equal(order->verb, STORE_LOCK);
    assert_in_range(calls, 0, 1);
    call[calls].done = done;
    call[calls++].context = context;
    return calls;
}

int store_descriptor(const struct store *store) {
    (void)store;
    return ready[0];
}

void store_dispatch(struct store *store, int64_t at) {
    (void)store;
    (void)at;
    if (++dispatches != answer_at)
        return;
    for (; calls > 0; calls--)
        call[calls - 1].done(call[calls - 1].context, &(struct store_report){.result = STORE_DONE});
}

void history_add_event(struct history *history, const struct history_event *event) {
    (void)history;
    events += event->kind == HISTORY_EVENT_LOCKED;
}

bool notifier_tell(struct notifier *notifier, const char *program, const struct notice *notice, int64_t at) {
    (void)notifier;
    (void)program;
    (void)at;
    notices += notice->kind == NOTICE_LOCKED;
    return true;
}

const struct settings *configuration_settings(const struct configuration *configuration) {
    (void)configuration;
    return &settings;
}

int64_t policy_number(const struct policy *policy, enum policy_key key, int64_t otherwise) {
    (void)policy;
    return key == POLICY_STOLEN_ACTION ? ACTION_DENY : otherwise;
}

const struct value *policy_value(const struct policy *policy, enum policy_key key) {
    (void)policy;
    (void)key;
    return NULL;
}

bool value_holds_address(const struct value *value, const struct address *address) {
    (void)address;
    return value != NULL;
}

bool stolen_password(enum reason reason, unsigned wrong) {
    (void)wrong;
    return reason == REASON_COUNTRY;
}

bool compromise_is_news(struct compromise *compromise, int kind, const char *account, int64_t at) {
    (void)compromise;
    (void)kind;
    (void)account;
    (void)at;
    return true;
}

int compromise_note(struct compromise *compromise, const struct compromise_login *login) {
    (void)compromise;
    (void)login;
    return 0;
}

void compromise_forget(struct compromise *compromise, const char *account) {
    (void)compromise;
    (void)account;
}

/* ---- the tests ---- */

static int set_up(void **state) {
    static char vault;
    (void)state;
    server = (struct server){.vault = (struct vault *)&vault};
    now = 1000;
    said[0] = '\0';
    calls = 0;
    events = notices = dispatches = answer_at = 0;
    return pipe(ready) != 0 || write(ready[1], "x", 1) != 1;
}

static int tear_down(void **state) {
    (void)state;
    return close(ready[0]) != 0 || close(ready[1]) != 0;
}

static void steal(const char *account) {
    static struct login login;
    login = (struct login){.server = &server};
    login.record.verdict = VERDICT_DENY;
    login.record.reason = REASON_COUNTRY;
    memcpy(login.record.account, account, strlen(account) + 1);
    login_aftermath_right(&login);
}

static void without_a_lock_nothing_is_waited_for(void **state) {
    (void)state;
    login_aftermath_finish(&server);
    assert_int_equal(dispatches, 0);
    assert_string_equal(said, "");
}

static void locks_under_way_are_told_of(void **state) {
    (void)state;
    answer_at = 3;
    steal("alice@example.com");
    steal("bob@example.com");
    assert_non_null(server.lockings);
    login_aftermath_finish(&server);
    assert_null(server.lockings);
    assert_int_equal(dispatches, 3);
    assert_int_equal(events, 2);
    assert_int_equal(notices, 2);
    assert_non_null(strstr(said, "account=alice@example.com locked by the gate"));
}

static void a_store_that_does_not_answer_is_waited_for_a_second(void **state) {
    (void)state;
    steal("alice@example.com");
    steal("bob@example.com");
    int64_t began = now;
    login_aftermath_finish(&server);
    assert_in_range(now - began, 1000, 1200);
    assert_null(server.lockings);
    assert_int_equal(events + notices, 0);
    assert_non_null(strstr(said, "account=alice@example.com may not have been locked"));
    assert_non_null(strstr(said, "account=bob@example.com may not have been locked"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_lock_nothing_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(locks_under_way_are_told_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_does_not_answer_is_waited_for_a_second, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
