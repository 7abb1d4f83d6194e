/* SPDX-License-Identifier: BSD-2-Clause */
/* The writing half of the SQLite history: one connection, one transaction a batch, synchronous=NORMAL. A file that is
 * damaged is set aside and a new one begun; one that is gone is made again; one that belongs to something else is left
 * alone. Used by history.c's writing thread only. */
#include "store/sqlite_history.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"
#include "store/history_allowance.h"
#include "store/history_engine.h"

#define BUSY_MILLISECONDS 1000
#define LOCK_PATIENCE     3000 /* milliseconds: the daemon before us is still writing its last batch */
#define ACCOUNTS_KNOWN    65536
#define WORDS_KNOWN       128
#define PATH_SIZE         4096

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_WORD_GET,
    SQL_WORD_ADD,
    SQL_ACCOUNT_GET,
    SQL_ACCOUNT_ADD,
    SQL_LAST_ID,
    SQL_LOGIN_ADD,
    SQL_DAY_COUNT,
    SQL_DAY_ADD,
    SQL_FIRST_ADD,
    SQL_EVENT_ADD,
    SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_WORD_GET] = "SELECT id FROM words WHERE word = ?1",
    [SQL_WORD_ADD] = "INSERT INTO words(word) VALUES(?1)",
    [SQL_ACCOUNT_GET] = "SELECT id FROM accounts WHERE name = ?1",
    [SQL_ACCOUNT_ADD] = "INSERT INTO accounts(name) VALUES(?1)",
    [SQL_LAST_ID] = "SELECT max(id) FROM logins WHERE id >= ?1 AND id < ?2",
    [SQL_LOGIN_ADD] = "INSERT INTO logins(id, account, service, country, network, credential, mechanism, verdict,"
                      " reason, password, ref, host, address, denied, kept)"
                      " VALUES(?11, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?12, ?13, ?14, ?15)",
    [SQL_DAY_COUNT] = "UPDATE days SET count = count + 1, first = min(first, ?12), last = max(last, ?12)"
                      " WHERE account = ?1 AND day = ?11 AND service = ?2 AND country = ?3 AND network = ?4"
                      " AND credential = ?5 AND mechanism = ?6 AND verdict = ?7 AND reason = ?8 AND password = ?9",
    [SQL_DAY_ADD] = "INSERT INTO days(account, day, service, country, network, credential, mechanism, verdict, reason,"
                    " password, count, first, last, ref)"
                    " VALUES(?1, ?11, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?12, ?12, ?10)",
    [SQL_FIRST_ADD] = "INSERT INTO firsts(account, place, at, ref) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    [SQL_EVENT_ADD] = ("INSERT INTO events(at, kind, account, ref, host, address, country, who, why, until)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
};

struct word {
    char word[HISTORY_WORD_LIMIT + 1];
    int64_t id;
};

struct writer {
    char place[PATH_SIZE];
    char host[HISTORY_WORD_LIMIT + 1];
    int lock; /* of the file's own name with .lock: one writer a history */
    sqlite3 *database;
    struct file_identity identity;
    char trouble[HISTORY_FAULT_SIZE]; /* what went wrong first, not yet told */
    bool damaged;                     /* the file is: it is set aside */
    bool gone;                        /* it is not the one that the path leads to */
    bool spent;                       /* memory was short */
    bool wanting;                     /* the file system has no room for it */
    sqlite3_stmt *statements[SQL_COUNT];
    struct history_tidy tidy;
    unsigned char key[SIPHASH_KEY_SIZE];
    struct table *accounts; /* hash of a name → its id */
    struct history_allowance *allowance;
    struct word words[WORDS_KNOWN];
    size_t word_count;
    int64_t id; /* the last one given */
};

/* One login's values as the statements bind them. */
struct login_row {
    int64_t account, service, credential, mechanism, verdict, reason, password;
    unsigned char address[16], network[16];
    size_t address_length, network_length;
};

/* Keeps what went wrong first: SQLite's own words are gone with the next call. Always false. */
static bool note(struct writer *writer) {
    int code = sqlite3_errcode(writer->database);
    writer->damaged = writer->damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    if (writer->trouble[0] == '\0')
        snprintf(writer->trouble, sizeof writer->trouble, "%.128s: %.100s", writer->place,
                 sqlite3_errmsg(writer->database));
    return false;
}

static int step(struct writer *writer, sqlite3_stmt *statement) {
    int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        note(writer);
    return result;
}

