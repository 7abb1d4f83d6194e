/* SPDX-License-Identifier: BSD-2-Clause */
/* The reading half of the SQLite history: a read-only connection, one short statement a page. Where a page ended is in
 * the cursor, so that nothing stays open in between and the writer's log can be cut. Used by history_reader.c's thread
 * only. */
#include "store/sqlite_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/history_engine.h"

#define BUSY_MILLISECONDS 1000
#define WORDS_KNOWN       1024
#define ACCOUNTS_AT_ONCE  64 /* of a report over all accounts */
#define DAY_KEYS          9

/* The columns that logins and days have in common, in the order in which take_row reads them. */
#define COLUMNS                                                                                                        \
    "a.name, l.service, l.country, l.network, l.credential, l.mechanism, l.verdict, l.reason, l.password,"
#define LOGIN_COLUMNS COLUMNS " l.ref, 1, l.id >> 20, l.id >> 20, l.address, l.id"
#define LOGINS        "SELECT " LOGIN_COLUMNS " FROM logins AS l "
#define ACCOUNT       "JOIN accounts AS a ON a.id = l.account "
#define LOGIN_PAGE                                                                                                     \
    "l.id > ?1 AND l.id < ?2 AND (?4 = 0 OR l.denied > 0) AND (?5 = 0 OR l.account = ?5)"                              \
    " AND (?6 IS NULL OR l.network = ?6) AND (?7 = 0 OR l.country = ?7) ORDER BY l.id LIMIT ?3"
#define DAYS       "SELECT " COLUMNS " l.ref, l.count, l.first, l.last, NULL, l.day, l.account FROM days AS l "
#define DAY_REST   "l.service, l.country, l.network, l.credential, l.mechanism, l.verdict, l.reason, l.password"
#define DAY_FILTER " AND l.day <= ?2 AND (?4 = 0 OR l.verdict <> ?5 OR l.reason <> ?6)"
#define GROUPED(what)                                                                                                  \
    "SELECT a.name, l.service, l.country, l.network, l.credential, 0, l.verdict, l.reason, l.password,"                \
    " l.ref, sum(l.count), min(l.first), max(l.last) FROM days AS l " ACCOUNT                                          \
    "WHERE l.account >= ?1 AND l.account <= ?2 AND l.day >= ?3 AND l.day <= ?4 AND " what

