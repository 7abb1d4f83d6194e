/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl totp import: secrets of other programs, from a file or standard input, never from the command line. The
 * file is cut into one seed each; what a seed says is the daemon's to read. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/secret_file.h"
#include "ctl/verb.h"

#define FILE_LIMIT ((size_t)64 << 20)
#define SEED_FIELD_SIZE 6145

struct import {
    struct talk talk;
    const char *file;   /* as complaints name it */
    const char *format;
    const char *account; /* NULL: the seed's own */
    struct json *document, *accounts, *mistakes; /* NULL: for people */
    size_t done, failed;
    void *names; /* of the accounts that were imported: a tree */
    bool again;  /* the last of them had another secret from this file */
    char last[1025]; /* the account that was imported last */
};

/* ---- one seed ---- */

static int compare_names(const void *one, const void *other) {
    return strcmp(one, other);
}

/* Keeps the name. True where it was kept before. */
static bool known(struct import *import, const char *account) {
    if (tfind(account, &import->names, compare_names) != NULL)
        return true;
    char *kept = strdup(account);
    if (kept == NULL || tsearch(kept, &import->names, compare_names) == NULL)
        free(kept);
    return false;
}

static void take(void *context, const struct message *record) {
    struct import *import = context;
    const char *const *value = record->value;
    const char *account = value[FIELD_ACCOUNT] != NULL ? value[FIELD_ACCOUNT] : "";
    bool replaced = value[FIELD_VALUE] != NULL && strcmp(value[FIELD_VALUE], "replaced") == 0;
    import->again = known(import, account) && replaced;
    snprintf(import->last, sizeof import->last, "%s", account);
    if (import->document != NULL) {
        struct json *object = json_append_object(import->accounts);
        json_put_text(object, "account", account);
        json_put_text(object, "warning", value[FIELD_TEXT]);
        if (value[FIELD_USES] != NULL)
            json_put_number(object, "recovery_codes", strtoll(value[FIELD_USES], NULL, 10));
    } else if (value[FIELD_TEXT] != NULL) {
        fprintf(stderr, "authgatectl: %s: %s: %s\n", import->talk.about, account, value[FIELD_TEXT]);
    }
}

/* Line ends and '%' as %XX: a value has no control characters. */
static bool escape(const char *seed, size_t length, char field[SEED_FIELD_SIZE]) {
    struct buffer out;
    buffer_init(&out, field, SEED_FIELD_SIZE);
    bool fits = true;
    for (size_t i = 0; i < length && fits; i++) {
        unsigned char byte = (unsigned char)seed[i];
        bool plain = byte >= ' ' && byte != 0x7f && byte != '%';
        fits = plain ? buffer_add_char(&out, seed[i]) : buffer_add_format(&out, "%%%02X", byte);
    }
    return fits && length > 0;
}

static void note_mistake(struct import *import, const char *what) {
    import->failed++;
    if (import->document == NULL)
        return;
    struct json *object = json_append_object(import->mistakes);
    json_put_text(object, "where", import->talk.about);
    json_put_text(object, "what", what);
}

static enum status import_seed(struct import *import, const char *seed, size_t length, size_t line) {
    char field[SEED_FIELD_SIZE], about[300];
    struct message question = {{NULL}};
    enum status status = STATUS_NO;
    snprintf(about, sizeof about, line > 0 ? "%.250s:%zu" : "%.250s", import->file, line);
    import->talk.about = about;
    question.value[FIELD_ACCOUNT] = import->account;
    question.value[FIELD_FORMAT] = import->format;
    question.value[FIELD_SEED] = field;
    if (escape(seed, length, field)) {
        status = talk_ask(&import->talk, "totp-import", &question, take, import);
        import->done += status == STATUS_DONE && !import->again;
    } else {
        verb_fail(status, "%s: too long for a secret", about);
        snprintf(import->talk.complaint, sizeof import->talk.complaint, "too long for a secret");
    }
    if (status == STATUS_NO)
        note_mistake(import, import->talk.complaint);
    else if (status == STATUS_DONE && import->again)
        note_mistake(import, "the account had a secret from this file already: this one holds");
    import->again = false;
    explicit_bzero(field, sizeof field);
    import->talk.about = NULL;
    return status;
}

/* ---- the file ---- */

static bool says_nothing(const char *line, size_t length) {
    size_t blanks = strspn(line, " \t\r");
    return blanks >= length || line[blanks] == '#';
}

