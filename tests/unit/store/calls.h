/* SPDX-License-Identifier: BSD-2-Clause */
/* A store's calls made and waited for in one go, for tests of any engine. Included by the test programs of the store;
 * knows no engine and no file. */
#ifndef AUTHGATE_TESTS_STORE_CALLS_H
#define AUTHGATE_TESTS_STORE_CALLS_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/store.h"

#define UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1700000000
#define PATIENCE 20000 /* milliseconds that a test waits at most */
#define REMEMBER 2592000

/* A hash, id or MAC that a number stands for. */
struct bytes16 {
    unsigned char bytes[16];
};

static inline struct bytes16 bytes_of(const char *what, int64_t number) {
    struct bytes16 bytes = {{0}};
    snprintf((char *)bytes.bytes, sizeof bytes.bytes, "%.3s%lld", what, (long long)number);
    return bytes;
}

static inline struct prefix network_of(const char *text) {
    struct prefix network = {0};
    if (text != NULL)
        assert_int_equal(prefix_parse(text, &network), PREFIX_OK);
    return network;
}

/* Dispatches until `done` is true. */
static inline void wait_for(struct store *store, const bool *done) {
    int64_t end = clock_monotonic() + PATIENCE;
    while (!*done) {
        struct pollfd readable = {.fd = store_descriptor(store), .events = POLLIN};
        poll(&readable, 1, 1000);
        store_dispatch(store, clock_monotonic());
        if (clock_monotonic() > end)
            fail_msg("no answer came");
    }
}

/* ---- facts ---- */

struct got_facts {
    bool done;
    bool available;
    struct account_facts facts;
};

static inline void take_facts(void *context, const struct account_facts *facts) {
    struct got_facts *got = context;
    got->done = true;
    got->available = facts != NULL;
    if (facts != NULL)
        got->facts = *facts;
}

static inline bool try_facts(struct store *store, const struct store_question *question, struct account_facts *facts) {
    static struct got_facts got;
    struct store_question asked = *question;
    got = (struct got_facts){0};
    asked.deadline = clock_monotonic() + PATIENCE;
    assert_true(store_facts(store, &asked, take_facts, &got) != 0);
    wait_for(store, &got.done);
    *facts = got.facts;
    return got.available;
}

static inline struct account_facts facts_at(struct store *store, const char *account, const char *network,
                                            int64_t now) {
    struct account_facts facts;
    struct store_question question = {.account = account, .network = network_of(network), .now = now};
    assert_true(try_facts(store, &question, &facts));
    return facts;
}

static inline struct account_facts facts_of(struct store *store, const char *account, const char *network) {
    return facts_at(store, account, network, NOW);
}

static inline struct account_facts facts_with(struct store *store, const char *account, struct bytes16 app_password) {
    struct account_facts facts;
    struct store_question question = {.account = account, .now = NOW, .app_password = app_password.bytes};
    assert_true(try_facts(store, &question, &facts));
    return facts;
}

/* ---- settling ---- */

struct got_answer {
    bool done;
    enum store_answer answer;
};

static inline void take_answer(void *context, enum store_answer answer) {
    struct got_answer *got = context;
    got->done = true;
    got->answer = answer;
}

/* A login with everything that its use needs, from short words. The hashes live here. */
struct attempt {
    struct store_login login;
    char ref[STORE_REF_SIZE];
    struct bytes16 facts, secret_id, step_mac, code, network_mac, recovery, app_password;
};

static inline void attempt_init(struct attempt *attempt, const char *account, const char *network, const char *ref) {
    *attempt = (struct attempt){0};
    snprintf(attempt->ref, sizeof attempt->ref, "%s", ref);
    attempt->facts = bytes_of("fac", 1);
    attempt->secret_id = bytes_of("sec", 1);
    attempt->step_mac = bytes_of("mac", 1);
    attempt->code = bytes_of("cod", 0);
    attempt->network_mac = bytes_of("net", 1);
    attempt->login = (struct store_login){
        .ref = attempt->ref,
        .facts = attempt->facts.bytes,
        .account = account,
        .network = network_of(network),
        .now = NOW,
        .deadline = clock_monotonic() + PATIENCE,
        .secret_id = attempt->secret_id.bytes,
        .step_mac = attempt->step_mac.bytes,
        .code = attempt->code.bytes,
        .network_mac = attempt->network_mac.bytes,
        .recovery = attempt->recovery.bytes,
        .app_password = attempt->app_password.bytes,
        .country = "JP",
        .service = "imap",
    };
    assert_true(address_parse("192.0.2.77", &attempt->login.address));
}

/* A code of a step, as typed from a network; remembered unless it is changed afterwards. */
static inline void attempt_step(struct attempt *attempt, int64_t step) {
    attempt->login.use = STORE_USE_STEP;
    attempt->login.step = step;
    attempt->login.step_starts = step * 30;
    attempt->code = bytes_of("cod", step);
    attempt->step_mac = bytes_of("mac", step);
    attempt->login.code_until = attempt->login.now + REMEMBER;
    attempt->login.network_until = attempt->login.now + REMEMBER;
}

static inline enum store_answer settle(struct store *store, const struct attempt *attempt) {
    struct got_answer got = {0};
    struct store_login login = attempt->login;
    login.deadline = clock_monotonic() + PATIENCE;
    assert_true(store_settle(store, &login, take_answer, &got) != 0);
    wait_for(store, &got.done);
    return got.answer;
}

