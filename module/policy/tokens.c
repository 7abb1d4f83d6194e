/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps track of brackets and names as tokens come in. scan.c calls it for each token, document.c reads the outcome.
 * What libconfig would stop at (a name set twice, a word without quotes) is a mistake here and is put right in the
 * text, so that the rest of the file is looked at too. What a name means is not known here. */
#include "policy/tokens.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

void tokens_start(struct tokens *tokens, struct mistakes *mistakes) {
    *tokens = (struct tokens){.depth = 1, .mistakes = mistakes};
    tokens->frames[0] = (struct frame){.bracket = '{'};
}

void tokens_clear(struct tokens *tokens) {
    free(tokens->text);
    free(tokens->list);
    for (size_t i = 0; i < tokens->file_count; i++)
        free(tokens->files[i]);
    *tokens = (struct tokens){.text = NULL};
}

int tokens_add_file(struct tokens *tokens, const char *name, uid_t owner) {
    if (tokens->file_count == TOKENS_FILE_LIMIT)
        return -1;
    char *copy = strdup(name);
    if (copy == NULL)
        return -1;
    tokens->files[tokens->file_count] = copy;
    tokens->owners[tokens->file_count] = owner;
    return (int)tokens->file_count++;
}

struct place tokens_place(const struct tokens *tokens, const struct token_place *at) {
    return (struct place){.file = tokens->files[at->file], .line = (int)at->line, .column = (int)at->column};
}

struct place token_place_of(const struct tokens *tokens, size_t number) {
    const struct token *token = &tokens->list[number];
    return (struct place){.file = tokens->files[token->file], .line = (int)token->line, .column = (int)token->column};
}

static struct frame *innermost(struct tokens *tokens) {
    return &tokens->frames[tokens->depth - 1];
}

static bool write_text(struct tokens *tokens, const char *text, size_t length) {
    if (tokens->length + length + 1 > tokens->size) {
        size_t size = (tokens->length + length + 1) * 2;
        char *larger = realloc(tokens->text, size);
        if (larger == NULL) {
            tokens->broken = true;
            return false;
        }
        tokens->text = larger;
        tokens->size = size;
    }
    memcpy(tokens->text + tokens->length, text, length);
    tokens->length += length;
    tokens->text[tokens->length] = '\0';
    return true;
}

static bool make_room(struct tokens *tokens) {
    if (tokens->count < tokens->room)
        return true;
    size_t room = tokens->room == 0 ? 64 : tokens->room * 2;
    struct token *larger = reallocarray(tokens->list, room, sizeof *larger);
    if (larger == NULL) {
        tokens->broken = true;
        return false;
    }
    tokens->list = larger;
    tokens->room = room;
    return true;
}

/* The new token, or NULL where memory is short. */
static struct token *add(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    if (!make_room(tokens) || !write_text(tokens, text, length) || !write_text(tokens, "\n", 1))
        return NULL;
    struct token *token = &tokens->list[tokens->count++];
    *token = (struct token){.start = (uint32_t)(tokens->length - length - 1),
                            .length = (uint32_t)length,
                            .line = at->line,
                            .column = at->column,
                            .file = at->file};
    return token;
}

/* Takes a comma before a closing bracket out of the text again: libconfig 1.5 knows no trailing comma. */
static void drop_trailing_comma(struct tokens *tokens) {
    if (tokens->count == 0)
        return;
    const struct token *last = &tokens->list[tokens->count - 1];
    if (last->length == 1 && tokens->text[last->start] == ',')
        tokens->text[last->start] = ' ';
}

static void misplaced(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    mistakes_add(tokens->mistakes, tokens_place(tokens, at),
                 "%.*s cannot stand here; settings are name = value; with texts in double quotes, lists in [ ], groups "
                 "in { } and lists of groups in ( )",
                 length > 60 ? 60 : (int)length, text);
    tokens->broken = true;
}

/* Adds what a value starts with: in a list it is an element. Misplaced values never reach libconfig, which loses
 * memory over them. */
static struct token *add_start(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    struct frame *frame = innermost(tokens);
    if (frame->expected != EXPECT_VALUE) {
        misplaced(tokens, at, text, length);
        return NULL;
    }
    frame->expected = EXPECT_END;
    struct token *token = add(tokens, at, text, length);
    if (token != NULL)
        token->setting = frame->bracket == '(';
    return token;
}

