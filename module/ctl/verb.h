/* SPDX-License-Identifier: BSD-2-Clause */
/* One authgatectl command line: what main.c has read from it, and the table row that each verb's file brings. */
#ifndef AUTHGATE_CTL_VERB_H
#define AUTHGATE_CTL_VERB_H

#include <stdbool.h>
#include <stddef.h>

#define CTL_DEFAULT_CONFIGURATION "/etc/authgate/authgate.conf"
#define CTL_DEFAULT_SOCKET        "/run/authgate/admin.sock"

/* The exit statuses (DESIGN 6). */
enum status {
    STATUS_DONE = 0,
    STATUS_NO = 1, /* the answer is no, or what was asked for could not be done */
    STATUS_USAGE = 2,
    STATUS_UNREACHABLE = 3,
};

struct invocation {
    const char *configuration; /* the path of the main file */
    const char *socket;        /* NULL: the admin socket that the configuration names */
    bool json;
    char **words; /* what follows the verb, options not yet taken out */
    size_t count;
};

struct verb {
    const char *name;      /* one or two words: "account show" */
    const char *arguments; /* as the usage line shows them */
    const char *help;      /* one line */
    enum status (*run)(struct invocation *invocation);
};

/* The verbs in the order in which the help lists them. */
extern const struct verb check_verb, explain_verb, account_show_verb, account_edit_verb, account_lock_verb,
    account_unlock_verb, account_forget_verb, totp_enroll_verb, totp_confirm_verb, totp_disable_verb, totp_import_verb,
    app_password_add_verb, app_password_list_verb, app_password_revoke_verb, recovery_codes_new_verb,
    networks_list_verb, networks_forget_verb, key_rotate_verb, store_backup_verb, store_restore_verb,
    store_accept_verb, status_verb, log_verb, report_legacy_verb, report_countries_verb,
    report_stolen_verb, report_orphans_verb, incident_verb, replay_verb, suggest_countries_verb,
    doctor_verb, setup_verb;

/* An option of one verb: "--service S" sets *value. */
struct verb_option {
    const char *name; /* without the dashes */
    const char **value;
};

/* Takes --json and the options of `options` (ended by a NULL name) out of the invocation's words; what is left are the
 * operands. Says what is wrong and returns false where a word is no option, lacks its value or stands twice. */
bool verb_parse(struct invocation *invocation, const struct verb_option *options);

/* Takes an option without a value, with its dashes, out of the words. Whether it was there. To be called before
 * verb_parse, which does not know it. */
bool verb_take_flag(struct invocation *invocation, const char *flag);

/* Prints "authgatectl: …" to stderr. Always returns `status`. */
enum status verb_fail(enum status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
