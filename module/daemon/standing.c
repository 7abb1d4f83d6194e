/* SPDX-License-Identifier: BSD-2-Clause */
/* Each of the settings as one text, so that they can be kept and compared. Called by the server's start and its reload;
 * changes nothing. */
#include "daemon/standing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/configuration.h"

static void write_text(FILE *out, const char *text) {
    fprintf(out, "%s\n", text != NULL ? text : ""); /* an empty one is none */
}

static void write_sockets(FILE *out, const struct settings *settings) {
    for (size_t i = 0; i < settings->socket_count; i++) {
        const struct socket_setting *socket = &settings->sockets[i];
        fprintf(out, "%d %o %x %x\n", (int)socket->kind, (unsigned)socket->mode, socket->requests, socket->services);
        write_text(out, socket->path);
        write_text(out, socket->owner);
        write_text(out, socket->group);
        write_text(out, socket->seen_as);
    }
}

static void write_user(FILE *out, const struct settings *settings) {
    write_text(out, settings->user);
}

static void write_store(FILE *out, const struct settings *settings) {
    write_text(out, settings->store);
}

static void write_key_file(FILE *out, const struct settings *settings) {
    write_text(out, settings->secret_key_file);
}

static void write_history(FILE *out, const struct settings *settings) {
    write_text(out, settings->history);
}

static void write_raw_for(FILE *out, const struct settings *settings) {
    fprintf(out, "%lld\n", (long long)settings->raw_for);
}

static const struct {
    const char *key;
    void (*write)(FILE *out, const struct settings *settings);
} rows[] = {
    {"sockets", write_sockets},          {"user", write_user},       {"store", write_store},
    {"secret_key_file", write_key_file}, {"history", write_history}, {"raw_for", write_raw_for},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

struct standing {
    char *text[ROWS];
};

/* NULL where memory is short. */
static char *text_of(size_t row, const struct settings *settings) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    rows[row].write(out, settings);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

struct standing *standing_keep(const struct settings *settings) {
    struct standing *standing = calloc(1, sizeof *standing);
    for (size_t i = 0; standing != NULL && i < ROWS; i++) {
        standing->text[i] = text_of(i, settings);
        if (standing->text[i] == NULL)
            standing_free(&standing);
    }
    return standing;
}

void standing_free(struct standing **standing) {
    for (size_t i = 0; *standing != NULL && i < ROWS; i++)
        free((*standing)->text[i]);
    free(*standing);
    *standing = NULL;
}

size_t standing_complain(const struct standing *standing, const struct settings *settings) {
    size_t changed = 0;
    for (size_t i = 0; i < ROWS; i++) {
        char *text = text_of(i, settings);
        if (text != NULL && strcmp(text, standing->text[i]) != 0) {
            log_message(LOG_WARNING, "`%s` has changed, which needs a restart: until then it holds as it was",
                        rows[i].key);
            changed++;
        }
        free(text);
    }
    return changed;
}
