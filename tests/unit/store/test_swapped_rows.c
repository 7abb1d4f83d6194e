/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o credential/sealed.o */
/* links: credential/totp.o credential/keyed_hash.o credential/code.o credential/keyring.o -lsqlite3 -loath */
/* links: -lsodium -pthread */
/* Whoever can write the database but has not the key gains nothing by copying or changing rows (G8): the daemon's way
 * of reading facts finds each of them out. */
#include <sqlite3.h>

#include "credential/code.h"
#include "credential/sealed.h"
#include "store/sqlite_scene.h"

#define THEIRS "mallory@example.org"
#define VICTIM "victim@example.org"
#define TYPED "123456"
#define RECOVERY "12345678"
#define PASSWORD "abcdefghijklmnop"

static struct keyring *keyring;

static int start(void **state) {
    (void)state;
    static const unsigned char block[KEY_BLOCK_SIZE] = "a key";
    return credential_start() && (keyring = keyring_make(block, sizeof block)) != NULL ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    keyring_free(&keyring);
    return 0;
}

static void enrol_account(const char *account, const unsigned char *id) {
    struct totp totp = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 20};
    struct sealed sealed;
    struct store_secret secret = {.last_step = 1, .key = keyring_current(keyring)};
    memset(totp.secret, account[0], totp.length);
    assert_true(totp_seal(keyring, account, id, &totp, &sealed));
    memcpy(secret.id, id, sizeof secret.id);
    memcpy(secret.sealed, sealed.bytes, sealed.length);
    secret.sealed_length = sealed.length;
    step_mac(keyring, account, id, 1, secret.step_mac);
    const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret};
    assert_int_equal(order(store, &import), STORE_DONE);
}

static void add_codes(const char *account) {
    unsigned char hashes[1][STORE_HASH_SIZE];
    struct store_app_password password = {.name = "phone", .services = "pop3"};
    keyed_hash_text(keyring, HASH_RECOVERY_CODE, account, RECOVERY, hashes[0]);
    const struct store_order codes = {.verb = STORE_NEW_RECOVERY_CODES, .account = account, .hash_count = 1,
                                      .hashes = (const unsigned char(*)[STORE_HASH_SIZE])hashes};
    assert_int_equal(order(store, &codes), STORE_DONE);
    memcpy(password.id, bytes_of(account, 0).bytes, sizeof password.id);
    keyed_hash_text(keyring, HASH_APP_PASSWORD, account, PASSWORD, password.hash);
    const struct app_password_limits limits = {password.id, password.hash, password.services, password.networks, 0};
    scope_mac(keyring, account, &limits, password.mac);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = account, .app_password = &password};
    assert_int_equal(order(store, &add), STORE_DONE);
}

/* A login of the account from HOME with a code. */
static void log_in_with(const char *typed, const char *account, const unsigned char *id, int64_t step) {
    struct attempt attempt;
    attempt_init(&attempt, account, HOME, next_ref());
    attempt_step(&attempt, step);
    attempt.login.secret_id = id;
    step_mac(keyring, account, id, step, attempt.step_mac.bytes);
    network_mac(keyring, account, &attempt.login.network, attempt.login.network_until, attempt.network_mac.bytes);
    keyed_hash_text(keyring, HASH_CODE, account, typed, attempt.code.bytes);
    assert_int_equal(settle(store, &attempt), STORE_SETTLED);
}

static void log_in(const char *account, const unsigned char *id, int64_t step) {
    log_in_with(TYPED, account, id, step);
}

/* What the daemon believes of an account after checking it. */
struct believed {
    bool secret_opens, step_good, network_remembered, code_known, recovery_known, app_password_good;
};

static bool limits_hold(const char *account, const struct store_app_password *password) {
    const struct app_password_limits limits = {password->id, password->hash, password->services, password->networks,
                                               password->expires};
    unsigned char mac[KEYED_HASH_SIZE];
    scope_mac(keyring, account, &limits, mac);
    return keyed_hash_equal(mac, password->mac);
}

static struct believed believe(const char *account) {
    struct bytes16 typed_password;
    keyed_hash_text(keyring, HASH_APP_PASSWORD, account, PASSWORD, typed_password.bytes);
    struct account_facts facts = facts_with(store, account, typed_password), there = facts_of(store, account, HOME);
    struct sealed sealed = {.length = facts.secret.sealed_length};
    struct totp totp;
    unsigned char mac[KEYED_HASH_SIZE], code[KEYED_HASH_SIZE], recovery[KEYED_HASH_SIZE];
    memcpy(sealed.bytes, facts.secret.sealed, sealed.length);
    struct believed believed = {.secret_opens = totp_open(keyring, account, facts.secret.id, &sealed, &totp)};
    step_mac(keyring, account, facts.secret.id, facts.secret.last_step, mac);
    believed.step_good = keyed_hash_equal(mac, facts.secret.step_mac);
    network_mac(keyring, account, &there.network.network, there.network.until, mac);
    believed.network_remembered = there.network_remembered && keyed_hash_equal(mac, there.network.mac);
    keyed_hash_text(keyring, HASH_CODE, account, TYPED, code);
    keyed_hash_text(keyring, HASH_RECOVERY_CODE, account, RECOVERY, recovery);
    believed.code_known = keyed_hash_find(code, (const unsigned char(*)[KEYED_HASH_SIZE])facts.codes,
                                          facts.code_count) < facts.code_count;
    believed.recovery_known = keyed_hash_find(recovery, (const unsigned char(*)[KEYED_HASH_SIZE])facts.recovery,
                                              facts.recovery_count) < facts.recovery_count;
    believed.app_password_good = facts.app_password_found && limits_hold(account, &facts.app_password);
    return believed;
}