enum statement {
    SQL_WORDS,
    SQL_ACCOUNT,
    SQL_LAST_ACCOUNT,
    SQL_LOGINS,
    SQL_LOGINS_ACCOUNT,
    SQL_LOGINS_NETWORK,
    SQL_LOGINS_COUNTRY,
    SQL_LOGINS_DENIED,
    SQL_REF,
    SQL_REF_DAY,
    SQL_DAYS,
    SQL_DAYS_ACCOUNT,
    SQL_EVENTS,
    SQL_EVENTS_ACCOUNT,
    SQL_LEGACY,
    SQL_COUNTRIES,
    SQL_STOLEN,
    SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
    [SQL_WORDS] = "SELECT id, word FROM words ORDER BY id",
    [SQL_ACCOUNT] = "SELECT id FROM accounts WHERE name = ?1",
    [SQL_LAST_ACCOUNT] = "SELECT max(id) FROM accounts",
    [SQL_LOGINS] = LOGINS "NOT INDEXED " ACCOUNT "WHERE " LOGIN_PAGE,
    [SQL_LOGINS_ACCOUNT] = LOGINS "INDEXED BY logins_account " ACCOUNT "WHERE l.account = ?5 AND " LOGIN_PAGE,
    [SQL_LOGINS_NETWORK] = LOGINS "INDEXED BY logins_network " ACCOUNT "WHERE l.network = ?6 AND " LOGIN_PAGE,
    [SQL_LOGINS_COUNTRY] = LOGINS "INDEXED BY logins_country " ACCOUNT "WHERE l.country = ?7 AND " LOGIN_PAGE,
    [SQL_LOGINS_DENIED] = LOGINS "INDEXED BY logins_denied " ACCOUNT "WHERE l.denied > 0 AND " LOGIN_PAGE,
    [SQL_REF] = LOGINS ACCOUNT "WHERE l.ref = ?1",
    [SQL_REF_DAY] = DAYS ACCOUNT "WHERE l.ref = ?1",
    [SQL_DAYS] = DAYS ACCOUNT "WHERE (l.day, l.account, " DAY_REST
                              ") > (?1, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)" DAY_FILTER
                              " ORDER BY l.day, l.account, " DAY_REST " LIMIT ?3",
    [SQL_DAYS_ACCOUNT] = DAYS ACCOUNT "WHERE l.account = ?7 AND (l.day, " DAY_REST
                                      ") > (?1, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)" DAY_FILTER
                                      " ORDER BY l.day, " DAY_REST " LIMIT ?3",
    [SQL_EVENTS] = "SELECT a.name, e.kind, e.country, e.address, e.who, e.why, e.until, e.ref, e.at, e.id"
                   " FROM events AS e JOIN accounts AS a ON a.id = e.account"
                   " WHERE e.at >= ?2 AND e.at < ?3 AND (e.at, e.id) > (?4, ?5) ORDER BY e.at, e.id LIMIT ?6",
    [SQL_EVENTS_ACCOUNT] =
        "SELECT a.name, e.kind, e.country, e.address, e.who, e.why, e.until, e.ref, e.at, e.id"
        " FROM events AS e JOIN accounts AS a ON a.id = e.account"
        " WHERE e.account = ?1 AND e.at >= ?2 AND e.at < ?3 AND (e.at, e.id) > (?4, ?5) ORDER BY e.at, e.id LIMIT ?6",
    [SQL_LEGACY] = GROUPED(
        "l.credential = (SELECT id FROM words WHERE word = 'password')"
        " AND l.verdict = (SELECT id FROM words WHERE word = 'accept')") " GROUP BY l.account, l.service, l.network",
    [SQL_COUNTRIES] = GROUPED("1") " GROUP BY l.account, l.country, l.verdict ="
                                   " (SELECT id FROM words WHERE word = 'accept')",
    [SQL_STOLEN] =
        GROUPED("l.password = (SELECT id FROM words WHERE word = 'right')"
                " AND l.verdict = (SELECT id FROM words WHERE word = 'deny')") " GROUP BY l.account, l.country, "
                                                                               "l.network, l.reason",
};

struct reader {
    char place[4096];
    sqlite3 *database;
    struct file_identity identity;
    sqlite3_stmt *statements[SQL_COUNT];
    char *words[WORDS_KNOWN]; /* by id */
    int64_t accept, none;     /* the numbers of verdict "accept" and of no reason; -1: not in use */
};

/* The word with a number; "" for one that is not known. */
static const char *word_of(const struct reader *reader, int64_t id) {
    const char *word = id > 0 && id < WORDS_KNOWN ? reader->words[id] : NULL;
    return word != NULL ? word : "";
}

static bool read_words(struct reader *reader) {
    sqlite3_stmt *statement = reader->statements[SQL_WORDS];
    reader->accept = reader->none = -1;
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);
        const char *word = (const char *)sqlite3_column_text(statement, 1);
        if (word == NULL || id <= 0 || id >= WORDS_KNOWN)
            continue;
        if (reader->words[id] == NULL)
            reader->words[id] = strdup(word);
        if (strcmp(word, verdict_name(VERDICT_ACCEPT)) == 0)
            reader->accept = id;
        if (word[0] == '\0')
            reader->none = id;
    }
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

static const char *keep_text(struct history_rows *rows, sqlite3_stmt *statement, int column) {
    return history_rows_keep(rows, (const char *)sqlite3_column_text(statement, column));
}

