/* SPDX-License-Identifier: BSD-2-Clause */
/* The one connection to the store's SQLite file and its statements. The first error of a database sticks: whoever uses
 * it goes on as if rows were missing and asks database_sound() before believing anything. */
#ifndef AUTHGATE_STORE_DATABASE_H
#define AUTHGATE_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "store/seal.h"
#include "store/sql.h"
#include "store/store.h"

#define SETTLED_SWEPT 64 /* settled refs that the sweep looks at in one step, for each half as many that came */

struct database {
    sqlite3 *connection;
    sqlite3_stmt *statements[SQL_STATEMENT_COUNT]; /* prepared when first used */
    const char *host;
    int error; /* SQLite's extended code of the first thing that failed; SQLITE_OK: nothing has */
    struct stat identity; /* of the file that was opened */
    char swept[STORE_REF_SIZE]; /* how far the sweep for settled refs has come … */
    unsigned settled;           /* … and how many were added that it has not yet answered with a step */
    bool raised; /* something in this transaction must not be undone by an older copy */
};

/* Opens the file, which must be there and be nobody else's, with the settings that durability rests on, and asserts
 * them. Where it cannot, the database is closed again, `fault` (of `size` bytes) says why, and `error` is SQLITE_NOTADB
 * where there is no database in the file. */
bool database_open(struct database *database, const char *path, const char *host, char *fault, size_t size);

/* Makes a store in a new file, which must not be there, with an instance id (32 hexadecimal digits) and generation 1.
 * Where it cannot, `fault` (of `size` bytes) says why. */
bool database_create(const char *path, const char *host, const char *instance, char *fault, size_t size);

/* Finishes statements, checkpoints and closes. Safe on a closed one. */
void database_close(struct database *database);

/* Whether nothing has failed since the error was last cleared, and whether the failure was want of room. */
bool database_sound(const struct database *database);
bool database_full(const struct database *database);

/* SQLite's words for what failed first. */
const char *database_fault(const struct database *database);

/* Whether the file under its name still is the one that was opened, and not shorter than it was. */
bool database_in_place(struct database *database, const char *path);

/* One statement with its values, bound in order. Ends with query_end, query_run or query_row returning false. */
struct query {
    struct database *database;
    sqlite3_stmt *statement; /* NULL: could not be prepared */
    int bound;
};

struct query query_of(struct database *database, enum statement which);
void query_text(struct query *query, const char *text);
void query_bytes(struct query *query, const void *bytes, size_t length);
void query_number(struct query *query, int64_t number);

/* The next row, if there is one. */
bool query_row(struct query *query);
int64_t query_column(const struct query *query, int column);
void query_column_text(const struct query *query, int column, char *out, size_t size);

/* Copies a column of exactly `size` bytes; with any other, `out` is zeros and it returns false. */
bool query_column_bytes(const struct query *query, int column, void *out, size_t size);
void query_end(struct query *query);

/* Runs it to its end: how many rows it changed. */
int64_t query_run(struct query *query);

/* What the store says of itself; false where it is no store. */
bool database_meta(struct database *database, struct standing *standing, int64_t *accepted);

/* Sets a meta row (numbers only rise). */
void database_set_meta(struct database *database, const char *name, const char *text, int64_t number);

/* Makes tables and indices that are not there yet, and says which schema this is. */
void database_add_schema(struct database *database);

/* Whether SQLite finds every page in order. Reads all of them. */
bool database_whole(struct database *database);

/* Copies what the WAL holds to where it belongs, so that the WAL's room can be used again. */
void database_checkpoint(struct database *database);

#endif
