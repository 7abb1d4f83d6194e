/* SPDX-License-Identifier: BSD-2-Clause */
/* What a storage engine is to history.c: a const struct of functions for two threads, one that writes and one that
 * reads, and what passes between them. A new engine is one added file (or a few) and one row in history.c's table.
 * Nothing outside module/store includes this. */
#ifndef AUTHGATE_STORE_HISTORY_ENGINE_H
#define AUTHGATE_STORE_HISTORY_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/history.h"

#define HISTORY_ACCOUNT_LIMIT 320 /* bytes of the texts that are kept, without their NUL */
#define HISTORY_REF_LIMIT     32
#define HISTORY_WORD_LIMIT    64
#define HISTORY_WHY_LIMIT     256
#define HISTORY_FAULT_SIZE    256
#define HISTORY_PAGE_ROWS     512
#define HISTORY_CURSOR_KEYS   12

/* One login or event as it waits to be written. */
struct history_entry {
    uint32_t size; /* of all of it, up to the next one */
    bool is_event;
    uint8_t event;
    uint8_t credential, verdict, reason, password;
    country_code country;
    struct address address;
    uint16_t ref_at, first_at, second_at; /* where in `texts`; the account is at 0 */
    int64_t at;
    int64_t until;
    char texts[];
};

/* Service and mechanism of a login, who and why of an event. */
static inline const char *entry_account(const struct history_entry *entry) {
    return entry->texts;
}

static inline const char *entry_ref(const struct history_entry *entry) {
    return entry->texts + entry->ref_at;
}

static inline const char *entry_first(const struct history_entry *entry) {
    return entry->texts + entry->first_at;
}

static inline const char *entry_second(const struct history_entry *entry) {
    return entry->texts + entry->second_at;
}

/* Entries, one behind the other. */
struct history_batch {
    const unsigned char *bytes;
    size_t length;
    size_t count;
};

/* The entry behind `entry` (NULL: the first), or NULL after the last. */
const struct history_entry *history_batch_next(const struct history_batch *batch, const struct history_entry *entry);

/* Rows that were read, with the memory of their texts. */
struct history_rows {
    struct history_row *rows;
    size_t count, room;
    struct history_text *texts; /* chunks, the newest first */
    bool short_of_memory;
};

/* Adds a row whose fields are zero and texts "". NULL where memory is short: then the page has failed. */
struct history_row *history_rows_add(struct history_rows *rows);
/* A copy of a text (NULL: "") that lives as long as the page. */
const char *history_rows_keep(struct history_rows *rows, const char *text);
void history_rows_clear(struct history_rows *rows);

/* A question and how far its answer has come. */
struct history_cursor {
    enum history_what what;
    char account[HISTORY_ACCOUNT_LIMIT + 1];
    char ref[HISTORY_REF_LIMIT + 1];
    bool one_account, one_ref, denied;
    struct prefix network;
    country_code country;
    int64_t since, until;
    /* The engine's: zeroed before the first page, then as it leaves them. */
    bool begun;
    int64_t keys[HISTORY_CURSOR_KEYS];
    unsigned char place[16];
    size_t place_length;
};

/* How far a cursor has come, as text and back. False where the text is none. */
void history_cursor_format(const struct history_cursor *cursor, char text[HISTORY_NEXT_SIZE]);
bool history_cursor_parse(struct history_cursor *cursor, const char *text);

struct history_engine {
    const char *scheme; /* "sqlite:", what a URL starts with; the rest is the engine's */

    /* The writing thread's. `fault` has HISTORY_FAULT_SIZE bytes for the administrator. */
    void *(*writer_open)(const char *place, const char *host, char *fault);
    /* Writes all of a batch or nothing. */
    bool (*write)(void *writer, const struct history_batch *batch, char *fault);
    /* Deletes a little of what has been kept long enough at `now` (seconds since the epoch). False where nothing is
     * left to delete for today. */
    bool (*tidy)(void *writer, int64_t now, int64_t raw_for);
    /* After a failure: whether the writer must be closed and opened again. */
    bool (*broken)(void *writer);
    void (*writer_close)(void *writer);

    /* The reading thread's. */
    void *(*reader_open)(const char *place, char *fault);
    /* Adds one page's rows; `*last` where there are no more. False where it cannot be read: the reader is closed then.
     */
    bool (*read)(void *reader, struct history_cursor *cursor, struct history_rows *rows, bool *last);
    void (*reader_close)(void *reader);
};

extern const struct history_engine sqlite_history_engine;

#endif
