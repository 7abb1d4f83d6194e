/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl: finds the verb and hands over. Each verb is one file; a new one is a file, its line in verb.h and a row
 * here. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "ctl/verb.h"

static const struct verb *const verbs[] = {
    &check_verb,
    &explain_verb,
    &account_show_verb,
    &account_edit_verb,
    &account_lock_verb,
    &account_unlock_verb,
    &account_forget_verb,
    &totp_enroll_verb,
    &totp_confirm_verb,
    &totp_disable_verb,
    &totp_import_verb,
    &app_password_add_verb,
    &app_password_list_verb,
    &app_password_revoke_verb,
    &recovery_codes_new_verb,
    &networks_list_verb,
    &networks_forget_verb,
    &key_rotate_verb,
    &store_backup_verb,
    &store_restore_verb,
    &store_accept_verb,
    &log_verb,
    &report_legacy_verb,
    &report_countries_verb,
    &report_stolen_verb,
    &report_orphans_verb,
    &incident_verb,
    &replay_verb,
    &suggest_countries_verb,
    &status_verb,
    &doctor_verb,
    &setup_verb,
};

enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static const char short_usage[] = "usage: authgatectl [-c FILE] [--socket PATH] [--json] VERB …\n"
                                  "`authgatectl --help` lists the verbs.\n";

static void print_usage(FILE *out) {
    fputs("usage: authgatectl [-c FILE] [--socket PATH] [--json] VERB …\n\n", out);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(out, "  %s%s%s\n        %s\n", verbs[i]->name, verbs[i]->arguments[0] != '\0' ? " " : "",
                verbs[i]->arguments, verbs[i]->help);
    fputs("\n  -c FILE        the configuration (default " CTL_DEFAULT_CONFIGURATION ")\n"
          "  --socket PATH  the daemon's admin socket (default: the one that the configuration names)\n"
          "  --json         answers for programs\n"
          "See authgatectl(8).\n",
          out);
}

/* How many of the words a verb's name takes, 0 where it is another verb. */
static int match(const struct verb *verb, char **words, int count) {
    const char *blank = strchr(verb->name, ' ');
    if (blank == NULL)
        return count > 0 && strcmp(words[0], verb->name) == 0 ? 1 : 0;
    size_t first = (size_t)(blank - verb->name);
    bool same = count > 1 && strlen(words[0]) == first && memcmp(words[0], verb->name, first) == 0 &&
                strcmp(words[1], blank + 1) == 0;
    return same ? 2 : 0;
}

/* The value of an option that is wanted as "-c FILE" or "--config=FILE". NULL where the word is no such option. */
static const char *option_value(const char *name, char **words, int count, int *taken) {
    size_t length = strlen(name);
    if (strncmp(words[0], name, length) != 0)
        return NULL;
    bool joined = words[0][length] == '=' && name[1] == '-';
    *taken = joined ? 1 : 2;
    if (joined)
        return words[0] + length + 1;
    return words[0][length] == '\0' && count > 1 ? words[1] : NULL;
}

/* Reads the options before the verb; returns how many words they take, or -1. */
static int read_options(struct invocation *invocation, char **words, int count) {
    int at = 0;
    while (at < count && words[at][0] == '-') {
        int taken = 1;
        const char *value;
        if (strcmp(words[at], "--json") == 0)
            invocation->json = true;
        else if ((value = option_value("-c", words + at, count - at, &taken)) != NULL ||
                 (value = option_value("--config", words + at, count - at, &taken)) != NULL)
            invocation->configuration = value;
        else if ((value = option_value("--socket", words + at, count - at, &taken)) != NULL)
            invocation->socket = value;
        else {
            verb_fail(STATUS_USAGE, "%s is no option before the verb, or lacks its value", words[at]);
            return -1;
        }
        at += taken;
    }
    return at;
}

/* Names the verbs that begin with the same word, or says where all are. */
static void unknown_verb(char **words, int count) {
    size_t length = strlen(words[0]), found = 0;
    verb_fail(STATUS_USAGE, "no such verb: %s%s%s", words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strncmp(verbs[i]->name, words[0], length) != 0 || verbs[i]->name[length] != ' ')
            continue;
        fprintf(stderr, "%s authgatectl %s%s%s\n", found++ == 0 ? "usage:" : "      ", verbs[i]->name,
                verbs[i]->arguments[0] != '\0' ? " " : "", verbs[i]->arguments);
    }
    if (found == 0)
        fputs(short_usage, stderr);
}

static int run(struct invocation *invocation, char **words, int count) {
    for (size_t i = 0; i < VERB_COUNT; i++) {
        int taken = match(verbs[i], words, count);
        if (taken == 0)
            continue;
        invocation->words = words + taken;
        invocation->count = (size_t)(count - taken);
        enum status status = verbs[i]->run(invocation);
        if (status == STATUS_USAGE)
            fprintf(stderr, "usage: authgatectl %s%s%s\n", verbs[i]->name, verbs[i]->arguments[0] != '\0' ? " " : "",
                    verbs[i]->arguments);
        return (int)status;
    }
    if (count > 0)
        unknown_verb(words, count);
    else
        print_usage(stderr);
    return STATUS_USAGE;
}

int main(int count, char **words) {
    setlocale(LC_CTYPE, "");
    struct invocation invocation = {.configuration = CTL_DEFAULT_CONFIGURATION};
    if (count > 1 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "help") == 0)) {
        print_usage(stdout);
        return STATUS_DONE;
    }
    if (count > 1 && strcmp(words[1], "--version") == 0) {
        puts("authgatectl " AUTHGATE_VERSION);
        return STATUS_DONE;
    }
    int options = read_options(&invocation, words + 1, count - 1);
    if (options < 0) {
        fputs(short_usage, stderr);
        return STATUS_USAGE;
    }
    int status = run(&invocation, words + 1 + options, count - 1 - options);
    if (fflush(stdout) != 0 || ferror(stdout))
        return (int)verb_fail(STATUS_NO, "cannot write the answer");
    return status;
}
