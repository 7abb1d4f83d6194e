/* SPDX-License-Identifier: BSD-2-Clause */
/* Scans a file, hands its tokens to libconfig and ties every setting of the tree to the token that it starts with.
 * Everything that reads values starts here. It knows syntax alone: no key, no type. */
#include "policy/document.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/scan.h"
#include "policy/source.h"
#include "policy/tokens.h"

#define MISTAKES_IN_A_FILE 200

struct document {
    config_t config;
    struct tokens tokens;
};

/* Ties settings to tokens: both come in the order of the text, each setting before what it holds. */
static size_t tie(struct document *document, const config_setting_t *group, size_t token) {
    int length = config_setting_length(group);
    for (int i = 0; i < length; i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        while (token < document->tokens.count && !document->tokens.list[token].setting)
            token++;
        if (token == document->tokens.count)
            return token;
        config_setting_set_hook(setting, &document->tokens.list[token]);
        token++;
        if (config_setting_is_aggregate(setting))
            token = tie(document, setting, token);
    }
    return token;
}

/* What libconfig still objects to; line N of its text is token N - 1. */
static void complain(const struct document *document, struct mistakes *mistakes) {
    const struct tokens *tokens = &document->tokens;
    int line = config_error_line(&document->config);
    struct place place = {.file = tokens->files[0]};
    if (line >= 1 && (size_t)line <= tokens->count)
        place = token_place_of(tokens, (size_t)line - 1);
    mistakes_add(mistakes, place, "%s", config_error_text(&document->config));
}

static bool parse(struct document *document, struct mistakes *mistakes) {
    if (document->tokens.broken)
        return false;
    const char *text = document->tokens.text == NULL ? "" : document->tokens.text;
    if (config_read_string(&document->config, text) != CONFIG_TRUE) {
        complain(document, mistakes);
        return false;
    }
    (void)tie(document, config_root_setting(&document->config), 0);
    return true;
}

static struct document *create(struct mistakes *mistakes) {
    struct document *document = calloc(1, sizeof *document);
    if (document == NULL) {
        mistakes_add(mistakes, (struct place){.file = "-"}, "memory is short");
        return NULL;
    }
    mistakes_limit(mistakes, MISTAKES_IN_A_FILE);
    config_init(&document->config);
    tokens_start(&document->tokens, mistakes);
    return document;
}

static struct document *finish(struct document *document, bool scanned, struct mistakes *mistakes) {
    size_t grave = mistakes->grave;
    if (!scanned || !parse(document, mistakes))
        document_free(&document);
    if (document == NULL && mistakes->grave == 0 && grave == 0)
        mistakes_add(mistakes, (struct place){.file = "-"}, "memory is short");
    return document;
}

struct document *document_read(const char *path, bool includes, struct stat *status, struct mistakes *mistakes) {
    struct document *document = create(mistakes);
    if (document == NULL)
        return NULL;
    return finish(document, scan_file(&document->tokens, path, includes, status), mistakes);
}

struct document *document_parse(const char *name, const char *text, size_t length, struct mistakes *mistakes) {
    struct document *document = create(mistakes);
    if (document == NULL)
        return NULL;
    return finish(document, scan_text(&document->tokens, name, text, length), mistakes);
}

bool document_owners_fit(const struct document *document, struct source_owners owners, struct mistakes *mistakes) {
    const struct tokens *tokens = &document->tokens;
    bool fit = true;
    for (size_t i = 0; i < tokens->file_count; i++) {
        struct place place = {.file = tokens->files[i]};
        fit = source_owner_fits(tokens->owners[i], owners, place, mistakes) && fit;
    }
    return fit;
}

void document_free(struct document **document) {
    if (*document == NULL)
        return;
    config_destroy(&(*document)->config);
    tokens_clear(&(*document)->tokens);
    free(*document);
    *document = NULL;
}

const config_setting_t *document_root(const struct document *document) {
    return config_root_setting(&document->config);
}

static const struct token *token_of(const config_setting_t *setting) {
    return config_setting_get_hook(setting);
}

struct place document_place(const struct document *document, const config_setting_t *setting) {
    const struct token *token = token_of(setting);
    if (token == NULL)
        return (struct place){.file = document->tokens.file_count > 0 ? document->tokens.files[0] : "-"};
    return token_place_of(&document->tokens, (size_t)(token - document->tokens.list));
}

bool document_ignored(const struct document *document, const config_setting_t *setting) {
    (void)document;
    const struct token *token = token_of(setting);
    return token != NULL && token->ignored;
}
