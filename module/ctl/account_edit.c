/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl account edit: opens an account's policy in the administrator's editor and installs only what parses. The
 * daemon need not run; the edit holds from the account's next login. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "ctl/draft.h"
#include "ctl/host.h"
#include "ctl/verb.h"
#include "policy/account_file.h"
#include "policy/account_name.h"
#include "policy/configuration.h"

#define EDITOR_WORDS   16
#define DEFAULT_EDITOR "vi"

/* The path of the account's file, under accounts/ beside the main file. */
static bool name_target(const char *configuration, const struct account_naming *naming, const char *account,
                        char target[PATH_MAX]) {
    char folder[PATH_MAX];
    const char *slash = strrchr(configuration, '/');
    struct buffer buffer;
    buffer_init(&buffer, folder, sizeof folder);
    if (slash != NULL)
        buffer_add_bytes(&buffer, configuration, (size_t)(slash - configuration) + 1);
    buffer_add(&buffer, "accounts");
    return !buffer.overflowed && account_file_path(folder, naming->default_domain, account, target, PATH_MAX);
}

/* Whoever owns a folder can have each name in it lead anywhere at any moment, to where only root may write too. */
static bool safe(const char *folder, const struct stat *status) {
    bool others = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status->st_mode & S_ISVTX) == 0;
    if (geteuid() != 0 || (status->st_uid == 0 && !others))
        return true;
    if (status->st_uid == 0)
        verb_fail(STATUS_NO, "%s can be written by others, so that root edits nothing in it; chmod go-w %s", folder,
                  folder);
    else
        verb_fail(STATUS_NO, "%s belongs to user id %u, who may put anything in its place: root edits nothing in it; "
                             "run this as that user, or chown it to root",
                  folder, (unsigned)status->st_uid);
    return false;
}

/* Makes one folder where there is none, which whoever may read the main file may enter and read. */
static bool make_one(const char *folder, const char *configuration) {
    struct stat there, like;
    if (stat(folder, &there) == 0)
        return safe(folder, &there);
    if (stat(configuration, &like) == 0 && mkdir(folder, 0700) == 0 && chown(folder, like.st_uid, like.st_gid) == 0 &&
        chmod(folder, (like.st_mode & 0755) | 0700 | ((like.st_mode & 0444) >> 2)) == 0)
        return safe(folder, &like);
    verb_fail(STATUS_NO, "cannot create %s: %s", folder, strerror(errno));
    return false;
}

/* Makes the folders that the account's file lies in, below the main file's own. */
static bool make_folders(const char *target, const char *configuration) {
    char folder[PATH_MAX] = ".";
    struct stat status;
    const char *above = strrchr(configuration, '/');
    size_t from = above != NULL ? (size_t)(above - configuration) + 1 : 0;
    struct buffer buffer;
    buffer_init(&buffer, folder, sizeof folder);
    if (!(from > 0 ? buffer_add_bytes(&buffer, configuration, from) : buffer_add(&buffer, ".")) ||
        (stat(folder, &status) == 0 && !safe(folder, &status)))
        return false;
    for (const char *slash = strchr(target + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        buffer_init(&buffer, folder, sizeof folder);
        if (!buffer_add_bytes(&buffer, target, (size_t)(slash - target)) || !make_one(folder, configuration))
            return false;
    }
    return true;
}

/* The editor's words: $VISUAL or $EDITOR may carry options ("code --wait"). No shell is involved. */
static void split_editor(char *text, char *file, char *words[EDITOR_WORDS + 2]) {
    size_t count = 0;
    char *rest = text;
    char *word;
    while (count < EDITOR_WORDS && (word = strsep(&rest, " \t")) != NULL)
        if (word[0] != '\0')
            words[count++] = word;
    words[count++] = file;
    words[count] = NULL;
}

static const char *choose_editor(void) {
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[strspn(editor, " \t")] == '\0')
        editor = getenv("EDITOR");
    if (editor == NULL || editor[strspn(editor, " \t")] == '\0')
        editor = DEFAULT_EDITOR;
    return editor;
}