static void open_bracket(struct tokens *tokens, const struct token_place *at, char bracket) {
    if (add_start(tokens, at, &bracket, 1) == NULL)
        return;
    if (tokens->depth > TOKENS_DEPTH_LIMIT) {
        mistakes_add(tokens->mistakes, tokens_place(tokens, at), "brackets within brackets, more than %d deep",
                     TOKENS_DEPTH_LIMIT);
        tokens->broken = true;
        return;
    }
    tokens->frames[tokens->depth++] = (struct frame){.bracket = bracket,
                                                     .expected = bracket == '(' ? EXPECT_VALUE : EXPECT_NAME,
                                                     .opened = (uint32_t)tokens->count - 1};
}

static void close_bracket(struct tokens *tokens, const struct token_place *at, char bracket) {
    const struct frame *frame = innermost(tokens);
    if (tokens->depth == 1) {
        mistakes_add(tokens->mistakes, tokens_place(tokens, at), "a bracket closes that was never opened");
        tokens->broken = true;
    } else if (frame->bracket != (bracket == '}' ? '{' : '(')) {
        mistakes_add(tokens->mistakes, tokens_place(tokens, at),
                     "this closes the wrong kind of bracket; the one open was opened in line %d",
                     token_place_of(tokens, frame->opened).line);
        tokens->broken = true;
    } else if (frame->expected == EXPECT_EQUALS || (bracket == '}' && frame->expected == EXPECT_VALUE)) {
        misplaced(tokens, at, &bracket, 1);
    } else {
        if (bracket == ')')
            drop_trailing_comma(tokens);
        (void)add(tokens, at, &bracket, 1);
        tokens->depth--;
    }
}

static void add_separator(struct tokens *tokens, const struct token_place *at, char sign) {
    struct frame *frame = innermost(tokens);
    enum expected when = sign == '=' ? EXPECT_EQUALS : EXPECT_END;
    if (frame->expected != when || (sign == ';' && frame->bracket == '(')) {
        misplaced(tokens, at, &sign, 1);
        return;
    }
    (void)add(tokens, at, &sign, 1);
    frame->expected = sign == '=' || frame->bracket == '(' ? EXPECT_VALUE : EXPECT_NAME;
}

void tokens_add_sign(struct tokens *tokens, const struct token_place *at, char sign) {
    if (strchr("{[(", sign) != NULL)
        open_bracket(tokens, at, sign == '[' ? '(' : sign);
    else if (strchr("}])", sign) != NULL)
        close_bracket(tokens, at, sign == ']' ? ')' : sign);
    else
        add_separator(tokens, at, sign);
    innermost(tokens)->string_before = false;
}

void tokens_add_string(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    struct frame *frame = innermost(tokens);
    if (frame->string_before)
        (void)add(tokens, at, text, length);
    else
        (void)add_start(tokens, at, text, length);
    frame->string_before = true;
}

static bool is_number(const char *text, size_t length) {
    size_t digits = 0, points = 0;
    for (size_t i = text[0] == '-' || text[0] == '+'; i < length; i++) {
        if (text[i] == '.')
            points++;
        else if (!isdigit((unsigned char)text[i]))
            return false;
        else
            digits++;
    }
    /* What is longer would overflow, each version of libconfig in a way of its own. */
    return digits > 0 && digits < 18 && points < 2;
}

static bool is_boolean(const char *text, size_t length) {
    return (length == 4 && strncasecmp(text, "true", 4) == 0) || (length == 5 && strncasecmp(text, "false", 5) == 0);
}

