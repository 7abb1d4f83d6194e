/* SPDX-License-Identifier: BSD-2-Clause */
/* The lexical side of a configuration: comments, strings, words, signs, includes. It stands before libconfig so that no
 * file, however hostile, reaches a parser that recurses, follows any path or takes a NUL for the end. document.c calls
 * it; it gives no meaning to what it reads. */
#include "policy/scan.h"

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/source.h"

/* A file that is being read, and the one that included it. */
struct reading_file {
    const struct reading_file *includer;
    struct stat status;
    const char *path;
    int depth;
    bool includes;
};

struct cursor {
    struct tokens *tokens;
    const struct reading_file *file;
    const char *at;
    const char *end;
    const char *line_start;
    uint32_t line;
    uint8_t file_number;
};

static void scan_bytes(struct tokens *tokens, const struct reading_file *file, const char *text, size_t length);

static struct token_place here(const struct cursor *cursor, const char *at) {
    return (struct token_place){
        .file = cursor->file_number, .line = cursor->line, .column = (uint32_t)(at - cursor->line_start) + 1};
}

/* Says what is wrong at a byte and ends the reading. */
static void give_up(struct cursor *cursor, const char *at, const char *what) {
    struct token_place place = here(cursor, at);
    mistakes_add(cursor->tokens->mistakes, tokens_place(cursor->tokens, &place), "%s", what);
    cursor->tokens->broken = true;
    cursor->at = cursor->end;
}

static void next_line(struct cursor *cursor) {
    cursor->at++;
    cursor->line++;
    cursor->line_start = cursor->at;
}

static void skip_line_comment(struct cursor *cursor) {
    const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
    cursor->at = newline == NULL ? cursor->end : newline;
}

static void skip_block_comment(struct cursor *cursor) {
    struct cursor start = *cursor;
    cursor->at += 2;
    while (cursor->at < cursor->end) {
        if (cursor->at[0] == '*' && cursor->at[1] == '/') {
            cursor->at += 2;
            return;
        }
        if (*cursor->at == '\n')
            next_line(cursor);
        else
            cursor->at++;
    }
    give_up(&start, start.at, "this comment never ends; write */");
    *cursor = start;
}

static bool is_nul_escape(const char *at) {
    return (at[1] == 'x' || at[1] == 'X') && at[2] == '0' && at[3] == '0';
}

/* The byte after a string's closing quote, or NULL where it does not close on its line. The text has a NUL at its end,
 * so looking a few bytes ahead stays within it. */
static const char *end_of_string(struct cursor *cursor) {
    for (const char *at = cursor->at + 1; at < cursor->end && *at != '\n'; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && is_nul_escape(at)) {
            give_up(cursor, at, "a NUL in a text");
            return NULL;
        }
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
    }
    give_up(cursor, cursor->at, "this text does not end on its line; write the closing \"");
    return NULL;
}

static void scan_string(struct cursor *cursor) {
    struct token_place place = here(cursor, cursor->at);
    const char *end = end_of_string(cursor);
    if (end == NULL)
        return;
    tokens_add_string(cursor->tokens, &place, cursor->at, (size_t)(end - cursor->at));
    cursor->at = end;
}

static bool starts_comment(const char *at) {
    return *at == '#' || (at[0] == '/' && (at[1] == '/' || at[1] == '*'));
}

static bool is_word_character(char character) {
    return character > ' ' && character <= '~' && strchr("\"=:;,{}[]()#", character) == NULL;
}

static void scan_word(struct cursor *cursor) {
    const char *start = cursor->at;
    while (cursor->at < cursor->end && is_word_character(*cursor->at) && !starts_comment(cursor->at))
        cursor->at++;
    struct token_place place = here(cursor, start);
    tokens_add_word(cursor->tokens, &place, start, (size_t)(cursor->at - start));
}

/* The path that an include means, to be freed; NULL where memory is short. */
static char *included_path(const char *includer, const char *path, size_t length) {
    char *joined = NULL, *copy = strdup(includer);
    if (copy == NULL)
        return NULL;
    int made = path[0] == '/' ? asprintf(&joined, "%.*s", (int)length, path)
                              : asprintf(&joined, "%s/%.*s", dirname(copy), (int)length, path);
    free(copy);
    return made < 0 ? NULL : joined;
}

static bool includes_itself(const struct reading_file *file, const struct stat *status) {
    for (; file != NULL; file = file->includer)
        if (file->status.st_dev == status->st_dev && file->status.st_ino == status->st_ino)
            return true;
    return false;
}

static void include_file(struct cursor *cursor, struct place place, const char *path) {
    struct reading_file included = {
        .includer = cursor->file, .path = path, .depth = cursor->file->depth + 1, .includes = true};
    struct source source = {.path = path, .limit = SOURCE_LIMIT, .place = place};
    size_t length;
    char *text = source_read(&source, cursor->tokens->mistakes, &length, &included.status);
    if (text == NULL) {
        cursor->tokens->broken = true;
        return;
    }
    if (includes_itself(cursor->file, &included.status))
        give_up(cursor, cursor->at, "a file includes itself; take this @include out");
    else if (included.depth > SCAN_INCLUDE_LIMIT)
        give_up(cursor, cursor->at, "too many files within files; include them from the main file");
    else
        scan_bytes(cursor->tokens, &included, text, length);
    free(text);
}