/* Runs the editor to its end. False where it could not be run or failed. */
static bool run_editor(char *file) {
    char *words[EDITOR_WORDS + 2];
    char *text = strdup(choose_editor());
    if (text == NULL)
        return false;
    split_editor(text, file, words);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        execvp(words[0], words);
        verb_fail(STATUS_NO, "cannot run %s: %s", words[0], strerror(errno));
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    bool done = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!done)
        verb_fail(STATUS_NO, "the editor %s failed: nothing is installed", words[0]);
    free(text);
    return done;
}

/* Whether what was staged is without mistakes; says which it has, under the name of the file that is being edited. */
static bool staged_sound(const struct invocation *invocation, struct draft *draft) {
    const char *only[] = {draft->staged};
    struct mistakes mistakes = {0};
    struct check_order order = {.only = only, .only_count = 1, .now = clock_wall()};
    bool sound = configuration_check(invocation->configuration, &order, &mistakes);
    host_print_mistakes(&mistakes, draft->staged, draft->target);
    mistakes_clear(&mistakes);
    return sound;
}

/* Asks what to do about mistakes. True: edit again. An end of input means no. */
static bool edit_again(void) {
    for (;;) {
        char line[64];
        fputs("What now? (e)dit again, e(x)it without installing: ", stderr);
        if (fgets(line, sizeof line, stdin) == NULL) {
            fputc('\n', stderr);
            return false;
        }
        if (line[0] == 'x')
            return false;
        if (line[0] == 'e' || line[0] == '\n')
            return true;
    }
}

static enum status keep_text(const struct draft *draft, bool *keep) {
    *keep = true;
    return verb_fail(STATUS_NO, "your text is in %s", draft->copy);
}

/* Edits until it parses or the administrator gives up. What is typed to interrupt is the editor's, not ours: else it
 * would go on without anybody to take its text. */
static enum status edit(const struct invocation *invocation, struct draft *draft, bool *keep) {
    for (;;) {
        bool unchanged;
        if (!run_editor(draft->copy))
            return STATUS_NO;
        if (!draft_stage(draft, &unchanged))
            return keep_text(draft, keep);
        if (unchanged) {
            printf("%s: %s\n", draft->target, draft->existed ? "unchanged" : "not made, as nothing was written in it");
            return STATUS_DONE;
        }
        if (staged_sound(invocation, draft))
            break;
        if (!edit_again()) {
            printf("%s: not changed\n", draft->target);
            return STATUS_NO;
        }
    }
    if (!draft_install(draft))
        return keep_text(draft, keep);
    printf("%s: installed, holds from the next login\n", draft->target);
    return STATUS_DONE;
}

static enum status edit_account(const struct invocation *invocation, const struct configuration *configuration) {
    const struct account_naming *naming = &configuration_settings(configuration)->naming;
    char account[ACCOUNT_NAME_SIZE], target[PATH_MAX], beginning[ACCOUNT_NAME_SIZE + 128];
    if (!account_name_canonical(naming, invocation->words[0], account))
        return verb_fail(STATUS_NO, "%s is no account name, or its domain is not served here", invocation->words[0]);
    if (!name_target(invocation->configuration, naming, account, target))
        return verb_fail(STATUS_NO, "the path of %s's file is too long", account);
    if (!make_folders(target, invocation->configuration))
        return STATUS_NO;
    snprintf(beginning, sizeof beginning, "# The policy of %s. See authgate.conf(5).\n", account);
    struct draft draft;
    bool keep = false;
    enum status status = STATUS_NO;
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (draft_open(&draft, target, invocation->configuration, beginning))
        status = edit(invocation, &draft, &keep);
    draft_close(&draft, keep);
    return status;
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    struct configuration *configuration = host_load(invocation, false);
    if (configuration == NULL)
        return verb_fail(STATUS_NO, "the configuration has mistakes; set them right first");
    enum status status = edit_account(invocation, configuration);
    configuration_free(&configuration);
    return status;
}

const struct verb account_edit_verb = {
    .name = "account edit",
    .arguments = "ACCOUNT",
    .help = "edit an account's policy in $VISUAL or $EDITOR; only what parses is installed",
    .run = run,
};
