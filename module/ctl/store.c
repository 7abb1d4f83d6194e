/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl store backup|restore|accept: copies of the store, made and taken by the running daemon. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/unopened.h"

#define COPY_TIME 610000 /* milliseconds: a little more than the daemon gives the store */

struct outcome {
    char state[32], why[512];
    int64_t lost; /* changes that a store served before had and this one has not */
    bool tried;   /* whether the secrets open */
    struct unopened unopened;
};

static void take(void *context, const struct message *record) {
    struct outcome *outcome = context;
    const char *const *value = record->value;
    snprintf(outcome->state, sizeof outcome->state, "%s", value[FIELD_VALUE] != NULL ? value[FIELD_VALUE] : "");
    snprintf(outcome->why, sizeof outcome->why, "%s", value[FIELD_TEXT] != NULL ? value[FIELD_TEXT] : "");
    outcome->lost = value[FIELD_USES] != NULL ? strtoll(value[FIELD_USES], NULL, 10) : 0;
}

/* The daemon's folder is another one, so that it is told where the path starts from here. */
static bool make_absolute(const char *path, char whole[PATH_MAX]) {
    char folder[PATH_MAX] = "";
    struct buffer text;
    buffer_init(&text, whole, PATH_MAX);
    bool known = path[0] == '/' || getcwd(folder, sizeof folder) != NULL;
    return known && buffer_add_format(&text, "%s%s%s", folder, path[0] == '/' ? "" : "/", path) &&
           field_valid(FIELD_PATH, whole);
}

static bool serving(const struct outcome *outcome) {
    return strcmp(outcome->state, "serving") == 0;
}

static enum status print_json(const struct outcome *outcome) {
    struct json *document = json_make_object();
    json_put_text(document, "store_state", outcome->state);
    json_put_text(document, "store_trouble", outcome->why);
    json_put_number(document, "changes_lost", outcome->lost);
    if (outcome->tried) {
        json_put_number(document, "accounts_unopened", (int64_t)outcome->unopened.count);
        json_put_number(document, "accounts_hashed_otherwise", (int64_t)outcome->unopened.strange);
        struct json *names = json_put_list(document, "first_unopened");
        for (size_t i = 0; i < outcome->unopened.named; i++)
            json_append_text(names, outcome->unopened.names[i]);
    }
    return json_print(&document, STATUS_DONE);
}

/* What the key file of now does not open is refused at login, where nobody looks for the reason. */
static void print_unopened(const struct unopened *unopened) {
    char storage[(UNOPENED_NAMED + 1) * ACCOUNT_NAME_SIZE];
    struct buffer text;
    if (unopened->count == 0)
        return;
    buffer_init(&text, storage, sizeof storage);
    unopened_write(unopened, &text);
    fputs("But ", stdout);
    grid_print_text(storage);
    puts(".\nTheir logins are refused as unavailable. What to do: " UNOPENED_FIX ".");
    if (unopened->strange > 0)
        printf("The app passwords and recovery codes of %zu of them are lost as well: they were hashed under another "
               "key.\n",
               unopened->strange);
}

static enum status print(const struct outcome *outcome, const char *done) {
    puts(done);
    if (outcome->lost > 0)
        printf("%lld change%s (enrolments, revocations, locks) that were served before %s not in it: look after "
               "them.\n",
               (long long)outcome->lost, outcome->lost == 1 ? "" : "s", outcome->lost == 1 ? "is" : "are");
    if (!serving(outcome)) {
        fputs("It is not served yet: ", stdout);
        grid_print_text(outcome->why);
        putchar('\n');
    }
    print_unopened(&outcome->unopened);
    return STATUS_DONE;
}

/* Whether a complaint is about the place of a copy and not about what is in it. */
static bool out_of_reach(const char *complaint) {
    static const char *const words[] = {"denied", "Read-only", "unable to open", "No such file"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(complaint, words[i]) != NULL)
            return true;
    return false;
}

static enum status run(struct invocation *invocation, const char *request, size_t operands, const char *done) {
    bool copied = strcmp(request, "store-backup") == 0;
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct outcome outcome = {.tried = false};
    struct message question = {{NULL}};
    char path[PATH_MAX];
    if (!verb_parse(invocation, none) || invocation->count != operands)
        return STATUS_USAGE;
    if (operands == 1 && !make_absolute(invocation->words[0], path))
        return verb_fail(STATUS_USAGE, "%s is no path that can be used", invocation->words[0]);
    question.value[FIELD_PATH] = operands == 1 ? path : NULL;
    talk_start(&talk, invocation);
    talk.patience = COPY_TIME;
    talk.about = question.value[FIELD_PATH];
    enum status status = talk_ask(&talk, request, &question, take, &outcome);
    if (status == STATUS_NO && out_of_reach(talk.complaint))
        verb_fail(status, "the daemon reads and writes copies itself, as its own user: its own folder will do (under "
                          "systemd it has no other)");
    else if (status == STATUS_DONE && !copied && serving(&outcome))
        outcome.tried = unopened_find(talk.socket, &outcome.unopened);
    talk_end(&talk);
    if (status != STATUS_DONE)
        return status;
    return invocation->json ? print_json(&outcome) : print(&outcome, done);
}

static enum status run_backup(struct invocation *invocation) {
    return run(invocation, "store-backup", 1,
               "The copy is there. It opens with the key file of today alone: keep one with it, in another place.");
}

static enum status run_restore(struct invocation *invocation) {
    return run(invocation, "store-restore", 1,
               "The copy has taken the store's place; what was there before lies beside it (.replaced).\n"
               "Codes from before now are used up: the next one that a phone shows opens.");
}

static enum status run_accept(struct invocation *invocation) {
    return run(invocation, "store-accept", 0, "The store is served as it is.");
}

const struct verb store_backup_verb = {
    .name = "store backup",
    .arguments = "FILE",
    .help = "copy the store to a file that is not there yet, while logins go on",
    .run = run_backup,
};

const struct verb store_restore_verb = {
    .name = "store restore",
    .arguments = "FILE",
    .help = "put a backup in the store's place",
    .run = run_restore,
};

const struct verb store_accept_verb = {
    .name = "store accept",
    .arguments = "",
    .help = "serve a store that is older than, or another than, the one that was served last",
    .run = run_accept,
};
