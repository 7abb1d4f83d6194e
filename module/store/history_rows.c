/* SPDX-License-Identifier: BSD-2-Clause */
/* What passes between history.c and an engine: batches of entries one way, pages of rows the other; and the words of
 * the history. No I/O, no threads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/history_engine.h"

#define CHUNK_SIZE 16384

struct history_text {
    struct history_text *next;
    size_t used;
    char bytes[CHUNK_SIZE];
};

const struct history_entry *history_batch_next(const struct history_batch *batch, const struct history_entry *entry) {
    const unsigned char *next = batch->bytes;
    if (entry != NULL)
        next = (const unsigned char *)entry + entry->size;
    return next < batch->bytes + batch->length ? (const struct history_entry *)(const void *)next : NULL;
}

struct history_row *history_rows_add(struct history_rows *rows) {
    if (rows->count == rows->room) {
        size_t room = rows->room > 0 ? 2 * rows->room : 64;
        struct history_row *grown = reallocarray(rows->rows, room, sizeof *grown);
        if (grown == NULL) {
            rows->short_of_memory = true;
            return NULL;
        }
        rows->rows = grown;
        rows->room = room;
    }
    struct history_row *row = &rows->rows[rows->count++];
    *row = (struct history_row){.ref = "", .account = "", .service = "", .mechanism = "", .who = "", .why = ""};
    return row;
}

const char *history_rows_keep(struct history_rows *rows, const char *text) {
    size_t size = text != NULL ? strlen(text) + 1 : 1;
    if (size == 1)
        return "";
    if (size > CHUNK_SIZE)
        size = CHUNK_SIZE;
    if (rows->texts == NULL || rows->texts->used + size > CHUNK_SIZE) {
        struct history_text *chunk = malloc(sizeof *chunk);
        if (chunk == NULL) {
            rows->short_of_memory = true;
            return "";
        }
        chunk->next = rows->texts;
        chunk->used = 0;
        rows->texts = chunk;
    }
    char *copy = rows->texts->bytes + rows->texts->used;
    memcpy(copy, text, size - 1);
    copy[size - 1] = '\0';
    rows->texts->used += size;
    return copy;
}

void history_rows_clear(struct history_rows *rows) {
    while (rows->texts != NULL) {
        struct history_text *next = rows->texts->next;
        free(rows->texts);
        rows->texts = next;
    }
    free(rows->rows);
    *rows = (struct history_rows){0};
}

void history_cursor_format(const struct history_cursor *cursor, char text[HISTORY_NEXT_SIZE]) {
    struct buffer buffer;
    buffer_init(&buffer, text, HISTORY_NEXT_SIZE);
    for (size_t i = 0; i < HISTORY_CURSOR_KEYS; i++)
        buffer_add_format(&buffer, "%" PRId64 ".", cursor->keys[i]);
    for (size_t i = 0; i < cursor->place_length; i++)
        buffer_add_format(&buffer, "%02x", cursor->place[i]);
}

static int hex_value(char digit) {
    static const char digits[] = "0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

bool history_cursor_parse(struct history_cursor *cursor, const char *text) {
    for (size_t i = 0; i < HISTORY_CURSOR_KEYS; i++) {
        char *end;
        cursor->keys[i] = strtoll(text, &end, 10);
        if (end == text || *end != '.')
            return false;
        text = end + 1;
    }
    for (cursor->place_length = 0; *text != '\0'; text += 2) {
        int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0 || cursor->place_length == sizeof cursor->place)
            return false;
        cursor->place[cursor->place_length++] = (unsigned char)(high * 16 + low);
    }
    cursor->begun = true;
    return true;
}

static const char *const password_words[HISTORY_PASSWORD_COUNT] = {"unknown", "right", "wrong"};
static const char *const event_words[HISTORY_EVENT_COUNT] = {"locked", "unlocked", "stolen", "compromised",
                                                             "throttled"};

const char *history_password_name(enum history_password password) {
    return password_words[password];
}

const char *history_event_name(enum history_event_kind kind) {
    return event_words[kind];
}

static bool find_word(const char *const *words, size_t count, const char *word, size_t *index) {
    for (*index = 0; *index < count; ++*index)
        if (strcmp(words[*index], word) == 0)
            return true;
    return false;
}

bool history_password_parse(const char *word, enum history_password *password) {
    size_t index;
    if (!find_word(password_words, HISTORY_PASSWORD_COUNT, word, &index))
        return false;
    *password = (enum history_password)index;
    return true;
}

bool history_event_parse(const char *word, enum history_event_kind *kind) {
    size_t index;
    if (!find_word(event_words, HISTORY_EVENT_COUNT, word, &index))
        return false;
    *kind = (enum history_event_kind)index;
    return true;
}
