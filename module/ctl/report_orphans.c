/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl report orphans: what the store and accounts/ keep of accounts that the back end does not know any more.
 * The daemon asks the back end (`account_exists`), for it may; what is kept is asked account by account. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/scrap.h"
#include "policy/account_file.h"
#include "policy/configuration.h"

#define PAGE_TIME 600000 /* milliseconds for a page of accounts, each of which may take seconds */

struct orphan {
    const char *account;
    bool unknown;     /* whether it is there could not be found out */
    const char *file; /* its policy, or NULL */
    struct words kept;
};

struct orphans {
    struct arena arena;
    struct talk talk;
    struct orphan *list;
    size_t count;
    const char *after;  /* where the next page goes on; NULL: there is none */
    const char *file;   /* whose account is asked about */
    struct progress progress;
    size_t asked;
    struct orphan *one; /* of which it is asked what is kept */
};

static struct orphan *find(const struct orphans *orphans, const char *account) {
    for (size_t i = 0; i < orphans->count; i++)
        if (strcmp(orphans->list[i].account, account) == 0)
            return &orphans->list[i];
    return NULL;
}

static void take_account(struct orphans *orphans, const char *account, const char *exists) {
    progress_step(&orphans->progress, ++orphans->asked, 0);
    if (account == NULL || exists == NULL || strcmp(exists, "yes") == 0)
        return;
    struct orphan *orphan = orphans->file != NULL ? find(orphans, account) : NULL; /* pages name each once */
    if (orphan == NULL) {
        orphans->list = scrap_grow(&orphans->arena, orphans->list, orphans->count, sizeof *orphans->list);
        orphan = &orphans->list[orphans->count++];
        *orphan = (struct orphan){.account = scrap_text(&orphans->arena, "%s", account),
                                  .unknown = strcmp(exists, "no") != 0};
    }
    orphan->file = orphans->file;
}

static void take(void *context, const struct message *record) {
    struct orphans *orphans = context;
    const char *const *value = record->value;
    if (strcmp(value[FIELD_RECORD], "account") == 0)
        take_account(orphans, value[FIELD_ACCOUNT], value[FIELD_VALUE]);
    else if (strcmp(value[FIELD_RECORD], "more") == 0 && value[FIELD_AFTER] != NULL)
        orphans->after = scrap_text(&orphans->arena, "%s", value[FIELD_AFTER]);
}

static enum status ask_store(struct orphans *orphans) {
    enum status status = STATUS_DONE;
    for (orphans->after = ""; status == STATUS_DONE && orphans->after != NULL;) {
        struct message question = {{NULL}};
        question.value[FIELD_AFTER] = orphans->after[0] != '\0' ? orphans->after : NULL;
        orphans->after = NULL;
        status = talk_ask(&orphans->talk, "account-list", &question, take, orphans);
    }
    return status;
}

/* ---- policy files ---- */

/* The account whose file this is; false where no login ever leads to it, which is check's to say. */
static bool account_of(struct orphans *orphans, const char *folder, const char *path,
                       char account[ACCOUNT_NAME_SIZE]) {
    const struct account_naming *naming = &configuration_settings(orphans->talk.configuration)->naming;
    const char *name = path + strlen(folder) + 1, *slash = strchr(name, '/');
    int domain = slash != NULL ? (int)(slash - name) : 0;
    const char *local = slash != NULL ? slash + 1 : name;
    const char *typed = scrap_text(&orphans->arena, "%.*s%s%.*s", (int)(strlen(local) - strlen(".conf")), local,
                                   domain > 0 ? "@" : "", domain, name);
    char own[4096];
    return account_name_canonical(naming, typed, account) &&
           account_file_path(folder, naming->default_domain, account, own, sizeof own) && strcmp(own, path) == 0;
}

static enum status ask_files(struct orphans *orphans, const char *folder, const char *pattern) {
    enum status status = STATUS_DONE;
    glob_t found;
    if (glob(scrap_text(&orphans->arena, "%s/%s", folder, pattern), 0, NULL, &found) != 0)
        return STATUS_DONE;
    for (size_t i = 0; i < found.gl_pathc && status == STATUS_DONE; i++) {
        char account[ACCOUNT_NAME_SIZE];
        struct message question = {{NULL}};
        if (!account_of(orphans, folder, found.gl_pathv[i], account))
            continue;
        question.value[FIELD_ACCOUNT] = account;
        orphans->file = scrap_text(&orphans->arena, "%s", found.gl_pathv[i]);
        status = talk_ask(&orphans->talk, "account-exists", &question, take, orphans);
    }
    globfree(&found);
    return status;
}

/* accounts/ beside the configuration. */
static const char *folder_of(struct orphans *orphans, const char *configuration) {
    const char *slash = strrchr(configuration, '/');
    return scrap_text(&orphans->arena, "%.*saccounts", slash != NULL ? (int)(slash - configuration) + 1 : 0,
                      configuration);
}

/* ---- what is kept ---- */

static void keep(struct orphans *orphans, const char *text) {
    struct words *kept = &orphans->one->kept;
    kept->word = scrap_grow(&orphans->arena, kept->word, kept->count, sizeof *kept->word);
    kept->word[kept->count++] = text;
}