/* Columns 0 to 12, which all but events have. */
static struct history_row *take_row(const struct reader *reader, sqlite3_stmt *statement, struct history_rows *rows) {
    struct history_row *row = history_rows_add(rows);
    if (row == NULL)
        return NULL;
    row->account = keep_text(rows, statement, 0);
    row->service = history_rows_keep(rows, word_of(reader, sqlite3_column_int64(statement, 1)));
    row->country = (country_code)sqlite3_column_int(statement, 2);
    sqlite_history_unpack_network(sqlite3_column_blob(statement, 3), (size_t)sqlite3_column_bytes(statement, 3),
                                  &row->network);
    credential_parse(word_of(reader, sqlite3_column_int64(statement, 4)), &row->credential);
    row->mechanism = history_rows_keep(rows, word_of(reader, sqlite3_column_int64(statement, 5)));
    verdict_parse(word_of(reader, sqlite3_column_int64(statement, 6)), &row->verdict);
    reason_parse(word_of(reader, sqlite3_column_int64(statement, 7)), &row->reason);
    history_password_parse(word_of(reader, sqlite3_column_int64(statement, 8)), &row->password);
    row->ref = keep_text(rows, statement, 9);
    row->count = sqlite3_column_int64(statement, 10);
    row->first = sqlite3_column_int64(statement, 11);
    row->last = sqlite3_column_int64(statement, 12);
    return row;
}

static bool take_login(const struct reader *reader, sqlite3_stmt *statement, struct history_cursor *cursor,
                       struct history_rows *rows) {
    struct history_row *row = take_row(reader, statement, rows);
    if (row == NULL)
        return false;
    sqlite_history_unpack_address(sqlite3_column_blob(statement, 13), (size_t)sqlite3_column_bytes(statement, 13),
                                  &row->address);
    cursor->keys[0] = sqlite3_column_int64(statement, 14);
    return true;
}

/* A page ends where it has as many rows as one may have; fewer are the last. */
static bool finish(sqlite3_stmt *statement, int result, const struct history_rows *rows, bool *last) {
    sqlite3_reset(statement);
    *last = rows->count < HISTORY_PAGE_ROWS;
    return result == SQLITE_DONE;
}

static enum statement choose_logins(const struct history_cursor *cursor) {
    if (cursor->one_account)
        return SQL_LOGINS_ACCOUNT;
    if (cursor->network.base.family != 0)
        return SQL_LOGINS_NETWORK;
    if (cursor->denied)
        return SQL_LOGINS_DENIED;
    return cursor->country != COUNTRY_UNKNOWN ? SQL_LOGINS_COUNTRY : SQL_LOGINS;
}

static int64_t id_at(int64_t second) {
    const int64_t end = INT64_MAX >> HISTORY_ID_SHIFT;
    return (second < end ? second : end) << HISTORY_ID_SHIFT;
}

static bool read_logins(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    sqlite3_stmt *statement = reader->statements[choose_logins(cursor)];
    unsigned char network[16];
    size_t length = sqlite_history_pack_network(&cursor->network, network);
    int64_t from = cursor->begun ? cursor->keys[0] : id_at(cursor->since) - 1;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, id_at(cursor->until));
    sqlite3_bind_int(statement, 3, HISTORY_PAGE_ROWS);
    sqlite3_bind_int(statement, 4, cursor->denied);
    sqlite3_bind_int64(statement, 5, cursor->keys[1]);
    if (length > 0)
        sqlite3_bind_blob(statement, 6, network, (int)length, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(statement, 6);
    sqlite3_bind_int(statement, 7, cursor->country);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (!take_login(reader, statement, cursor, rows))
            break;
    return finish(statement, result, rows, last);
}

/* One login by its ref; where it has no row of its own any more, the day that it is the sample of. */
static bool read_ref(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    static const enum statement places[] = {SQL_REF, SQL_REF_DAY};
    *last = true;
    for (size_t i = 0; i < 2 && rows->count == 0; i++) {
        sqlite3_stmt *statement = reader->statements[places[i]];
        sqlite3_bind_text(statement, 1, cursor->ref, -1, SQLITE_STATIC);
        int result;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            if (!take_login(reader, statement, cursor, rows))
                break;
        sqlite3_reset(statement);
        if (result != SQLITE_DONE)
            return false;
    }
    return true;
}

