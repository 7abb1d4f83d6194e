/* SPDX-License-Identifier: BSD-2-Clause */
/* `totp enroll --all`: may be interrupted and called again. An account that has a sheet keeps its secret, since the
 * sheet may have been handed out; one whose sheet was never written gets a new one. Called by totp.c. */
#include "ctl/totp_sheets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/sheet.h"
#include "policy/configuration.h"

struct names {
    char **list;
    size_t count;
    bool broken; /* memory was short */
};

struct outcome {
    size_t made, kept, failed;
};

static void add_name(void *context, const char *account) {
    struct names *names = context;
    char **longer = reallocarray(names->list, names->count + 1, sizeof *longer);
    char *copy = strdup(account);
    if (longer != NULL)
        names->list = longer;
    if (longer != NULL && copy != NULL) {
        names->list[names->count++] = copy;
    } else {
        names->broken = true;
        free(copy);
    }
}

static int compare(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static void sort_once_each(struct names *names) {
    size_t kept = 0;
    if (names->count > 0)
        qsort(names->list, names->count, sizeof *names->list, compare);
    for (size_t i = 0; i < names->count; i++) {
        if (kept > 0 && strcmp(names->list[kept - 1], names->list[i]) == 0)
            free(names->list[i]);
        else
            names->list[kept++] = names->list[i];
    }
    names->count = kept;
}

static void free_names(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
}

static enum status enroll(struct talk *talk, const char *account, const char *folder, const char *issuer,
                          struct outcome *outcome) {
    struct enrolment enrolment = {.account = ""};
    struct message question = {{NULL}};
    question.value[FIELD_ACCOUNT] = account;
    question.value[FIELD_ISSUER] = issuer;
    question.value[FIELD_VALUE] = sheet_exists(folder, account) ? "new" : "not-enrolled";
    talk->about = account;
    enum status status = talk_ask(talk, "totp-enroll", &question, enrolment_take, &enrolment);
    bool kept = status == STATUS_DONE && enrolment.kept;
    bool made = status == STATUS_DONE && !kept && sheet_write(folder, &enrolment);
    outcome->made += made;
    outcome->kept += kept;
    outcome->failed += !made && !kept;
    enrolment_wipe(&enrolment);
    return status;
}

static enum status print(const struct outcome *outcome, const char *folder, bool as_json) {
    enum status status = outcome->failed == 0 ? STATUS_DONE : STATUS_NO;
    if (as_json) {
        struct json *document = json_make_object();
        json_put_number(document, "made", (int64_t)outcome->made);
        json_put_number(document, "kept", (int64_t)outcome->kept);
        json_put_number(document, "failed", (int64_t)outcome->failed);
        json_put_text(document, "folder", folder);
        return json_print(&document, status);
    }
    printf("%zu sheet%s in %s", outcome->made, outcome->made == 1 ? "" : "s", folder);
    if (outcome->kept > 0)
        printf("; %zu account%s had a secret already", outcome->kept, outcome->kept == 1 ? "" : "s");
    if (outcome->failed > 0)
        printf("; %zu failed", outcome->failed);
    puts("\nEach secret holds once a code of it is confirmed: authgatectl totp confirm ACCOUNT CODE");
    return status;
}

static enum status enroll_each(struct talk *talk, const struct names *names, const char *folder, const char *issuer,
                               bool as_json) {
    struct outcome outcome = {0};
    struct progress progress;
    enum status status = STATUS_DONE;
    progress_start(&progress, "accounts");
    for (size_t i = 0; i < names->count && status != STATUS_UNREACHABLE; i++) {
        status = enroll(talk, names->list[i], folder, issuer, &outcome);
        progress_step(&progress, i + 1, names->count);
    }
    progress_end(&progress);
    return status == STATUS_UNREACHABLE ? status : print(&outcome, folder, as_json);
}

/* Makes the folder, or takes one in which nobody else can put sheets of their own in the place of ours. */
static bool take_folder(const char *folder) {
    struct stat status;
    if (mkdir(folder, 0700) == 0)
        return true;
    if (errno != EEXIST || stat(folder, &status) != 0) {
        verb_fail(STATUS_NO, "%s cannot be made: %s", folder, strerror(errno));
        return false;
    }
    bool fits = S_ISDIR(status.st_mode) && (status.st_uid == 0 || status.st_uid == geteuid()) &&
                (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    if (!fits)
        verb_fail(STATUS_NO, "%s is no folder, or others may write in it; name one of your own", folder);
    return fits;
}

enum status totp_sheets_enroll(const struct invocation *invocation, const char *group, const char *folder,
                               const char *issuer) {
    struct talk talk;
    struct names names = {.list = NULL};
    enum status status = STATUS_NO;
    talk_start(&talk, invocation);
    if (talk.configuration == NULL)
        verb_fail(status, "who is in a group can only be told from a configuration without mistakes");
    else if (!configuration_group_members(talk.configuration, group, add_name, &names) || names.broken)
        verb_fail(status, "%s is no group of the configuration, or the Unix group that it stands for is unknown",
                  group);
    else if (take_folder(folder)) {
        sort_once_each(&names);
        status = enroll_each(&talk, &names, folder, issuer, invocation->json);
    }
    free_names(&names);
    talk_end(&talk);
    return status;
}
