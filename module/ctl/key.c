/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl key rotate: seals every secret under a new key. The key file is root's and the daemon is not root, so
 * this carries its bytes to the daemon and writes back what they become; it understands none of them. May be
 * interrupted at any moment and called again: the file has both keys until nothing is sealed under the old one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "ctl/ask.h"
#include "ctl/host.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/secret_file.h"
#include "policy/account_name.h"

#define KEY_LIMIT 256 /* bytes of the largest key file */
#define KEY_TEXT_SIZE (2 * KEY_LIMIT + 1)

struct rotation {
    struct talk talk;
    const char *path;
    struct stat status; /* of the key file */
    char key[KEY_TEXT_SIZE]; /* its bytes in hexadecimal */
    char account[ACCOUNT_NAME_SIZE];
    size_t page_done, page_failed, done, failed;
};

static void take_key(void *context, const struct message *record) {
    struct rotation *rotation = context;
    const char *key = record->value[FIELD_KEY_FILE];
    if (key != NULL && strlen(key) < sizeof rotation->key)
        snprintf(rotation->key, sizeof rotation->key, "%s", key);
}

static bool read_key(struct rotation *rotation) {
    char bytes[KEY_LIMIT + 1];
    struct buffer text;
    ssize_t length = secret_file_read(rotation->path, bytes, sizeof bytes, &rotation->status);
    buffer_init(&text, rotation->key, sizeof rotation->key);
    for (ssize_t i = 0; i < length; i++)
        buffer_add_format(&text, "%02x", (unsigned)(unsigned char)bytes[i]);
    explicit_bzero(bytes, sizeof bytes);
    return length > 0;
}

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdef";
    const char *found = character != '\0' ? strchr(digits, character) : NULL;
    return found != NULL ? (int)(found - digits) : 0;
}

static bool write_key(const struct rotation *rotation) {
    char bytes[KEY_LIMIT];
    size_t length = strlen(rotation->key) / 2;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(hex_digit(rotation->key[2 * i]) * 16 + hex_digit(rotation->key[2 * i + 1]));
    bool written = secret_file_replace(rotation->path, bytes, length, &rotation->status);
    explicit_bzero(bytes, sizeof bytes);
    return written;
}

/* Has the daemon say what the file must become, writes that, and only then has the daemon work with it. */
static enum status change_key(struct rotation *rotation, const char *request) {
    char before[KEY_TEXT_SIZE];
    struct message question = {{NULL}};
    memcpy(before, rotation->key, sizeof before);
    question.value[FIELD_KEY_FILE] = before;
    enum status status = talk_ask(&rotation->talk, request, &question, take_key, rotation);
    if (status == STATUS_DONE && strcmp(before, rotation->key) != 0 && !write_key(rotation))
        status = STATUS_NO;
    if (status == STATUS_DONE) {
        struct message use = {{NULL}};
        memcpy(before, rotation->key, sizeof before);
        use.value[FIELD_KEY_FILE] = before;
        status = talk_ask(&rotation->talk, "key-use", &use, take_key, rotation);
    }
    explicit_bzero(before, sizeof before);
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
    enum status status = read_key(rotation) ? change_key(rotation, "key-rotate") : STATUS_NO;
    if (status == STATUS_DONE)
        status = reseal(rotation);
    if (status == STATUS_DONE)
        status = change_key(rotation, "key-retire");
    explicit_bzero(rotation->key, sizeof rotation->key);
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
