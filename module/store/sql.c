/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables and the statements. No rowid, no trigger, no view: an engine for PostgreSQL has the same tables. Rows of
 * one account lie together in each table. Used by database.c alone; holds no code. */
#include "store/sql.h"

/* Exclusive: no other process reads or writes while we serve, and the WAL's index is memory of ours instead of a mapped
 * file, which a full or truncated disk could kill us with. Pages as large as a file system's: a commit writes none of
 * those twice. A checkpoint when the WAL is 8 MiB: keeper.c makes it that long early, as each commit that lengthens the
 * file costs as much again. */
const char sql_settings[] = "PRAGMA page_size=4096;"
                            "PRAGMA locking_mode=EXCLUSIVE;"
                            "PRAGMA mmap_size=0;"
                            "PRAGMA trusted_schema=OFF;"
                            "PRAGMA cell_size_check=ON;"
                            "PRAGMA temp_store=MEMORY;"
                            "PRAGMA cache_size=-8192;"
                            "PRAGMA journal_mode=WAL;"
                            "PRAGMA wal_autocheckpoint=2000;"
                            "PRAGMA synchronous=FULL;";

const char sql_schema[] =
    "CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, number INTEGER NOT NULL,"
    " host TEXT NOT NULL) WITHOUT ROWID;"
    /* state: 0 pending, 1 confirmed */
    "CREATE TABLE IF NOT EXISTS secrets (account TEXT NOT NULL, state INTEGER NOT NULL, id BLOB NOT NULL,"
    " sealed BLOB NOT NULL, key INTEGER NOT NULL, made INTEGER NOT NULL, confirmed INTEGER NOT NULL,"
    " host TEXT NOT NULL, PRIMARY KEY (account, state)) WITHOUT ROWID;"
    /* All that an account's logins change lies together, so that a login changes one page of it. kind 0, the last step:
     * item is the secret's id, made the step; kind 1, a known code: item is its step (8 bytes, big-endian), mac its
     * hash; kind 2, a network: item is the network; kind 3, until it is forgotten: the last step of a secret that the
     * account has no more. */
    "CREATE TABLE IF NOT EXISTS memory (account TEXT NOT NULL, kind INTEGER NOT NULL, item BLOB NOT NULL,"
    " network BLOB NOT NULL, mac BLOB NOT NULL, made INTEGER NOT NULL, until INTEGER NOT NULL, host TEXT NOT NULL,"
    " PRIMARY KEY (account, kind, item)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS recovery_codes (account TEXT NOT NULL, hash BLOB NOT NULL, made INTEGER NOT NULL,"
    " used INTEGER NOT NULL, host TEXT NOT NULL, PRIMARY KEY (account, hash)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS wrong_codes (account TEXT NOT NULL, hash BLOB NOT NULL, at INTEGER NOT NULL,"
    " host TEXT NOT NULL, PRIMARY KEY (account, hash)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS app_passwords (account TEXT NOT NULL, hash BLOB NOT NULL, id BLOB NOT NULL,"
    " mac BLOB NOT NULL, name TEXT NOT NULL, services TEXT NOT NULL, networks TEXT NOT NULL, made INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, revoked INTEGER NOT NULL, revoked_by TEXT NOT NULL, last_used INTEGER NOT NULL,"
    " last_address TEXT NOT NULL, last_country TEXT NOT NULL, last_service TEXT NOT NULL, uses INTEGER NOT NULL,"
    " host TEXT NOT NULL, PRIMARY KEY (account, hash)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS locks (account TEXT NOT NULL, by_hand INTEGER NOT NULL, who TEXT NOT NULL,"
    " why TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, host TEXT NOT NULL,"
    " PRIMARY KEY (account, by_hand)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS settled (ref TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, facts BLOB NOT NULL,"
    " answer INTEGER NOT NULL, at INTEGER NOT NULL, host TEXT NOT NULL) WITHOUT ROWID;";

#define APP_COLUMNS                                                                                                    \
    "id, hash, mac, name, services, networks, made, expires, revoked, revoked_by, last_used, last_address,"            \
    " last_country, last_service, uses"
#define SECRET_COLUMNS                                                                                                 \
    "secrets.id, secrets.sealed, secrets.key, coalesce(memory.made, 0), memory.mac, secrets.made, secrets.confirmed"
#define SECRETS                                                                                                        \
    "secrets LEFT JOIN memory"                                                                                         \
    " ON memory.account = secrets.account AND memory.kind = 0 AND memory.item = secrets.id"

/* A page of one table's accounts; each is in the order of the table's key, so that no more is read. */
#define ACCOUNTS_OF(table, which)                                                                                      \
    "SELECT account FROM (SELECT DISTINCT account FROM " table " WHERE account > ?1" which                             \
    " ORDER BY account LIMIT ?2)"