/* The numbers of a day row's key, its network beside them. */
static bool take_day(const struct reader *reader, sqlite3_stmt *statement, struct history_cursor *cursor,
                     struct history_rows *rows) {
    static const int columns[DAY_KEYS] = {14, 15, 1, 2, 4, 5, 6, 7, 8};
    if (take_row(reader, statement, rows) == NULL)
        return false;
    for (size_t i = 0; i < DAY_KEYS; i++)
        cursor->keys[i] = sqlite3_column_int64(statement, columns[i]);
    size_t length = (size_t)sqlite3_column_bytes(statement, 3);
    cursor->place_length = length <= sizeof cursor->place ? length : 0;
    if (cursor->place_length > 0)
        memcpy(cursor->place, sqlite3_column_blob(statement, 3), cursor->place_length);
    return true;
}

static void start_days(struct history_cursor *cursor) {
    int64_t account = cursor->keys[1];
    for (size_t i = 0; i < DAY_KEYS; i++)
        cursor->keys[i] = -1;
    cursor->keys[0] = cursor->since / HISTORY_DAY;
    if (cursor->one_account)
        cursor->keys[1] = account;
}

static bool read_days(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    sqlite3_stmt *statement = reader->statements[cursor->one_account ? SQL_DAYS_ACCOUNT : SQL_DAYS];
    if (!cursor->begun)
        start_days(cursor);
    const int64_t *keys = cursor->keys;
    const int64_t numbers[] = {keys[0],
                               (cursor->until - 1) / HISTORY_DAY,
                               HISTORY_PAGE_ROWS,
                               cursor->denied,
                               reader->accept,
                               reader->none,
                               keys[1],
                               keys[2],
                               keys[3],
                               0,
                               keys[4],
                               keys[5],
                               keys[6],
                               keys[7],
                               keys[8]};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
    sqlite3_bind_blob(statement, 10, cursor->place, (int)cursor->place_length, SQLITE_TRANSIENT);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (!take_day(reader, statement, cursor, rows))
            break;
    return finish(statement, result, rows, last);
}

static bool take_event(const struct reader *reader, sqlite3_stmt *statement, struct history_cursor *cursor,
                       struct history_rows *rows) {
    struct history_row *row = history_rows_add(rows);
    if (row == NULL)
        return false;
    row->account = keep_text(rows, statement, 0);
    history_event_parse(word_of(reader, sqlite3_column_int64(statement, 1)), &row->event);
    row->country = (country_code)sqlite3_column_int(statement, 2);
    sqlite_history_unpack_address(sqlite3_column_blob(statement, 3), (size_t)sqlite3_column_bytes(statement, 3),
                                  &row->address);
    row->network = address_network(&row->address);
    row->who = keep_text(rows, statement, 4);
    row->why = keep_text(rows, statement, 5);
    row->until = sqlite3_column_int64(statement, 6);
    row->ref = keep_text(rows, statement, 7);
    row->first = row->last = cursor->keys[2] = sqlite3_column_int64(statement, 8);
    cursor->keys[3] = sqlite3_column_int64(statement, 9);
    row->count = 1;
    return true;
}

static bool read_events(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    sqlite3_stmt *statement = reader->statements[cursor->one_account ? SQL_EVENTS_ACCOUNT : SQL_EVENTS];
    if (!cursor->begun)
        cursor->keys[2] = cursor->keys[3] = -1;
    if (cursor->one_account)
        sqlite3_bind_int64(statement, 1, cursor->keys[1]);
    sqlite3_bind_int64(statement, 2, cursor->since);
    sqlite3_bind_int64(statement, 3, cursor->until);
    sqlite3_bind_int64(statement, 4, cursor->keys[2]);
    sqlite3_bind_int64(statement, 5, cursor->keys[3]);
    sqlite3_bind_int(statement, 6, HISTORY_PAGE_ROWS);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (!take_event(reader, statement, cursor, rows))
            break;
    return finish(statement, result, rows, last);
}

static bool last_account(struct reader *reader, int64_t *account) {
    sqlite3_stmt *statement = reader->statements[SQL_LAST_ACCOUNT];
    int result = sqlite3_step(statement);
    *account = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return result == SQLITE_ROW;
}