/* The opening quote of an include's path, or NULL where the line is not `@include "…"`. */
static const char *include_quote(const struct cursor *cursor) {
    for (const char *at = cursor->line_start; at < cursor->at; at++)
        if (*at != ' ' && *at != '\t')
            return NULL;
    size_t word = strlen("@include");
    if (strncmp(cursor->at, "@include", word) != 0)
        return NULL;
    const char *at = cursor->at + word + strspn(cursor->at + word, " \t");
    return *at == '"' && at > cursor->at + word ? at : NULL;
}

static void scan_include(struct cursor *cursor) {
    const char *quote = include_quote(cursor);
    size_t length = quote == NULL ? 0 : strcspn(quote + 1, "\"\n");
    if (length == 0 || quote[length + 1] != '"') {
        give_up(cursor, cursor->at, "an @ is no setting; write @include \"FILE\" on a line of its own");
        return;
    }
    if (!cursor->file->includes) {
        give_up(cursor, cursor->at, "this file cannot include others; put what they share into groups/ or domains/");
        return;
    }
    struct token_place at = here(cursor, cursor->at);
    char *path = included_path(cursor->file->path, quote + 1, length);
    if (path == NULL)
        cursor->tokens->broken = true;
    else
        include_file(cursor, tokens_place(cursor->tokens, &at), path);
    free(path);
    if (cursor->at < cursor->end)
        cursor->at = quote + length + 2;
}

static void scan_one(struct cursor *cursor) {
    char first = *cursor->at;
    struct token_place place = here(cursor, cursor->at);
    if (first == '\n') {
        next_line(cursor);
    } else if (isspace((unsigned char)first)) {
        cursor->at++;
    } else if (starts_comment(cursor->at)) {
        if (cursor->at[1] == '*' && first == '/')
            skip_block_comment(cursor);
        else
            skip_line_comment(cursor);
    } else if (first == '"') {
        scan_string(cursor);
    } else if (first == '@') {
        scan_include(cursor);
    } else if (strchr("=:;,{}[]()", first) != NULL) {
        tokens_add_sign(cursor->tokens, &place, first == ':' ? '=' : first);
        cursor->at++;
    } else if (is_word_character(first)) {
        scan_word(cursor);
    } else {
        give_up(cursor, cursor->at, "a character that is not ASCII, outside of quotes; type it again as plain text");
    }
}

/* Looks for what would end or stall any later reading: a NUL, a line without end. */
static void check_bytes(struct cursor *cursor) {
    struct cursor start = *cursor;
    const char *nul = memchr(cursor->at, '\0', (size_t)(cursor->end - cursor->at));
    while (cursor->at < cursor->end && (nul == NULL || cursor->at <= nul)) {
        const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
        const char *line_end = newline == NULL ? cursor->end : newline;
        if (nul != NULL && nul < line_end) {
            give_up(cursor, nul, "a NUL; this is no text file");
            return;
        }
        if (line_end - cursor->at > SCAN_LINE_LIMIT) {
            give_up(cursor, cursor->at, "a line of more than 64 KiB; break it into several");
            return;
        }
        cursor->at = line_end;
        if (newline != NULL)
            next_line(cursor);
    }
    *cursor = start;
}

static void scan_bytes(struct tokens *tokens, const struct reading_file *file, const char *text, size_t length) {
    int number = tokens_add_file(tokens, file->path, file->status.st_uid);
    if (number < 0) {
        struct place place = {.file = file->path};
        mistakes_add(tokens->mistakes, place, "more than %d files included", TOKENS_FILE_LIMIT);
        tokens->broken = true;
        return;
    }
    struct cursor cursor = {.tokens = tokens,
                            .file = file,
                            .at = text,
                            .end = text + length,
                            .line_start = text,
                            .line = 1,
                            .file_number = (uint8_t)number};
    check_bytes(&cursor);
    while (cursor.at < cursor.end && !tokens->broken)
        scan_one(&cursor);
}

bool scan_file(struct tokens *tokens, const char *path, bool includes, struct stat *status) {
    struct reading_file file = {.path = path, .includes = includes};
    struct source source = {.path = path, .limit = SOURCE_LIMIT, .place = {.file = path}};
    size_t length;
    char *text = source_read(&source, tokens->mistakes, &length, &file.status);
    if (text == NULL)
        return false;
    if (status != NULL)
        *status = file.status;
    scan_bytes(tokens, &file, text, length);
    tokens_finish(tokens);
    free(text);
    return true;
}

bool scan_text(struct tokens *tokens, const char *name, const char *text, size_t length) {
    struct reading_file file = {.path = name};
    char *copy = malloc(length + 1); /* with the NUL that looking ahead relies on */
    if (copy == NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    scan_bytes(tokens, &file, copy, length);
    tokens_finish(tokens);
    free(copy);
    return true;
}
