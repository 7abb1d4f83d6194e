/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl key rotate: seals every secret under a new key. The key file is root's and the daemon is not root, so
 * this carries its bytes to the daemon and writes back what they become; it understands none of them. May be
 * interrupted at any moment and called again: the file has both keys until nothing is sealed under the old one. Never
 * runs twice at once on one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "ctl/ask.h"
#include "ctl/held_file.h"
#include "ctl/host.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "policy/account_name.h"

#define KEY_TEXT_SIZE (2 * HELD_FILE_LIMIT + 1)

struct rotation {
    struct talk talk;
    const char *path;
    struct held_file file; /* the key file; nobody else rotates while it is held */
    char key[KEY_TEXT_SIZE]; /* what the daemon says that it must become, in hexadecimal */
    char account[ACCOUNT_NAME_SIZE];
    size_t page_done, page_failed, done, failed;
};

static void take_key(void *context, const struct message *record) {
    struct rotation *rotation = context;
    const char *key = record->value[FIELD_KEY_FILE];
    if (key != NULL && strlen(key) < sizeof rotation->key)
        snprintf(rotation->key, sizeof rotation->key, "%s", key);
}

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdef";
    const char *found = character != '\0' ? strchr(digits, character) : NULL;
    return found != NULL ? (int)(found - digits) : 0;
}

static bool holds(const struct held_file *file, const char *bytes, size_t length) {
    return file->length == length && memcmp(file->bytes, bytes, length) == 0;
}

/* Puts in the key file what the daemon has said. Nothing is written where it stands there already: a rotation that was
 * interrupted goes on. */
static bool write_key(struct rotation *rotation) {
    char bytes[HELD_FILE_LIMIT];
    size_t length = strlen(rotation->key) / 2;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(hex_digit(rotation->key[2 * i]) * 16 + hex_digit(rotation->key[2 * i + 1]));
    bool written = holds(&rotation->file, bytes, length) || held_file_replace(&rotation->file, bytes, length);
    explicit_bzero(bytes, sizeof bytes);
    return written;
}

/* Asks with the key file's bytes as they are now. */
static enum status ask_with_key(struct rotation *rotation, const char *request) {
    char text[KEY_TEXT_SIZE];
    struct message question = {{NULL}};
    struct buffer digits;
    buffer_init(&digits, text, sizeof text);
    for (size_t i = 0; i < rotation->file.length; i++)
        buffer_add_format(&digits, "%02x", (unsigned)(unsigned char)rotation->file.bytes[i]);
    question.value[FIELD_KEY_FILE] = text;
    enum status status = talk_ask(&rotation->talk, request, &question, take_key, rotation);
    explicit_bzero(text, sizeof text);
    return status;
}

/* A daemon that has refused the key file goes on with the one before, which then must be what the next start finds. One
 * that gave no answer may have taken it: what is sealed since then opens with the new file alone. */
static void put_back(struct rotation *rotation, const struct held_file *before, enum status status) {
    if (status == STATUS_DONE || status == STATUS_UNREACHABLE ||
        holds(&rotation->file, before->bytes, before->length))
        return;
    if (held_file_replace(&rotation->file, before->bytes, before->length))
        verb_fail(status, "%s is again as it was before", rotation->path);
}

/* Has the daemon say what the file must become, writes that, and only then has the daemon work with it. */
static enum status change_key(struct rotation *rotation, const char *request) {
    struct held_file before = rotation->file;
    enum status status = ask_with_key(rotation, request);
    if (status == STATUS_DONE && !write_key(rotation))
        status = STATUS_NO;
    else if (status == STATUS_DONE)
        put_back(rotation, &before, status = ask_with_key(rotation, "key-use"));
    explicit_bzero(&before, sizeof before);
    return status;
}

/* ---- sealing again ---- */

static void take_page(void *context, const struct message *record) {
    struct rotation *rotation = context;
    const char *const *value = record->value;
    if (value[FIELD_ACCOUNT] != NULL)
        snprintf(rotation->account, sizeof rotation->account, "%.320s", value[FIELD_ACCOUNT]);
    rotation->page_done = value[FIELD_VALUE] != NULL ? strtoul(value[FIELD_VALUE], NULL, 10) : 0;
    rotation->page_failed = value[FIELD_USES] != NULL ? strtoul(value[FIELD_USES], NULL, 10) : 0;
}

/* From the first account to the last; counts what could not be sealed again. */
static enum status reseal_all(struct rotation *rotation, struct progress *progress) {
    enum status status;
    rotation->account[0] = '\0';
    rotation->failed = 0;
    do {
        char after[ACCOUNT_NAME_SIZE];
        struct message question = {{NULL}};
        memcpy(after, rotation->account, sizeof after);
        question.value[FIELD_ACCOUNT] = after[0] != '\0' ? after : NULL;
        status = talk_ask(&rotation->talk, "key-reseal", &question, take_page, rotation);
        rotation->done += rotation->page_done;
        rotation->failed += rotation->page_failed;
        progress_step(progress, rotation->done, 0);
    } while (status == STATUS_DONE && rotation->page_done + rotation->page_failed > 0);
    return status;
}

/* The second pass finds what was sealed under the old key while the first went on: nothing, but who knows. */
static enum status reseal(struct rotation *rotation) {
    struct progress progress;
    progress_start(&progress, "secrets");
    enum status status = reseal_all(rotation, &progress);
    if (status == STATUS_DONE)
        status = reseal_all(rotation, &progress);
    progress_end(&progress);
    if (status == STATUS_DONE && rotation->failed > 0)
        status = verb_fail(STATUS_NO,
                           "%zu secret%s could not be opened and sealed again, so that the old key stays: enrol these "
                           "accounts anew, or see the daemon's log, then rotate again",
                           rotation->failed, rotation->failed == 1 ? "" : "s");
    return status;
}

static enum status rotate(struct rotation *rotation) {
    if (!held_file_take(&rotation->file, rotation->path, "another key rotate is under way; wait until it has ended"))
        return STATUS_NO;
    enum status status = change_key(rotation, "key-rotate");
    if (status == STATUS_DONE)
        status = reseal(rotation);
    if (status == STATUS_DONE)
        status = change_key(rotation, "key-retire");
    explicit_bzero(rotation->key, sizeof rotation->key);
    held_file_release(&rotation->file);
    return status;
}

static enum status print(const struct rotation *rotation, bool as_json) {
    if (as_json) {
        struct json *document = json_make_object();
        json_put_number(document, "resealed", (int64_t)rotation->done);
        return json_print(&document, STATUS_DONE);
    }
    printf("%zu secret%s sealed under the new key; the old one is gone from %s.\nBackups made before open with the old "
           "key file alone.\n",
           rotation->done, rotation->done == 1 ? "" : "s", rotation->path);
    return STATUS_DONE;
}

static enum status run(struct invocation *invocation) {
    struct rotation rotation = {.path = NULL};
    const struct verb_option options[] = {{"file", &rotation.path}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    talk_start(&rotation.talk, invocation);
    if (rotation.path == NULL && rotation.talk.configuration != NULL)
        rotation.path = configuration_settings(rotation.talk.configuration)->secret_key_file;
    enum status status = rotation.path != NULL
                             ? rotate(&rotation)
                             : verb_fail(STATUS_USAGE, "the configuration names no secret_key_file: say --file");
    if (status == STATUS_DONE)
        status = print(&rotation, invocation->json);
    talk_end(&rotation.talk);
    return status;
}

const struct verb key_rotate_verb = {
    .name = "key rotate",
    .arguments = "[--file FILE]",
    .help = "seal every secret under a new key, while logins go on",
    .run = run,
};
