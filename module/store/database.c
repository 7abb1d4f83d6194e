/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, statements and errors of the SQLite connection. Used by the SQLite engine's files on the engine's thread.
 * Decides nothing about rows. */
#include "store/database.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/file.h"

static void say(char *fault, size_t size, const char *what) {
    struct buffer text;
    buffer_init(&text, fault, size);
    buffer_add_format(&text, "%.*s", (int)size - 1, what);
}

/* Why the file cannot be used, NULL: it can. */
static const char *unfit(const struct stat *status) {
    if (!S_ISREG(status->st_mode))
        return "is no plain file";
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return "belongs to another user";
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "can be read or written by others; chmod 0600 it";
    return NULL;
}

static bool examine(struct database *database, const char *path, char *fault, size_t size) {
    const char *why = lstat(path, &database->identity) != 0 ? strerrordesc_np(errno) : unfit(&database->identity);
    if (why == NULL)
        return true;
    say(fault, size, why);
    database->error = SQLITE_CANTOPEN;
    return false;
}

static int keep_text(void *context, int columns, char **values, char **names) {
    (void)names;
    char *text = context;
    if (columns == 1 && values[0] != NULL) {
        struct buffer copy;
        buffer_init(&copy, text, 16);
        buffer_add_format(&copy, "%.15s", values[0]);
    }
    return 0;
}

/* Whether a commit will be on the disk when it returns. */
static bool durable(struct database *database) {
    char journal[16] = "", synchronous[16] = "";
    return sqlite3_exec(database->connection, "PRAGMA journal_mode", keep_text, journal, NULL) == SQLITE_OK &&
           sqlite3_exec(database->connection, "PRAGMA synchronous", keep_text, synchronous, NULL) == SQLITE_OK &&
           strcmp(journal, "wal") == 0 && strcmp(synchronous, "2") == 0;
}

static bool set_up(struct database *database, char *fault, size_t size) {
    sqlite3_extended_result_codes(database->connection, 1);
    sqlite3_db_config(database->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int result = sqlite3_exec(database->connection, sql_settings, NULL, NULL, NULL);
    if ((result & 0xff) == SQLITE_BUSY)
        say(fault, size, "is in use by another process");
    else if (result != SQLITE_OK)
        say(fault, size, sqlite3_errmsg(database->connection));
    else if (!durable(database)) {
        say(fault, size, "SQLite cannot write it durably (WAL, synchronous=FULL)");
        result = SQLITE_IOERR;
    }
    database->error = result;
    return result == SQLITE_OK;
}

static bool open_connection(struct database *database, const char *path, char *fault, size_t size) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int result = sqlite3_open_v2(path, &database->connection, flags, NULL);
    if (result == SQLITE_OK)
        return set_up(database, fault, size);
    say(fault, size, database->connection == NULL ? "no memory" : sqlite3_errmsg(database->connection));
    database->error = result;
    return false;
}

/* Whether it is the same file before and after: an opened one cannot be asked. */
static bool same_file(struct database *database, const char *path, char *fault, size_t size) {
    struct stat before = database->identity;
    if (!examine(database, path, fault, size))
        return false;
    if (before.st_ino == database->identity.st_ino && before.st_dev == database->identity.st_dev)
        return true;
    say(fault, size, "was replaced while it was opened");
    database->error = SQLITE_CANTOPEN;
    return false;
}

bool database_open(struct database *database, const char *path, const char *host, char *fault, size_t size) {
    *database = (struct database){.host = host, .settled = SETTLED_SWEPT / 2}; /* what others left is swept as well */
    if (!examine(database, path, fault, size))
        return false;
    if (database->identity.st_size == 0) { /* SQLite would make a database of it */
        say(fault, size, "is empty");
        database->error = SQLITE_NOTADB;
        return false;
    }
    if (open_connection(database, path, fault, size) && same_file(database, path, fault, size))
        return true;
    int error = database->error;
    database_close(database);
    database->error = error;
    return false;
}

void database_close(struct database *database) {
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
        sqlite3_finalize(database->statements[i]);
    sqlite3_close_v2(database->connection);
    *database = (struct database){.host = database->host};
}

bool database_sound(const struct database *database) {
    return database->error == SQLITE_OK;
}

bool database_full(const struct database *database) {
    return (database->error & 0xff) == SQLITE_FULL;
}

const char *database_fault(const struct database *database) {
    return sqlite3_errstr(database->error);
}

bool database_in_place(struct database *database, const char *path) {
    struct stat now;
    if (lstat(path, &now) != 0 || now.st_ino != database->identity.st_ino ||
        now.st_dev != database->identity.st_dev || now.st_size < database->identity.st_size)
        return false;
    database->identity.st_size = now.st_size; /* it grows with checkpoints and never shrinks */
    return true;
}

static void failed(struct database *database, int result) {
    if (database->error == SQLITE_OK)
        database->error = result;
}