/* With --account a second secret would push the first one out. */
static enum status import_line(struct import *import, const char *line, size_t length, size_t number) {
    if (import->account == NULL || import->done == 0)
        return import_seed(import, line, length, number);
    import->failed++;
    return verb_fail(STATUS_NO, "%s:%zu: --account is for a file with one secret", import->file, number);
}

/* One seed on each line; `text` ends in a NUL. */
static enum status import_lines(struct import *import, const char *text, size_t length) {
    struct progress progress;
    enum status status = STATUS_DONE;
    size_t number = 0, at = 0;
    progress_start(&progress, "bytes");
    while (at < length && status != STATUS_UNREACHABLE) {
        size_t line = strcspn(text + at, "\n");
        size_t kept = line > 0 && text[at + line - 1] == '\r' ? line - 1 : line;
        number++;
        if (!says_nothing(text + at, kept))
            status = import_line(import, text + at, kept, number);
        at += line + 1;
        progress_step(&progress, at < length ? at : length, length);
    }
    progress_end(&progress);
    return status;
}

/* What the first line looks like; NULL where it could be several. */
static const char *guess_format(const char *text) {
    if (strncasecmp(text, "otpauth://", 10) == 0)
        return "uri";
    if (strncmp(text, "HOTP", 4) == 0)
        return "users";
    return strstr(text, "\n\" TOTP_AUTH") != NULL ? "google" : NULL;
}

static enum status print(struct import *import) {
    enum status status = import->failed == 0 && import->done > 0 ? STATUS_DONE : STATUS_NO;
    if (import->document != NULL) {
        json_put_number(import->document, "imported", (int64_t)import->done);
        json_put_number(import->document, "failed", (int64_t)import->failed);
        return json_print(&import->document, status);
    }
    if (import->done == 1) {
        grid_print_text(import->last);
        puts(": imported; its codes hold from the next login on");
    } else {
        printf("%zu accounts imported", import->done);
        printf(import->failed > 0 ? ", %zu not\n" : "\n", import->failed);
    }
    return status;
}

static enum status import_text(struct import *import, const char *text, size_t length) {
    if (import->format == NULL)
        import->format = guess_format(text);
    if (import->format == NULL)
        return verb_fail(STATUS_USAGE, "say --format: uri, base32, hex, users or google");
    bool named = strcmp(import->format, "uri") == 0 || strcmp(import->format, "users") == 0;
    if (!named && import->account == NULL)
        return verb_fail(STATUS_USAGE, "a secret in %s does not say whose it is: --account", import->format);
    bool whole = strcmp(import->format, "google") == 0;
    enum status status = whole ? import_seed(import, text, length, 0) : import_lines(import, text, length);
    return status == STATUS_UNREACHABLE ? status : print(import);
}

/* The file's text, in memory that no core dump and no swap holds. */
static enum status import_file(struct import *import) {
    char *text = mmap(NULL, FILE_LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (text == MAP_FAILED)
        return verb_fail(STATUS_NO, "out of memory");
    madvise(text, FILE_LIMIT, MADV_DONTDUMP);
    ssize_t length = secret_file_read(import->file, text, FILE_LIMIT - 1, NULL);
    enum status status = STATUS_NO;
    if (length >= 0 && strlen(text) != (size_t)length)
        verb_fail(status, "%s: this is no text", import->file);
    else if (length >= 0)
        status = import_text(import, text, (size_t)length);
    if (length > 0)
        explicit_bzero(text, (size_t)length);
    munmap(text, FILE_LIMIT);
    return status;
}

static bool is_format(const char *format) {
    static const char *const formats[] = {"uri", "base32", "hex", "users", "google"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i], format) == 0)
            return true;
    return false;
}

static enum status run(struct invocation *invocation) {
    struct import import = {.file = NULL};
    const struct verb_option options[] = {{"format", &import.format}, {"account", &import.account}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 1)
        return STATUS_USAGE;
    if (import.format != NULL && !is_format(import.format))
        return verb_fail(STATUS_USAGE, "%s is no format: uri, base32, hex, users or google", import.format);
    import.file = invocation->words[0];
    if (invocation->json) {
        import.document = json_make_object();
        import.accounts = json_put_list(import.document, "accounts");
        import.mistakes = json_put_list(import.document, "mistakes");
    }
    talk_start(&import.talk, invocation);
    enum status status = import_file(&import);
    tdestroy(import.names, free);
    talk_end(&import.talk);
    return status;
}

const struct verb totp_import_verb = {
    .name = "totp import",
    .arguments = "[--format uri|base32|hex|users|google] [--account ACCOUNT] FILE|-",
    .help = "take over secrets of other programs: they hold at once",
    .run = run,
};