static void take_kept(void *context, const struct message *record) {
    struct orphans *orphans = context;
    const char *key = record->value[FIELD_KEY], *value = record->value[FIELD_VALUE];
    static const char *const counted[][2] = {
        {"app_passwords", "app passwords"}, {"recovery_codes", "recovery codes"}, {"networks", "networks"}};
    if (strcmp(record->value[FIELD_RECORD], "lock") == 0)
        keep(orphans, "lock");
    if (strcmp(record->value[FIELD_RECORD], "state") != 0 || key == NULL || value == NULL)
        return;
    if (strcmp(key, "totp") == 0 && strcmp(value, "none") != 0)
        keep(orphans, "secret");
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        if (strcmp(key, counted[i][0]) == 0 && strcmp(value, "0") != 0)
            keep(orphans, scrap_text(&orphans->arena, "%s %s", value, counted[i][1]));
}

/* An account of which not all can be told (its policy file may be broken) is listed all the same. */
static enum status ask_kept(struct orphans *orphans) {
    enum status status = STATUS_DONE;
    for (size_t i = 0; i < orphans->count && status != STATUS_UNREACHABLE; i++) {
        struct message question = {{NULL}};
        orphans->one = &orphans->list[i];
        question.value[FIELD_ACCOUNT] = orphans->talk.about = orphans->one->account;
        enum status one = talk_ask(&orphans->talk, "account-kept", &question, take_kept, orphans);
        status = one > status ? one : status;
        if (orphans->one->file != NULL)
            keep(orphans, "policy file");
        if (orphans->one->kept.count == 0)
            keep(orphans, one == STATUS_DONE ? "nothing that is in force" : "what is kept could not be told");
    }
    return status;
}

/* ---- the answer ---- */

static int compare(const void *one, const void *other) {
    return strcmp(((const struct orphan *)one)->account, ((const struct orphan *)other)->account);
}

static enum status print_json(const struct orphans *orphans, enum status status) {
    struct json *list = json_make_list();
    for (size_t i = 0; i < orphans->count; i++) {
        const struct orphan *orphan = &orphans->list[i];
        struct json *object = json_append_object(list);
        json_put_text(object, "account", orphan->account);
        json_put_text(object, "exists", orphan->unknown ? "unknown" : "no");
        struct json *kept = json_put_list(object, "kept");
        for (size_t j = 0; j < orphan->kept.count; j++)
            json_append_text(kept, orphan->kept.word[j]);
        json_put_text(object, "file", orphan->file);
    }
    return json_print(&list, status);
}

static void print(struct orphans *orphans) {
    struct grid grid = {.columns = 3};
    if (orphans->count == 0) {
        puts("nothing is kept of an account that is gone");
        return;
    }
    grid_add(&grid, (const char *const[]){"ACCOUNT", "", "KEPT"});
    for (size_t i = 0; i < orphans->count; i++) {
        const struct orphan *orphan = &orphans->list[i];
        const char *kept = "";
        for (size_t j = 0; j < orphan->kept.count; j++)
            kept = scrap_text(&orphans->arena, "%s%s%s", kept, j > 0 ? ", " : "", orphan->kept.word[j]);
        grid_add(&grid, (const char *const[]){orphan->account, orphan->unknown ? "not known" : "gone", kept});
    }
    grid_print(&grid);
}

static enum status find_all(struct orphans *orphans, const struct invocation *invocation) {
    struct configuration *configuration = orphans->talk.configuration;
    const char *folder = folder_of(orphans, invocation->configuration);
    enum status status = STATUS_DONE;
    progress_start(&orphans->progress, "accounts");
    if (configuration == NULL || configuration_settings(configuration)->store != NULL)
        status = ask_store(orphans);
    if (status == STATUS_DONE && configuration != NULL)
        status = ask_files(orphans, folder, "*.conf");
    if (status == STATUS_DONE && configuration != NULL)
        status = ask_files(orphans, folder, "*/*.conf");
    progress_end(&orphans->progress);
    return status;
}

static enum status report(struct orphans *orphans, const struct invocation *invocation) {
    enum status status = find_all(orphans, invocation);
    if (status != STATUS_DONE)
        return status;
    status = ask_kept(orphans);
    if (orphans->count > 0)
        qsort(orphans->list, orphans->count, sizeof *orphans->list, compare);
    if (invocation->json)
        return print_json(orphans, status);
    print(orphans);
    return status;
}

/* Policy files are looked for beside a configuration that could be read. */
static enum status complete(const struct orphans *orphans, const struct invocation *invocation, enum status status) {
    if (orphans->talk.configuration != NULL || status != STATUS_DONE)
        return status;
    return verb_fail(STATUS_NO, "%s cannot be read, so accounts/ was not looked at; authgatectl check tells why",
                     invocation->configuration);
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct orphans orphans = {.count = 0};
    if (!verb_parse(invocation, none) || invocation->count != 0)
        return STATUS_USAGE;
    talk_start(&orphans.talk, invocation);
    orphans.talk.patience = PAGE_TIME;
    enum status status = complete(&orphans, invocation, report(&orphans, invocation));
    talk_end(&orphans.talk);
    arena_clear(&orphans.arena);
    return status;
}

const struct verb report_orphans_verb = {
    .name = "report orphans",
    .arguments = "",
    .help = "what is kept of accounts that the back end (account_exists) does not know any more",
    .run = run,
};
