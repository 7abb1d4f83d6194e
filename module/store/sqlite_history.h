/* SPDX-License-Identifier: BSD-2-Clause */
/* What the writing and the reading half of the SQLite history share: how the file is opened, what is in it, and how its
 * numbers are made. */
#ifndef AUTHGATE_STORE_SQLITE_HISTORY_H
#define AUTHGATE_STORE_SQLITE_HISTORY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"

/* A login's id is its second, then its place within the second: ids are in the order of time. */
#define HISTORY_ID_SHIFT 20
#define HISTORY_DAY      86400

/* Which file a path led to when it was opened. */
struct file_identity {
    dev_t device;
    ino_t inode;
};

/* False where there is no such file. */
bool sqlite_history_identity(const char *path, struct file_identity *identity);
bool sqlite_history_same_file(const char *path, const struct file_identity *identity);

/* Whether the path's file system has room for a history beside what else lies there, the store above all. Where it
 * had none before (`wanting`), a little more is asked for, so that it does not come and go. True where nobody can
 * tell. */
bool sqlite_history_has_room(const char *path, bool wanting);

/* Makes the tables where the file is empty. False, with words in `fault`, where it is no history of ours. */
bool sqlite_history_prepare_schema(sqlite3 *database, char *fault);

/* Prepares `count` statements. False where one cannot be. */
bool sqlite_history_prepare(sqlite3 *database, const char *const *texts, sqlite3_stmt **statements, size_t count);
void sqlite_history_finalize(sqlite3_stmt **statements, size_t count);

/* Addresses and networks as they stand in the file: 4 or 16 bytes, 3 or 8 bytes, none where it is not known. */
size_t sqlite_history_pack_address(const struct address *address, unsigned char bytes[16]);
size_t sqlite_history_pack_network(const struct prefix *network, unsigned char bytes[16]);
void sqlite_history_unpack_address(const void *bytes, size_t length, struct address *address);
void sqlite_history_unpack_network(const void *bytes, size_t length, struct prefix *network);

/* The reading half, sqlite_history_read.c. */
struct history_cursor;
struct history_rows;
void *sqlite_history_reader_open(const char *place, char *fault);
bool sqlite_history_read(void *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last);
void sqlite_history_reader_close(void *reader);

/* Cleaning up, sqlite_history_tidy.c: state of one writer, and one bite. */
#define SQLITE_HISTORY_TIDY_STATEMENTS 16
struct history_tidy {
    sqlite3_stmt *statements[SQLITE_HISTORY_TIDY_STATEMENTS];
    int64_t account; /* up to which accounts without any row are gone, in this clean-up */
    bool deleted_days, accounts_gone;
};
bool sqlite_history_tidy_open(struct history_tidy *tidy, sqlite3 *database);
void sqlite_history_tidy_close(struct history_tidy *tidy);
/* False where nothing is left for now, or it failed. `*accounts_gone` where accounts were deleted. */
bool sqlite_history_tidy_bite(struct history_tidy *tidy, sqlite3 *database, int64_t now, int64_t raw_for,
                              bool *accounts_gone);

#endif