struct query query_of(struct database *database, enum statement which) {
    struct query query = {.database = database};
    sqlite3_stmt **place = &database->statements[which];
    if (*place == NULL) {
        int result =
            sqlite3_prepare_v3(database->connection, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT, place, NULL);
        if (result != SQLITE_OK)
            failed(database, result);
    }
    query.statement = *place;
    return query;
}

static void bound(struct query *query, int result) {
    if (result != SQLITE_OK)
        failed(query->database, result);
}

/* Values are borrowed until the query ends: all of them outlive it. */
void query_text(struct query *query, const char *text) {
    query->bound++;
    if (query->statement != NULL)
        bound(query, sqlite3_bind_text(query->statement, query->bound, text, -1, SQLITE_STATIC));
}

void query_bytes(struct query *query, const void *bytes, size_t length) {
    query->bound++;
    if (query->statement != NULL)
        bound(query, sqlite3_bind_blob(query->statement, query->bound, bytes, (int)length, SQLITE_STATIC));
}

void query_number(struct query *query, int64_t number) {
    query->bound++;
    if (query->statement != NULL)
        bound(query, sqlite3_bind_int64(query->statement, query->bound, number));
}

bool query_row(struct query *query) {
    if (query->statement == NULL || !database_sound(query->database)) {
        query_end(query);
        return false;
    }
    int result = sqlite3_step(query->statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        failed(query->database, result);
    query_end(query);
    return false;
}

int64_t query_column(const struct query *query, int column) {
    return sqlite3_column_int64(query->statement, column);
}

void query_column_text(const struct query *query, int column, char *out, size_t size) {
    struct buffer copy;
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    buffer_init(&copy, out, size);
    if (text != NULL)
        buffer_add_format(&copy, "%.*s", (int)size - 1, (const char *)text);
}

bool query_column_bytes(const struct query *query, int column, void *out, size_t size) {
    const void *bytes = sqlite3_column_blob(query->statement, column);
    memset(out, 0, size);
    if (bytes == NULL || (size_t)sqlite3_column_bytes(query->statement, column) != size)
        return false;
    memcpy(out, bytes, size);
    return true;
}

void query_end(struct query *query) {
    if (query->statement != NULL) {
        sqlite3_reset(query->statement); /* its error, if any, was the step's */
        sqlite3_clear_bindings(query->statement);
    }
    query->statement = NULL;
}

int64_t query_run(struct query *query) {
    unsigned before = (unsigned)sqlite3_total_changes(query->database->connection);
    while (query_row(query)) {
    }
    return (unsigned)sqlite3_total_changes(query->database->connection) - before;
}

/* One meta row; false where there is none. */
static bool read_meta(struct database *database, const char *name, char *text, size_t size, int64_t *number) {
    struct query query = query_of(database, SQL_META_GET);
    query_text(&query, name);
    if (!query_row(&query))
        return false;
    query_column_text(&query, 0, text, size);
    *number = query_column(&query, 1);
    query_end(&query);
    return true;
}

bool database_meta(struct database *database, struct standing *standing, int64_t *accepted) {
    char ignored[INSTANCE_SIZE];
    int64_t unused;
    *accepted = 0;
    standing->ours = read_meta(database, "schema", ignored, sizeof ignored, &standing->schema) &&
                     read_meta(database, "instance", standing->store.instance, sizeof standing->store.instance,
                               &unused) &&
                     read_meta(database, "generation", ignored, sizeof ignored, &standing->store.generation);
    if (standing->ours)
        read_meta(database, "accepted", ignored, sizeof ignored, accepted);
    return standing->ours;
}

void database_set_meta(struct database *database, const char *name, const char *text, int64_t number) {
    struct query query = query_of(database, SQL_META_SET);
    query_text(&query, name);
    query_text(&query, text);
    query_number(&query, number);
    query_text(&query, database->host);
    query_run(&query);
}

static void run(struct database *database, enum statement which) {
    struct query query = query_of(database, which);
    query_run(&query);
}

void database_add_schema(struct database *database) {
    int result = sqlite3_exec(database->connection, sql_schema, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        failed(database, result);
    database_set_meta(database, "schema", "", STORE_SCHEMA);
}

bool database_create(const char *path, const char *host, const char *instance, char *fault, size_t size) {
    struct database database = {.host = host};
    if (!file_create(path)) {
        say(fault, size, strerrordesc_np(errno));
        return false;
    }
    bool made = open_connection(&database, path, fault, size);
    if (made) {
        run(&database, SQL_BEGIN);
        database_add_schema(&database);
        database_set_meta(&database, "instance", instance, 0);
        database_set_meta(&database, "generation", "", 1);
        run(&database, SQL_COMMIT);
        made = database_sound(&database);
        if (!made)
            say(fault, size, database_fault(&database));
    }
    database_close(&database);
    if (!made)
        unlink(path);
    return made;
}

bool database_whole(struct database *database) {
    char answer[16] = "";
    return sqlite3_exec(database->connection, "PRAGMA quick_check(1)", keep_text, answer, NULL) == SQLITE_OK &&
           strcmp(answer, "ok") == 0;
}

void database_checkpoint(struct database *database) {
    sqlite3_wal_checkpoint_v2(database->connection, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
}
