/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a SQLite history and what its two halves share. `logins` has a row a login while it is kept, `days` a
 * row a day and kind of login from the first one on, so that reports never add both. Words (services, verdicts,
 * reasons, hosts) stand in a table of their own: their numbers are the file's, not those of this version's enums. */
#include "store/sqlite_history.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/history_engine.h"

#define SCHEMA_VERSION 1
#define ROOM_LEFT      ((uint64_t)256 << 20) /* bytes: more than a checkpoint and the batches before it write */
#define ROOM_SHARE     16                    /* or this part of a smaller file system */

static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);"
    "CREATE TABLE accounts(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    /* kept: stays after raw_for. denied: 1 where it was not accepted, 2 where it would not have been */
    "CREATE TABLE logins(id INTEGER PRIMARY KEY, ref TEXT NOT NULL, account INTEGER NOT NULL, service INTEGER NOT NULL,"
    " host INTEGER NOT NULL, address BLOB NOT NULL, network BLOB NOT NULL, country INTEGER NOT NULL,"
    " credential INTEGER NOT NULL, mechanism INTEGER NOT NULL, verdict INTEGER NOT NULL, reason INTEGER NOT NULL,"
    " password INTEGER NOT NULL, denied INTEGER NOT NULL, kept INTEGER NOT NULL);"
    "CREATE INDEX logins_account ON logins(account);" /* each index ends in the id, and so in the time */
    "CREATE INDEX logins_ref ON logins(ref);"
    "CREATE INDEX logins_network ON logins(network);"
    "CREATE INDEX logins_country ON logins(country);"
    "CREATE INDEX logins_denied ON logins(id) WHERE denied > 0;"
    /* day: since the epoch, in UTC. first, last: seconds. ref: of the day's first */
    "CREATE TABLE days(account INTEGER NOT NULL, day INTEGER NOT NULL, service INTEGER NOT NULL,"
    " country INTEGER NOT NULL, network BLOB NOT NULL, credential INTEGER NOT NULL, mechanism INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL, reason INTEGER NOT NULL, password INTEGER NOT NULL, count INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, ref TEXT NOT NULL,"
    " PRIMARY KEY(account, day, service, country, network, credential, mechanism, verdict, reason, password))"
    " WITHOUT ROWID;"
    "CREATE INDEX days_day ON days(day, account);"
    "CREATE INDEX days_ref ON days(ref);"
    /* place: a country's two letters, or a network: where an account got in from for the first time */
    "CREATE TABLE firsts(account INTEGER NOT NULL, place BLOB NOT NULL, at INTEGER NOT NULL, ref TEXT NOT NULL,"
    " PRIMARY KEY(account, place)) WITHOUT ROWID;"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, account INTEGER NOT NULL,"
    " ref TEXT NOT NULL, host INTEGER NOT NULL, address BLOB NOT NULL, country INTEGER NOT NULL, who TEXT NOT NULL,"
    " why TEXT NOT NULL, until INTEGER NOT NULL);"
    "CREATE INDEX events_account ON events(account);"
    "CREATE INDEX events_at ON events(at);"
    "INSERT INTO meta(key, value) VALUES('schema', 1);";

bool sqlite_history_identity(const char *path, struct file_identity *identity) {
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    *identity = (struct file_identity){.device = status.st_dev, .inode = status.st_ino};
    return true;
}

bool sqlite_history_same_file(const char *path, const struct file_identity *identity) {
    struct file_identity now;
    return sqlite_history_identity(path, &now) && now.device == identity->device && now.inode == identity->inode;
}

bool sqlite_history_has_room(const char *path, bool wanting) {
    struct statvfs system;
    if (statvfs(path, &system) != 0 || system.f_blocks == 0)
        return true;
    uint64_t share = (uint64_t)system.f_blocks * system.f_frsize / ROOM_SHARE;
    uint64_t least = share < ROOM_LEFT ? share : ROOM_LEFT;
    return (uint64_t)system.f_bavail * system.f_frsize >= least + (wanting ? least / 4 : 0);
}

/* The first column of a query's only row, or `otherwise` where it has none. False where it cannot be run. */
static bool single(sqlite3 *database, const char *text, int64_t otherwise, int64_t *number) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        return false;
    int result = sqlite3_step(statement);
    *number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : otherwise;
    sqlite3_finalize(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool sqlite_history_prepare_schema(sqlite3 *database, char *fault) {
    int64_t tables, ours, version;
    if (!single(database, "SELECT count(*) FROM sqlite_master", 0, &tables) ||
        !single(database, "SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'firsts')", 0, &ours))
        return false;
    if (tables == 0)
        return sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
               sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK &&
               sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (ours != 2) {
        snprintf(fault, HISTORY_FAULT_SIZE, "the file is a database, but no history");
        return false;
    }
    if (!single(database, "SELECT value FROM meta WHERE key = 'schema'", 0, &version))
        return false;
    if (version >= 1 && version <= SCHEMA_VERSION + 1)
        return true;
    snprintf(fault, HISTORY_FAULT_SIZE, "the file has schema %lld; this version writes %d", (long long)version,
             SCHEMA_VERSION);
    return false;
}

bool sqlite_history_prepare(sqlite3 *database, const char *const *texts, sqlite3_stmt **statements, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (sqlite3_prepare_v3(database, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

void sqlite_history_finalize(sqlite3_stmt **statements, size_t count) {
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

size_t sqlite_history_pack_address(const struct address *address, unsigned char bytes[16]) {
    size_t length = address->family == 4 ? 4 : address->family == 6 ? 16 : 0;
    memcpy(bytes, address->bytes, length);
    return length;
}

size_t sqlite_history_pack_network(const struct prefix *network, unsigned char bytes[16]) {
    size_t length = network->base.family == 4 ? 3 : network->base.family == 6 ? 8 : 0;
    memcpy(bytes, network->base.bytes, length);
    return length;
}

void sqlite_history_unpack_address(const void *bytes, size_t length, struct address *address) {
    *address = (struct address){.family = length == 4 ? 4 : length == 16 ? 6 : 0};
    if (address->family != 0)
        memcpy(address->bytes, bytes, length);
}

void sqlite_history_unpack_network(const void *bytes, size_t length, struct prefix *network) {
    *network = (struct prefix){.base = {.family = length == 3 ? 4 : length == 8 ? 6 : 0}};
    if (network->base.family != 0) {
        memcpy(network->base.bytes, bytes, length);
        network->bits = (uint8_t)(8 * length);
    }
}