/* Hands the words on, and forgets them. Always false. */
static bool tell(struct writer *writer, char *fault) {
    if (fault[0] == '\0')
        memcpy(fault, writer->trouble, sizeof writer->trouble);
    writer->trouble[0] = '\0';
    return false;
}

/* Runs a statement that gives no row, and makes it ready for its next use. */
static bool run(struct writer *writer, enum statement which) {
    sqlite3_stmt *statement = writer->statements[which];
    int result = step(writer, statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

static bool bind_text(sqlite3_stmt *statement, int at, const char *text) {
    return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

/* The number that `text` has, 0 where it has none. False where the file fails. */
static bool find_number(struct writer *writer, enum statement get, const char *text, int64_t *id) {
    sqlite3_stmt *statement = writer->statements[get];
    bind_text(statement, 1, text);
    int result = step(writer, statement);
    *id = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool give_number(struct writer *writer, enum statement add, const char *text, int64_t *id) {
    bind_text(writer->statements[add], 1, text);
    if (!run(writer, add))
        return false;
    *id = sqlite3_last_insert_rowid(writer->database);
    return true;
}

static bool word_number(struct writer *writer, const char *text, int64_t *id) {
    for (size_t i = 0; i < writer->word_count; i++) {
        if (strcmp(writer->words[i].word, text) == 0) {
            *id = writer->words[i].id;
            return true;
        }
    }
    if (!find_number(writer, SQL_WORD_GET, text, id) || (*id == 0 && !give_number(writer, SQL_WORD_ADD, text, id)))
        return false;
    if (writer->word_count < WORDS_KNOWN) {
        struct word *word = &writer->words[writer->word_count++];
        snprintf(word->word, sizeof word->word, "%s", text);
        word->id = *id;
    }
    return true;
}

/* The account's number, 0 where the history has not seen it. False where the file fails. */
static bool known_account(struct writer *writer, const char *name, int64_t *id) {
    uint64_t hash = siphash(writer->key, name, strlen(name));
    int64_t *known = table_find(writer->accounts, &hash, 0);
    if (known == NULL) {
        if (!find_number(writer, SQL_ACCOUNT_GET, name, id))
            return false;
        if (*id == 0)
            return true;
        known = table_put(writer->accounts, &hash, 0, INT64_MAX);
        *known = *id;
    }
    *id = *known;
    return true;
}

static bool account_named(struct writer *writer, const char *name, int64_t *id) {
    return known_account(writer, name, id) && (*id != 0 || give_number(writer, SQL_ACCOUNT_ADD, name, id));
}

/* Of names that anybody can type, an hour's allowance is taken in; the others are one. */
static bool account_number(struct writer *writer, const struct history_entry *entry, int64_t *id) {
    const char *name = entry_account(entry);
    if (!known_account(writer, name, id))
        return false;
    if (*id != 0)
        return true;
    if (history_anybodys(entry) && !history_allowance_take(writer->allowance, HISTORY_NEW_ACCOUNT, entry))
        return account_named(writer, HISTORY_OTHERS, id);
    return give_number(writer, SQL_ACCOUNT_ADD, name, id);
}

/* Numbers that were given within a transaction which did not come to its end are nobody's. */
static bool forget_numbers(struct writer *writer) {
    table_destroy(&writer->accounts);
    writer->word_count = 0;
    writer->id = 0;
    writer->accounts = table_create(ACCOUNTS_KNOWN, sizeof(uint64_t), sizeof(int64_t), writer->key);
    return writer->accounts != NULL;
}

/* The next id of a second, behind all that the file has of it. */
static bool next_id(struct writer *writer, int64_t at, int64_t *id) {
    int64_t start = at << HISTORY_ID_SHIFT, end = (at + 1) << HISTORY_ID_SHIFT;
    if (writer->id < start || writer->id >= end) {
        sqlite3_stmt *statement = writer->statements[SQL_LAST_ID];
        sqlite3_bind_int64(statement, 1, start);
        sqlite3_bind_int64(statement, 2, end);
        int result = step(writer, statement);
        bool some = result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
        writer->id = some ? sqlite3_column_int64(statement, 0) : start - 1;
        sqlite3_reset(statement);
        if (result != SQLITE_ROW)
            return false;
    }
    *id = ++writer->id;
    return *id < end;
}

static bool read_row(struct writer *writer, const struct history_entry *entry, struct login_row *row) {
    struct prefix network = address_network(&entry->address);
    row->address_length = sqlite_history_pack_address(&entry->address, row->address);
    row->network_length = sqlite_history_pack_network(&network, row->network);
    return account_number(writer, entry, &row->account) &&
           word_number(writer, entry_first(entry), &row->service) &&
           word_number(writer, entry_second(entry), &row->mechanism) &&
           word_number(writer, credential_name((enum credential)entry->credential), &row->credential) &&
           word_number(writer, verdict_name((enum verdict)entry->verdict), &row->verdict) &&
           word_number(writer, reason_name((enum reason)entry->reason), &row->reason) &&
           word_number(writer, history_password_name((enum history_password)entry->password), &row->password);
}

/* Parameters 1 to 10, which logins and days have in common. */
static sqlite3_stmt *bind_row(struct writer *writer, enum statement which, const struct login_row *row,
                              const struct history_entry *entry) {
    sqlite3_stmt *statement = writer->statements[which];
    const int64_t numbers[] = {row->account, row->service, entry->country, 0, row->credential, row->mechanism,
                               row->verdict, row->reason,  row->password};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
    sqlite3_bind_blob(statement, 4, row->network, (int)row->network_length, SQLITE_STATIC);
    if (which != SQL_DAY_COUNT)
        bind_text(statement, 10, entry_ref(entry));
    return statement;
}

/* Whether the account got in from this place for the first time. False where the file fails. */
static bool first_from(struct writer *writer, const struct login_row *row, const struct history_entry *entry,
                       bool *first) {
    char country[3];
    country_code_format(entry->country, country);
    const struct {
        const void *bytes;
        size_t length;
    } places[] = {{country, strlen(country)}, {row->network, row->network_length}};
    for (size_t i = 0; i < 2; i++) {
        if (places[i].length == 0)
            continue;
        sqlite3_stmt *statement = writer->statements[SQL_FIRST_ADD];
        sqlite3_bind_int64(statement, 1, row->account);
        sqlite3_bind_blob(statement, 2, places[i].bytes, (int)places[i].length, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, entry->at);
        bind_text(statement, 4, entry_ref(entry));
        if (!run(writer, SQL_FIRST_ADD))
            return false;
        *first = *first || sqlite3_changes(writer->database) > 0;
    }
    return true;
}

/* Denials that anybody can bring about in any number: they have their row for raw_for, as accepted logins have. */
static bool cheap(const struct history_entry *entry) {
    static const enum reason reasons[] = {REASON_MALFORMED, REASON_THROTTLED,      REASON_UNAVAILABLE,
                                          REASON_PASSWORD,  REASON_PASSWORD_ERROR, REASON_NOT_GATED};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (entry->reason == reasons[i])
            return entry->password != HISTORY_PASSWORD_RIGHT;
    return false;
}

/* A flood is a number in its day's row, not a full disk. */
static bool has_row(struct writer *writer, const struct history_entry *entry) {
    enum history_portion row = entry->reason == REASON_THROTTLED ? HISTORY_THROTTLED_ROW : HISTORY_ROW;
    return !history_anybodys(entry) || history_allowance_take(writer->allowance, row, entry);
}

static bool write_raw(struct writer *writer, const struct login_row *row, const struct history_entry *entry,
                      bool first_today) {
    bool accepted = entry->verdict == VERDICT_ACCEPT;
    bool first = false;
    int64_t id, host;
    if (accepted && first_today && !first_from(writer, row, entry, &first))
        return false;
    if (!has_row(writer, entry))
        return true;
    if (!next_id(writer, entry->at, &id) || !word_number(writer, writer->host, &host))
        return false;
    sqlite3_stmt *statement = bind_row(writer, SQL_LOGIN_ADD, row, entry);
    sqlite3_bind_int64(statement, 11, id);
    sqlite3_bind_int64(statement, 12, host);
    sqlite3_bind_blob(statement, 13, row->address, (int)row->address_length, SQLITE_STATIC);
    sqlite3_bind_int(statement, 14, !accepted ? 1 : entry->reason != REASON_NONE ? 2 : 0);
    sqlite3_bind_int(statement, 15, first || (!accepted && !cheap(entry)));
    return run(writer, SQL_LOGIN_ADD);
}

static bool run_day(struct writer *writer, enum statement which, const struct login_row *row,
                    const struct history_entry *entry) {
    sqlite3_stmt *statement = bind_row(writer, which, row, entry);
    sqlite3_bind_int64(statement, 11, entry->at / HISTORY_DAY);
    sqlite3_bind_int64(statement, 12, entry->at);
    return run(writer, which);
}

/* Adds it to its day's row; `*first` where it is that row's first. Where there have been too many such rows already, it
 * is the others', from whatever network. */
static bool write_day(struct writer *writer, const struct login_row *row, const struct history_entry *entry,
                      bool *first) {
    struct login_row others = *row;
    if (!run_day(writer, SQL_DAY_COUNT, row, entry))
        return false;
    *first = sqlite3_changes(writer->database) == 0;
    if (!*first)
        return true;
    if (!history_anybodys(entry) || history_allowance_take(writer->allowance, HISTORY_NEW_DAY, entry))
        return run_day(writer, SQL_DAY_ADD, row, entry);
    others.network_length = 0;
    if (!account_named(writer, HISTORY_OTHERS, &others.account) || !run_day(writer, SQL_DAY_COUNT, &others, entry))
        return false;
    return sqlite3_changes(writer->database) > 0 || run_day(writer, SQL_DAY_ADD, &others, entry);
}

static bool write_login(struct writer *writer, const struct history_entry *entry) {
    struct login_row row = {0};
    bool first_today;
    return read_row(writer, entry, &row) && write_day(writer, &row, entry, &first_today) &&
           write_raw(writer, &row, entry, first_today);
}

static bool write_event(struct writer *writer, const struct history_entry *entry) {
    int64_t account, kind, host;
    unsigned char address[16];
    if (!account_number(writer, entry, &account) ||
        !word_number(writer, history_event_name((enum history_event_kind)entry->event), &kind) ||
        !word_number(writer, writer->host, &host))
        return false;
    sqlite3_stmt *statement = writer->statements[SQL_EVENT_ADD];
    size_t length = sqlite_history_pack_address(&entry->address, address);
    sqlite3_bind_int64(statement, 1, entry->at);
    sqlite3_bind_int64(statement, 2, kind);
    sqlite3_bind_int64(statement, 3, account);
    bind_text(statement, 4, entry_ref(entry));
    sqlite3_bind_int64(statement, 5, host);
    sqlite3_bind_blob(statement, 6, address, (int)length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 7, entry->country);
    bind_text(statement, 8, entry_first(entry));
    bind_text(statement, 9, entry_second(entry));
    sqlite3_bind_int64(statement, 10, entry->until);
    return run(writer, SQL_EVENT_ADD);
}

static bool write_entries(struct writer *writer, const struct history_batch *batch, char *fault) {
    if (!run(writer, SQL_BEGIN))
        return tell(writer, fault);
    bool good = true;
    for (const struct history_entry *entry = history_batch_next(batch, NULL); good && entry != NULL;
         entry = history_batch_next(batch, entry))
        good = entry->is_event ? write_event(writer, entry) : write_login(writer, entry);
    good = good && run(writer, SQL_COMMIT);
    if (good)
        return true;
    tell(writer, fault);
    if (sqlite3_get_autocommit(writer->database) == 0)
        run(writer, SQL_ROLLBACK);
    writer->trouble[0] = '\0';
    writer->spent = !forget_numbers(writer);
    return false;
}

static bool writer_write(void *opened, const struct history_batch *batch, char *fault) {
    struct writer *writer = opened;
    if (batch->count == 0)
        return true;
    if (writer->spent)
        return false;
    if (!sqlite_history_same_file(writer->place, &writer->identity)) {
        writer->gone = true;
        snprintf(fault, HISTORY_FAULT_SIZE, "%.128s was removed or replaced", writer->place);
        return false;
    }
    writer->wanting = !sqlite_history_has_room(writer->place, writer->wanting);
    if (writer->wanting) {
        snprintf(fault, HISTORY_FAULT_SIZE, "%.128s: its file system is nearly full, and the rest is the store's",
                 writer->place);
        return false;
    }
    return write_entries(writer, batch, fault);
}

static bool writer_broken(void *opened) {
    const struct writer *writer = opened;
    return writer->damaged || writer->gone || writer->spent;
}

static bool writer_tidy(void *opened, int64_t now, int64_t raw_for) {
    struct writer *writer = opened;
    bool accounts_gone = false;
    if (!sqlite_history_has_room(writer->place, writer->wanting)) /* what is deleted is written first */
        return false;
    bool more = sqlite_history_tidy_bite(&writer->tidy, writer->database, now, raw_for, &accounts_gone);
    if (accounts_gone && !forget_numbers(writer))
        writer->spent = true;
    return more;
}

static void close_database(struct writer *writer) {
    sqlite_history_finalize(writer->statements, SQL_COUNT);
    sqlite_history_tidy_close(&writer->tidy);
    sqlite3_close(writer->database);
    writer->database = NULL;
}

/* Moves a damaged file out of the way, with what belongs to it, so that it can be looked at. */
static void set_aside(const char *place) {
    static const char *const ends[] = {"-wal", "-shm", ""};
    char from[PATH_SIZE + 8], to[PATH_SIZE + 48];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(from, sizeof from, "%s%s", place, ends[i]);
        snprintf(to, sizeof to, "%s.damaged-%lld%s", place, (long long)clock_wall(), ends[i]);
        if (access(from, F_OK) == 0 && rename(from, to) != 0)
            unlink(from);
    }
}

static void writer_close(void *opened) {
    struct writer *writer = opened;
    bool aside = writer->damaged && !writer->gone && writer->database != NULL;
    close_database(writer);
    if (aside)
        set_aside(writer->place);
    table_destroy(&writer->accounts);
    history_allowance_destroy(&writer->allowance);
    if (writer->lock >= 0)
        close(writer->lock);
    free(writer);
}

/* One process writes a history at a time; the one before us may take a moment to end. */
static bool take_lock(struct writer *writer, char *fault) {
    char path[PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s.lock", writer->place);
    writer->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (writer->lock < 0) {
        snprintf(fault, HISTORY_FAULT_SIZE, "%.128s: %s", path, strerror(errno));
        return false;
    }
    int64_t until = clock_monotonic() + LOCK_PATIENCE;
    while (flock(writer->lock, LOCK_EX | LOCK_NB) != 0) {
        if (clock_monotonic() >= until) {
            snprintf(fault, HISTORY_FAULT_SIZE, "%.128s: another process writes it", writer->place);
            return false;
        }
        poll(NULL, 0, 50);
    }
    return true;
}

/* SQLite would make the file readable by others. An existing one is never opened here: closing it would give up
 * SQLite's locks. */
static bool make_file(const char *place) {
    struct stat status;
    if (stat(place, &status) == 0)
        return true;
    int made = open(place, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0)
        close(made);
    return made >= 0;
}

static bool open_database(struct writer *writer, char *fault) {
    static const char pragmas[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;"
        "PRAGMA wal_autocheckpoint=8192; PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF;";
    if (!make_file(writer->place)) {
        snprintf(fault, HISTORY_FAULT_SIZE, "%.128s: %s", writer->place, strerror(errno));
        return false;
    }
    int result = sqlite3_open_v2(writer->place, &writer->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (writer->database == NULL)
        return false;
    sqlite3_busy_timeout(writer->database, BUSY_MILLISECONDS);
    if (result != SQLITE_OK || sqlite3_exec(writer->database, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        !sqlite_history_prepare_schema(writer->database, fault) ||
        !sqlite_history_prepare(writer->database, texts, writer->statements, SQL_COUNT) ||
        !sqlite_history_tidy_open(&writer->tidy, writer->database)) {
        note(writer);
        return tell(writer, fault);
    }
    return sqlite_history_identity(writer->place, &writer->identity);
}

static void *writer_open(const char *place, const char *host, char *fault) {
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->lock = -1;
    snprintf(writer->place, sizeof writer->place, "%s", place);
    snprintf(writer->host, sizeof writer->host, "%s", host);
    writer->allowance = history_allowance_create();
    if (strlen(place) < sizeof writer->place && random_fill(writer->key, sizeof writer->key) &&
        writer->allowance != NULL && forget_numbers(writer) && take_lock(writer, fault)) {
        bool good = open_database(writer, fault);
        if (!good && writer->damaged) {
            close_database(writer);
            set_aside(place);
            writer->damaged = false;
            snprintf(fault, HISTORY_FAULT_SIZE,
                     "%.128s was damaged; it was set aside under another name and a new one begun", place);
            good = open_database(writer, fault);
        }
        if (good)
            return writer;
    }
    writer_close(writer);
    return NULL;
}

const struct history_engine sqlite_history_engine = {
    .scheme = "sqlite:",
    .writer_open = writer_open,
    .write = writer_write,
    .tidy = writer_tidy,
    .broken = writer_broken,
    .writer_close = writer_close,
    .reader_open = sqlite_history_reader_open,
    .read = sqlite_history_read,
    .reader_close = sqlite_history_reader_close,
};