/* One report of one range of accounts. */
static bool read_group(struct reader *reader, const struct history_cursor *cursor, struct history_rows *rows) {
    static const enum statement reports[] = {
        [HISTORY_LEGACY] = SQL_LEGACY, [HISTORY_COUNTRIES] = SQL_COUNTRIES, [HISTORY_STOLEN] = SQL_STOLEN};
    sqlite3_stmt *statement = reader->statements[reports[cursor->what]];
    sqlite3_bind_int64(statement, 1, cursor->keys[2]);
    sqlite3_bind_int64(statement, 2, cursor->one_account ? cursor->keys[2] : cursor->keys[2] + ACCOUNTS_AT_ONCE - 1);
    sqlite3_bind_int64(statement, 3, cursor->since / HISTORY_DAY);
    sqlite3_bind_int64(statement, 4, (cursor->until - 1) / HISTORY_DAY);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (take_row(reader, statement, rows) == NULL)
            break;
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

static bool read_report(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    int64_t end = 0;
    if (!cursor->begun)
        cursor->keys[2] = cursor->one_account ? cursor->keys[1] : 1;
    if (!last_account(reader, &end))
        return false;
    do {
        if (!read_group(reader, cursor, rows))
            return false;
        cursor->keys[2] += ACCOUNTS_AT_ONCE;
        *last = cursor->one_account || cursor->keys[2] > end;
    } while (!*last && rows->count < HISTORY_PAGE_ROWS);
    return true;
}

/* Puts the account's number where the statements want it. `*known` false: it has no row at all. */
static bool find_account(struct reader *reader, struct history_cursor *cursor, bool *known) {
    *known = true;
    if (!cursor->one_account || cursor->begun)
        return true;
    sqlite3_stmt *statement = reader->statements[SQL_ACCOUNT];
    sqlite3_bind_text(statement, 1, cursor->account, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    *known = result == SQLITE_ROW;
    cursor->keys[1] = *known ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool read_page(struct reader *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    bool known = false;
    if (!read_words(reader) || !find_account(reader, cursor, &known))
        return false;
    *last = true;
    if (!known)
        return true;
    switch (cursor->what) {
    case HISTORY_LOGINS:
        return cursor->one_ref ? read_ref(reader, cursor, rows, last) : read_logins(reader, cursor, rows, last);
    case HISTORY_DAYS:
        return read_days(reader, cursor, rows, last);
    case HISTORY_EVENTS:
        return read_events(reader, cursor, rows, last);
    case HISTORY_LEGACY:
    case HISTORY_COUNTRIES:
    case HISTORY_STOLEN:
        return read_report(reader, cursor, rows, last);
    }
    return false;
}

static bool open_database(struct reader *reader, char *fault) {
    if (sqlite_history_identity(reader->place, &reader->identity) &&
        sqlite3_open_v2(reader->place, &reader->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        sqlite3_busy_timeout(reader->database, BUSY_MILLISECONDS) == SQLITE_OK &&
        sqlite3_exec(reader->database, "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;", NULL, NULL, NULL) ==
            SQLITE_OK &&
        sqlite_history_prepare(reader->database, texts, reader->statements, SQL_COUNT))
        return true;
    snprintf(fault, HISTORY_FAULT_SIZE, "%.128s cannot be read", reader->place);
    return false;
}

static void close_database(struct reader *reader) {
    sqlite_history_finalize(reader->statements, SQL_COUNT);
    sqlite3_close(reader->database);
    reader->database = NULL;
    for (size_t i = 0; i < WORDS_KNOWN; i++) {
        free(reader->words[i]);
        reader->words[i] = NULL;
    }
}

void *sqlite_history_reader_open(const char *place, char *fault) {
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    snprintf(reader->place, sizeof reader->place, "%s", place);
    if (open_database(reader, fault))
        return reader;
    sqlite_history_reader_close(reader);
    return NULL;
}

bool sqlite_history_read(void *opened, struct history_cursor *cursor, struct history_rows *rows, bool *last) {
    struct reader *reader = opened;
    char fault[HISTORY_FAULT_SIZE];
    if (!sqlite_history_same_file(reader->place, &reader->identity)) {
        close_database(reader);
        if (!open_database(reader, fault))
            return false;
    }
    return read_page(reader, cursor, rows, last);
}

void sqlite_history_reader_close(void *opened) {
    struct reader *reader = opened;
    close_database(reader);
    free(reader);
}