static bool is_name(const char *text, size_t length) {
    if (!isalpha((unsigned char)text[0]) || length > 64 || is_boolean(text, length))
        return false;
    for (size_t i = 1; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

/* Adds the word as the string that was meant. A word holds neither quotes nor line ends, but may hold backslashes. */
static void add_quoted(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    char quoted[160];
    struct buffer buffer;
    buffer_init(&buffer, quoted, sizeof quoted);
    (void)buffer_add_char(&buffer, '"');
    for (size_t i = 0; i < length && i < 64; i++)
        (void)buffer_add_format(&buffer, text[i] == '\\' ? "\\%c" : "%c", text[i]);
    (void)buffer_add_char(&buffer, '"');
    (void)add_start(tokens, at, quoted, buffer.length);
}

/* libconfig 1.5 cuts a number of more than 32 bits down to them, unless it is marked as a long one. */
static void add_number(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    char number[32];
    struct buffer buffer;
    buffer_init(&buffer, number, sizeof number);
    (void)buffer_add_bytes(&buffer, text, length);
    if (length > 9 && memchr(text, '.', length) == NULL)
        (void)buffer_add_char(&buffer, 'L');
    (void)add_start(tokens, at, number, buffer.length);
}

static void add_value(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    if (is_number(text, length)) {
        add_number(tokens, at, text, length);
        return;
    }
    if (is_boolean(text, length)) {
        (void)add_start(tokens, at, text, length);
        return;
    }
    int shown = length > 60 ? 60 : (int)length;
    mistakes_add(tokens->mistakes, tokens_place(tokens, at), "%.*s stands without quotes; write \"%.*s\"", shown, text,
                 shown, text);
    add_quoted(tokens, at, text, length);
}

/* The line of the setting of the same name in the innermost group, or 0. */
static int line_of_earlier(const struct tokens *tokens, const struct frame *frame, const char *text, size_t length) {
    for (uint32_t at = frame->last_name; at != 0; at = tokens->list[at - 1].previous) {
        const struct token *earlier = &tokens->list[at - 1];
        if (earlier->length == length && memcmp(tokens->text + earlier->start, text, length) == 0)
            return (int)earlier->line;
    }
    return 0;
}

/* A name that libconfig would stop at is replaced by one that no administrator can write. */
static struct token *add_ignored(struct tokens *tokens, const struct token_place *at) {
    char name[32];
    struct buffer buffer;
    buffer_init(&buffer, name, sizeof name);
    (void)buffer_add_format(&buffer, "ignored*%zu", tokens->count);
    struct token *token = add(tokens, at, name, buffer.length);
    if (token != NULL)
        token->ignored = true;
    return token;
}

/* The manual writes a key with dots, so that somebody will. */
static void wrong_name(struct tokens *tokens, const struct token_place *at, const char *text, int shown) {
    const char *dot = memchr(text, '.', (size_t)shown);
    int first = dot != NULL ? (int)(dot - text) : 0;
    if (first > 0 && first + 1 < shown && is_name(text, (size_t)first))
        mistakes_add(tokens->mistakes, tokens_place(tokens, at),
                     "%.*s: a name has no dots in a file; write %.*s = { %.*s = value; };", shown, text, first, text,
                     shown - first - 1, dot + 1);
    else
        mistakes_add(tokens->mistakes, tokens_place(tokens, at),
                     "%.*s is not the name of a setting; write name = value;", shown, text);
}

static void add_name(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    struct frame *frame = innermost(tokens);
    int shown = length > 60 ? 60 : (int)length, line = line_of_earlier(tokens, frame, text, length);
    struct token *token;
    if (++tokens->names > TOKENS_NAME_LIMIT) {
        mistakes_add(tokens->mistakes, tokens_place(tokens, at), "more than %d settings", TOKENS_NAME_LIMIT);
        tokens->broken = true;
        return;
    }
    if (line != 0) {
        mistakes_add(tokens->mistakes, tokens_place(tokens, at),
                     "%.*s is set for the second time; the first is in line %d", shown, text, line);
        token = add_ignored(tokens, at);
    } else if (!is_name(text, length)) {
        wrong_name(tokens, at, text, shown);
        token = add_ignored(tokens, at);
    } else {
        token = add(tokens, at, text, length);
    }
    if (token == NULL)
        return;
    token->setting = true;
    frame->expected = EXPECT_EQUALS;
    token->previous = frame->last_name;
    frame->last_name = (uint32_t)tokens->count;
}

void tokens_add_word(struct tokens *tokens, const struct token_place *at, const char *text, size_t length) {
    struct frame *frame = innermost(tokens);
    frame->string_before = false;
    if (frame->expected == EXPECT_VALUE)
        add_value(tokens, at, text, length);
    else if (frame->bracket == '(' || frame->expected == EXPECT_EQUALS)
        misplaced(tokens, at, text, length);
    else
        add_name(tokens, at, text, length);
}

void tokens_finish(struct tokens *tokens) {
    if (tokens->broken)
        return;
    const struct frame *frame = innermost(tokens);
    if (tokens->depth > 1) {
        mistakes_add(tokens->mistakes, token_place_of(tokens, frame->opened),
                     "this bracket is never closed; write a %s", frame->bracket == '{' ? "}" : ") or ]");
        tokens->broken = true;
    } else if (frame->expected == EXPECT_EQUALS || frame->expected == EXPECT_VALUE) {
        mistakes_add(tokens->mistakes, token_place_of(tokens, tokens->count - 1),
                     "the file ends in the middle of a setting; write name = value;");
        tokens->broken = true;
    }
}
