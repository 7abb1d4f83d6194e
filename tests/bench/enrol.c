/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrols accounts u0000000@example.test and on in a store that no daemon has open: enrol KEY-FILE STORE COUNT. A verb
 * of authgatectl for each would be a durable commit for each; here all are one. Called by places.py. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "credential/keyed_hash.h"
#include "credential/keyring.h"
#include "credential/sealed.h"

static _Noreturn void die(const char *why) {
    fprintf(stderr, "enrol: %s\n", why);
    exit(1);
}

static void run(sqlite3 *store, const char *statement) {
    if (sqlite3_exec(store, statement, NULL, NULL, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(store));
}

static void insert(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
        die("a row cannot be written");
}

static void enrol(sqlite3_stmt *secret, sqlite3_stmt *memory, const struct keyring *keyring, unsigned number) {
    char account[64], text[TOTP_SECRET_MADE + 1];
    unsigned char id[SEALED_ID_SIZE], mac[KEYED_HASH_SIZE];
    struct sealed sealed;
    struct totp totp = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = TOTP_SECRET_MADE};
    snprintf(account, sizeof account, "u%07u@example.test", number % 10000000);
    snprintf(text, sizeof text, "bench secret %07u", number % 10000000);
    memcpy(totp.secret, text, TOTP_SECRET_MADE);
    sealed_make_id(id);
    if (!totp_seal(keyring, account, id, &totp, &sealed))
        die("a secret cannot be sealed");
    sqlite3_bind_text(secret, 1, account, -1, SQLITE_STATIC);
    sqlite3_bind_blob(secret, 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_blob(secret, 3, sealed.bytes, (int)sealed.length, SQLITE_STATIC);
    insert(secret);
    step_mac(keyring, account, id, 0, mac);
    sqlite3_bind_text(memory, 1, account, -1, SQLITE_STATIC);
    sqlite3_bind_blob(memory, 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_blob(memory, 3, mac, sizeof mac, SQLITE_STATIC);
    insert(memory);
}

static sqlite3_stmt *prepare(sqlite3 *store, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(store, sql, -1, &statement, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(store));
    return statement;
}

int main(int count, char **arguments) {
    char fault[256] = "";
    sqlite3 *store;
    if (count != 4 || !credential_start())
        die("usage: enrol KEY-FILE STORE COUNT");
    struct keyring *keyring = keyring_read(arguments[1], fault, sizeof fault);
    if (keyring == NULL)
        die(fault);
    if (sqlite3_open_v2(arguments[2], &store, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        die("the store cannot be opened");
    run(store, "PRAGMA synchronous=OFF");
    run(store, "BEGIN");
    sqlite3_stmt *secret = prepare(store, "INSERT INTO secrets (account, state, id, sealed, key, made, confirmed, host)"
                                          " VALUES (?1, 1, ?2, ?3, ?4, ?5, ?5, 'bench')");
    sqlite3_stmt *memory = prepare(store, "INSERT INTO memory (account, kind, item, network, mac, made, until, host)"
                                          " VALUES (?1, 0, ?2, x'', ?3, 0, 0, 'bench')");
    sqlite3_bind_int64(secret, 4, keyring_current(keyring));
    sqlite3_bind_int64(secret, 5, time(NULL) - 86400);
    for (unsigned number = 0; number < (unsigned)strtoul(arguments[3], NULL, 10); number++)
        enrol(secret, memory, keyring, number);
    sqlite3_finalize(secret);
    sqlite3_finalize(memory);
    run(store, "COMMIT");
    sqlite3_close(store);
    keyring_free(&keyring);
    return 0;
}
