/* SPDX-License-Identifier: BSD-2-Clause */
/* The words and signs of a configuration, each with its place: handed to libconfig one on a line, so that whatever it
 * says of a line is about one of them, and looked up again for messages. */
#ifndef AUTHGATE_POLICY_TOKENS_H
#define AUTHGATE_POLICY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/mistake.h"

#define TOKENS_DEPTH_LIMIT 16   /* of brackets within brackets; a policy needs 4 */
#define TOKENS_NAME_LIMIT  4096 /* settings with a name; libconfig compares each with all in its group */
#define TOKENS_FILE_LIMIT  64   /* included ones too */

struct token {
    uint32_t start; /* in `text` */
    uint32_t length;
    uint32_t line;
    uint32_t column;
    uint32_t previous; /* the name before this one in the same group, plus 1; 0: none */
    uint8_t file;
    bool setting; /* a setting or an element of a list starts here */
    bool ignored; /* a setting that has been complained of already: a name for the second time, or none */
};

/* What may come next. */
enum expected { EXPECT_NAME, EXPECT_EQUALS, EXPECT_VALUE, EXPECT_END };

struct frame {
    char bracket; /* '{' for a group and for the file itself, '(' for a list */
    enum expected expected;
    bool string_before; /* strings side by side are one */
    uint32_t opened;    /* its token */
    uint32_t last_name; /* plus 1 */
};

/* Zeroed memory plus tokens_start is an empty one. */
struct tokens {
    char *text; /* for libconfig, NUL-terminated */
    size_t length, size;
    struct token *list;
    size_t count, room, names;
    char *files[TOKENS_FILE_LIMIT];
    uid_t owners[TOKENS_FILE_LIMIT]; /* of the files */
    size_t file_count;
    struct frame frames[TOKENS_DEPTH_LIMIT + 1];
    size_t depth;
    bool broken; /* not worth parsing: brackets that do not match, short memory */
    struct mistakes *mistakes;
};

void tokens_start(struct tokens *tokens, struct mistakes *mistakes);
void tokens_clear(struct tokens *tokens);

/* The number of a file for the tokens that come from it, or -1 where there are too many (or memory is short). */
int tokens_add_file(struct tokens *tokens, const char *name, uid_t owner);

/* Where a token stands; `line` and `column` count from 1. */
struct token_place {
    uint8_t file;
    uint32_t line;
    uint32_t column;
};
struct place tokens_place(const struct tokens *tokens, const struct token_place *at);
struct place token_place_of(const struct tokens *tokens, size_t number);

/* Each adds one token: a sign of `=;,{}[]()`, a string with its quotes and escapes, or a bare word. Arrays become
 * lists, which may hold anything, so that a wrong element is a mistake of its own and not the end of the parse. */
void tokens_add_sign(struct tokens *tokens, const struct token_place *at, char sign);
void tokens_add_string(struct tokens *tokens, const struct token_place *at, const char *text, size_t length);
void tokens_add_word(struct tokens *tokens, const struct token_place *at, const char *text, size_t length);

/* At the end of the file that was started with: whatever is still open is a mistake. */
void tokens_finish(struct tokens *tokens);

#endif