static const unsigned char their_id[16] = "their row's id", victims_id[16] = "victim's row id";

static void tamper(const char *sql) {
    sqlite3 *connection = NULL;
    char *fault = NULL;
    store_close(&store);
    assert_int_equal(sqlite3_open(place.store, &connection), SQLITE_OK);
    if (sqlite3_exec(connection, sql, NULL, NULL, &fault) != SQLITE_OK)
        fail_msg("%s: %s", sql, fault);
    assert_true(sqlite3_changes(connection) == 1);
    sqlite3_close(connection);
    store = place_open(false);
    serves();
}

static void what_is_a_row_of_its_own_is_believed(void **state) {
    (void)state;
    static const struct believed all = {true, true, true, true, true, true};
    store = place_open(true);
    enrol_account(THEIRS, their_id);
    add_codes(THEIRS);
    log_in_with("654321", THEIRS, their_id, 1000);
    log_in(THEIRS, their_id, 2000);
    struct believed believed = believe(THEIRS);
    assert_memory_equal(&believed, &all, sizeof all);
}

/* mallory has everything and has logged in; the victim is enrolled, and nothing that mallory knows is the victim's. */
static void mallory_copies(const char *sql) {
    store = place_open(true);
    enrol_account(THEIRS, their_id);
    enrol_account(VICTIM, victims_id);
    add_codes(THEIRS);
    log_in(THEIRS, their_id, 1000);
    struct believed before = believe(VICTIM);
    assert_true(before.secret_opens && before.step_good);
    tamper(sql);
}

static void a_copied_secret_opens_nothing(void **state) {
    (void)state;
    mallory_copies("UPDATE secrets SET (id, sealed) = (SELECT id, sealed FROM secrets WHERE account = '" THEIRS "')"
                   " WHERE account = '" VICTIM "'");
    assert_false(believe(VICTIM).secret_opens);
}

static void a_secret_under_another_rows_id_opens_nothing(void **state) {
    (void)state;
    mallory_copies("UPDATE secrets SET id = (SELECT id FROM secrets WHERE account = '" THEIRS "')"
                   " WHERE account = '" VICTIM "'");
    assert_false(believe(VICTIM).secret_opens);
}

static void a_copied_counter_is_not_believed(void **state) {
    (void)state;
    mallory_copies("UPDATE memory SET (made, mac) = (SELECT made, mac FROM memory"
                   " WHERE account = '" THEIRS "' AND kind = 0) WHERE account = '" VICTIM "'");
    assert_false(believe(VICTIM).step_good);
}

static void a_counter_set_back_is_not_believed(void **state) {
    (void)state;
    mallory_copies("UPDATE memory SET made = 0 WHERE account = '" VICTIM "' AND kind = 0");
    assert_false(believe(VICTIM).step_good);
}

static void a_counter_taken_away_is_not_believed(void **state) {
    (void)state;
    mallory_copies("DELETE FROM memory WHERE account = '" VICTIM "' AND kind = 0");
    assert_false(believe(VICTIM).step_good);
}

static void a_copied_network_is_not_remembered(void **state) {
    (void)state;
    mallory_copies("INSERT INTO memory SELECT '" VICTIM "', kind, item, network, mac, made, until, host FROM memory"
                   " WHERE account = '" THEIRS "' AND kind = 2");
    assert_true(facts_of(store, VICTIM, HOME).network_remembered);
    assert_false(believe(VICTIM).network_remembered);
}

static void a_network_remembered_longer_is_not_believed(void **state) {
    (void)state;
    mallory_copies("UPDATE memory SET until = until + 1 WHERE account = '" THEIRS "' AND kind = 2");
    assert_false(believe(THEIRS).network_remembered);
}

static void a_copied_code_is_not_known(void **state) {
    (void)state;
    mallory_copies("INSERT INTO memory SELECT '" VICTIM "', kind, item, network, mac, made, until, host FROM memory"
                   " WHERE account = '" THEIRS "' AND kind = 1");
    assert_int_equal(facts_of(store, VICTIM, HOME).code_count, 1);
    assert_false(believe(VICTIM).code_known);
}

static void a_copied_recovery_code_is_not_known(void **state) {
    (void)state;
    mallory_copies("INSERT INTO recovery_codes SELECT '" VICTIM "', hash, made, used, host FROM recovery_codes"
                   " WHERE account = '" THEIRS "'");
    assert_int_equal(facts_of(store, VICTIM, HOME).recovery_unused, 1);
    assert_false(believe(VICTIM).recovery_known);
}

static void a_copied_app_password_opens_nothing(void **state) {
    (void)state;
    mallory_copies("UPDATE app_passwords SET account = '" VICTIM "' WHERE account = '" THEIRS "'");
    assert_false(believe(VICTIM).app_password_good);
}

static void an_app_password_for_more_services_is_not_believed(void **state) {
    (void)state;
    mallory_copies("UPDATE app_passwords SET services = 'pop3 imap smtp' WHERE account = '" THEIRS "'");
    assert_false(believe(THEIRS).app_password_good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(what_is_a_row_of_its_own_is_believed),
        SCENE(a_copied_secret_opens_nothing),
        SCENE(a_secret_under_another_rows_id_opens_nothing),
        SCENE(a_copied_counter_is_not_believed),
        SCENE(a_counter_set_back_is_not_believed),
        SCENE(a_counter_taken_away_is_not_believed),
        SCENE(a_copied_network_is_not_remembered),
        SCENE(a_network_remembered_longer_is_not_believed),
        SCENE(a_copied_code_is_not_known),
        SCENE(a_copied_recovery_code_is_not_known),
        SCENE(a_copied_app_password_opens_nothing),
        SCENE(an_app_password_for_more_services_is_not_believed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