const char *const sql_text[SQL_STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_READ] = "BEGIN DEFERRED",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT text, number FROM meta WHERE name = ?1",
    [SQL_META_SET] = "INSERT INTO meta (name, text, number, host) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT (name) DO UPDATE SET text = excluded.text, host = excluded.host,"
                     " number = max(number, excluded.number)",

    [SQL_LOCK_GET] = "SELECT by_hand, who, why, at, until FROM locks"
                     " WHERE account = ?1 AND (until = 0 OR until > ?2) AND by_hand >= ?3"
                     " ORDER BY by_hand DESC LIMIT 1",
    [SQL_LOCK_ALL] = "SELECT by_hand, who, why, at, until FROM locks WHERE account = ?1 ORDER BY by_hand DESC",
    [SQL_LOCK_SET] = "INSERT INTO locks (account, by_hand, who, why, at, until, host)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                     " ON CONFLICT (account, by_hand) DO UPDATE SET who = excluded.who, why = excluded.why,"
                     " at = excluded.at, until = excluded.until, host = excluded.host",
    [SQL_LOCK_DROP] = "DELETE FROM locks WHERE account = ?1",

    [SQL_SECRET_GET] = "SELECT " SECRET_COLUMNS " FROM " SECRETS
                       " WHERE secrets.account = ?1 AND secrets.state = ?2",
    [SQL_SECRET_SET] = "INSERT OR REPLACE INTO secrets (account, state, id, sealed, key, made, confirmed, host)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_SECRET_PROMOTE] = "UPDATE secrets SET state = 1, confirmed = ?3, host = ?4"
                           " WHERE account = ?1 AND state = 0 AND id = ?2",
    [SQL_SECRET_DROP] = "DELETE FROM secrets WHERE account = ?1",
    [SQL_SECRET_DROP_STATE] = "DELETE FROM secrets WHERE account = ?1 AND state = ?2",
    [SQL_SECRET_SEALED_BY_OTHERS] = "SELECT " SECRET_COLUMNS ", secrets.account FROM " SECRETS
                                    " WHERE secrets.account > ?1 AND secrets.key <> ?2"
                                    " ORDER BY secrets.account, secrets.state LIMIT ?3",
    [SQL_SECRET_RESEAL] = "UPDATE secrets SET sealed = ?3, key = ?4, host = ?6"
                          " WHERE account = ?1 AND id = ?2 AND key = ?5",

    [SQL_ACCOUNT_LIST] = ACCOUNTS_OF("secrets", "") " UNION " ACCOUNTS_OF("memory", " AND kind < 3") " UNION "
                         ACCOUNTS_OF("recovery_codes", "") " UNION " ACCOUNTS_OF("app_passwords", "") " UNION "
                         ACCOUNTS_OF("locks", "") " ORDER BY account LIMIT ?2",

    [SQL_STEP_CONSUME] = "UPDATE memory SET made = ?3, mac = ?4, host = ?5"
                         " WHERE account = ?1 AND kind = 0 AND item = ?2 AND made < ?3",

    [SQL_STEP_REST] = "UPDATE OR REPLACE memory SET kind = 3, until = ?2, host = ?3 WHERE account = ?1 AND kind = 0",
    [SQL_STEP_REST_GET] = "SELECT made, mac FROM memory WHERE account = ?1 AND kind = 3 AND item = ?2 AND until > ?3",
    [SQL_STEP_REST_TRIM] = "DELETE FROM memory WHERE account = ?1 AND kind = 3 AND until <= ?2",

    [SQL_CODE_LIST] = "SELECT mac FROM memory WHERE account = ?1 AND kind = 1 AND until > ?2"
                      " ORDER BY item DESC LIMIT 8",
    [SQL_CODE_GET] = "SELECT 1 FROM memory WHERE account = ?1 AND kind = 1 AND item = ?2 AND mac = ?3"
                     " AND network = ?4 AND until > ?5",
    [SQL_CODE_KNOWN] = "SELECT 1 FROM memory WHERE account = ?1 AND kind = 1 AND item <> ?2 AND mac = ?3"
                       " AND until > ?4 LIMIT 1",
    [SQL_CODE_TRIM] = "DELETE FROM memory WHERE account = ?1 AND kind = 1 AND item <= (SELECT item FROM memory"
                      " WHERE account = ?1 AND kind = 1 ORDER BY item DESC LIMIT 1 OFFSET 8)",

    [SQL_NETWORK_LIST] = "SELECT item, made, until, mac FROM memory"
                         " WHERE account = ?1 AND kind = 2 AND until > ?2 ORDER BY made DESC, item LIMIT 8",
    [SQL_NETWORK_TRIM] = "DELETE FROM memory WHERE account = ?1 AND kind = 2 AND item NOT IN (SELECT item FROM memory"
                         " WHERE account = ?1 AND kind = 2 ORDER BY made DESC, item LIMIT 8)",
    [SQL_NETWORK_DROP] = "DELETE FROM memory WHERE account = ?1 AND kind = 2 AND item = ?2",

    [SQL_MEMORY_SET] = "INSERT OR REPLACE INTO memory (account, kind, item, network, mac, made, until, host)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_MEMORY_LIST] = "SELECT kind, item, made, until, mac FROM memory WHERE account = ?1 AND kind BETWEEN 1 AND 2"
                        " AND until > ?2"
                        " ORDER BY kind DESC, item DESC",
    [SQL_MEMORY_MANY] = "SELECT 1 FROM memory WHERE account = ?1 LIMIT 1 OFFSET 9",
    [SQL_MEMORY_COUNT] = "SELECT coalesce(sum(kind = 1), 0), coalesce(sum(kind = 2), 0) FROM memory"
                         " WHERE account = ?1",
    [SQL_MEMORY_END] = "DELETE FROM memory WHERE account = ?1 AND kind BETWEEN 1 AND 2",
    [SQL_MEMORY_DROP] = "DELETE FROM memory WHERE account = ?1",

    [SQL_RECOVERY_LIST] = "SELECT hash, used FROM recovery_codes WHERE account = ?1 ORDER BY hash",
    [SQL_RECOVERY_CONSUME] = "UPDATE recovery_codes SET used = ?3, host = ?4"
                             " WHERE account = ?1 AND hash = ?2 AND used = 0",
    [SQL_RECOVERY_SET] = "INSERT OR REPLACE INTO recovery_codes (account, hash, made, used, host)"
                         " VALUES (?1, ?2, ?3, 0, ?4)",
    [SQL_RECOVERY_DROP] = "DELETE FROM recovery_codes WHERE account = ?1",

    [SQL_WRONG_COUNT] = "SELECT count(*), coalesce(sum(at > ?2), 0) FROM wrong_codes"
                        " WHERE account = ?1 AND at > ?3 AND at <= ?4",
    [SQL_WRONG_GET] = "SELECT 1 FROM wrong_codes WHERE account = ?1 AND hash = ?2 AND at > ?3 AND at <= ?4",
    [SQL_WRONG_SET] = "INSERT INTO wrong_codes (account, hash, at, host) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (account, hash) DO UPDATE SET host = excluded.host,"
                      " at = CASE WHEN at > ?5 THEN excluded.at ELSE max(at, excluded.at) END",
    [SQL_WRONG_TRIM] = "DELETE FROM wrong_codes WHERE account = ?1 AND at <= ?2",
    [SQL_WRONG_DROP] = "DELETE FROM wrong_codes WHERE account = ?1",

    [SQL_APP_GET] = "SELECT " APP_COLUMNS " FROM app_passwords WHERE account = ?1 AND hash = ?2",
    [SQL_APP_LIST] = "SELECT " APP_COLUMNS " FROM app_passwords WHERE account = ?1 ORDER BY made, hash LIMIT 64",
    [SQL_APP_COUNT] = "SELECT count(*), coalesce(sum(id = ?2 OR hash = ?3), 0) FROM app_passwords WHERE account = ?1",
    [SQL_APP_ADD] = "INSERT INTO app_passwords (account, " APP_COLUMNS ", host)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, '', 0, '', '', '', 0, ?10)",
    [SQL_APP_USE] = "UPDATE app_passwords SET last_used = max(last_used, ?3), last_address = ?4, last_country = ?5,"
                    " last_service = ?6, uses = uses + 1, host = ?7"
                    " WHERE account = ?1 AND hash = ?2 AND revoked = 0 AND (expires = 0 OR expires > ?3)",
    [SQL_APP_REVOKE] = "UPDATE app_passwords SET revoked = ?3, revoked_by = ?4, host = ?5"
                       " WHERE account = ?1 AND id = ?2 AND revoked = 0",
    [SQL_APP_DROP] = "DELETE FROM app_passwords WHERE account = ?1",

    [SQL_SETTLED_GET] = "SELECT account, facts, answer FROM settled WHERE ref = ?1 AND at > ?2",
    [SQL_SETTLED_SET] = "INSERT OR REPLACE INTO settled (ref, account, facts, answer, at, host)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_SETTLED_NEXT] = "SELECT ref FROM settled WHERE ref > ?1 ORDER BY ref LIMIT 1 OFFSET ?2",
    [SQL_SETTLED_TRIM] = "DELETE FROM settled WHERE ref > ?1 AND ref <= ?2 AND at <= ?3",
};