/* A fresh ref for each call. */
static inline const char *next_ref(void) {
    static char ref[STORE_REF_SIZE];
    static unsigned number;
    snprintf(ref, sizeof ref, "ref%010u", ++number);
    return ref;
}

static inline enum store_answer settle_step(struct store *store, const char *account, const char *network,
                                            int64_t step) {
    struct attempt attempt;
    attempt_init(&attempt, account, network, next_ref());
    attempt_step(&attempt, step);
    return settle(store, &attempt);
}

static inline enum store_answer settle_wrong(struct store *store, const char *account, int64_t code, int64_t now) {
    struct attempt attempt;
    attempt_init(&attempt, account, "192.0.2.0/24", next_ref());
    attempt.login.use = STORE_USE_WRONG;
    attempt.login.now = now;
    attempt.code = bytes_of("wro", code);
    return settle(store, &attempt);
}

static inline enum store_answer settle_recovery(struct store *store, const char *account, int64_t code) {
    struct attempt attempt;
    attempt_init(&attempt, account, "192.0.2.0/24", next_ref());
    attempt.login.use = STORE_USE_RECOVERY;
    attempt.recovery = bytes_of("rec", code);
    return settle(store, &attempt);
}

static inline enum store_answer settle_app_password(struct store *store, const char *account, int64_t number,
                                                    int64_t now) {
    struct attempt attempt;
    attempt_init(&attempt, account, "192.0.2.0/24", next_ref());
    attempt.login.use = STORE_USE_APP_PASSWORD;
    attempt.login.now = now;
    attempt.app_password = bytes_of("app", number);
    return settle(store, &attempt);
}

static inline enum store_answer settle_nothing(struct store *store, const char *account) {
    struct attempt attempt;
    attempt_init(&attempt, account, NULL, next_ref());
    return settle(store, &attempt);
}

/* ---- administration ---- */

struct got_report {
    bool done;
    struct store_report report;
    struct store_app_password app_passwords[STORE_APP_PASSWORD_LIMIT];
    struct store_sealed_row sealed[STORE_SEALED_PAGE];
};

static inline void take_report(void *context, const struct store_report *report) {
    struct got_report *got = context;
    got->done = true;
    got->report = *report;
    if (report->app_password_count > 0)
        memcpy(got->app_passwords, report->app_passwords, report->app_password_count * sizeof got->app_passwords[0]);
    if (report->sealed_count > 0)
        memcpy(got->sealed, report->sealed, report->sealed_count * sizeof got->sealed[0]);
    got->report.app_passwords = got->app_passwords;
    got->report.sealed = got->sealed;
}

/* Valid until the next order. */
static inline const struct store_report *ordered(struct store *store, const struct store_order *order) {
    static struct got_report got;
    struct store_order asked = *order;
    got.done = false;
    if (asked.now == 0)
        asked.now = NOW;
    asked.deadline = clock_monotonic() + PATIENCE;
    assert_true(store_administer(store, &asked, take_report, &got) != 0);
    wait_for(store, &got.done);
    return &got.report;
}

static inline enum store_result order(struct store *store, const struct store_order *what) {
    return ordered(store, what)->result;
}

static inline const struct store_report *show(struct store *store, const char *account) {
    const struct store_order what = {.verb = STORE_SHOW, .account = account};
    const struct store_report *report = ordered(store, &what);
    assert_int_equal(report->result, STORE_DONE);
    return report;
}

static inline struct store_secret secret_of(int64_t number) {
    struct store_secret secret = {.sealed = "sealed bytes", .sealed_length = 12, .key = 7};
    memcpy(secret.id, bytes_of("sec", number).bytes, sizeof secret.id);
    return secret;
}

/* Enrols and confirms secret number 1 with a step far behind. */
static inline void enrol(struct store *store, const char *account) {
    struct store_secret secret = secret_of(1);
    secret.last_step = 1;
    const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret};
    assert_int_equal(order(store, &import), STORE_DONE);
}

static inline struct store_app_password app_password_of(int64_t number) {
    struct store_app_password password = {.name = "phone", .services = "imap smtp"};
    memcpy(password.id, bytes_of("pid", number).bytes, sizeof password.id);
    memcpy(password.hash, bytes_of("app", number).bytes, sizeof password.hash);
    memcpy(password.mac, bytes_of("lim", number).bytes, sizeof password.mac);
    return password;
}

static inline enum store_result lock(struct store *store, const char *account, bool by_hand, int64_t until) {
    struct store_lock what = {.by_hand = by_hand, .who = "admin", .why = "left", .at = NOW, .until = until};
    const struct store_order order_of_it = {.verb = STORE_LOCK, .account = account, .lock = &what};
    return order(store, &order_of_it);
}

static inline enum store_result simple(struct store *store, enum store_verb verb, const char *account) {
    const struct store_order what = {.verb = verb, .account = account};
    return order(store, &what);
}

static inline enum store_result new_recovery_codes(struct store *store, const char *account, size_t count) {
    unsigned char hashes[STORE_RECOVERY_LIMIT][STORE_HASH_SIZE] = {{0}};
    for (size_t i = 0; i < count; i++)
        memcpy(hashes[i], bytes_of("rec", (int64_t)i).bytes, STORE_HASH_SIZE);
    const struct store_order what = {.verb = STORE_NEW_RECOVERY_CODES, .account = account,
                                     .hashes = (const unsigned char(*)[STORE_HASH_SIZE])hashes, .hash_count = count};
    return order(store, &what);
}

#endif
