/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands where the password module stands in a stack under test: compares PAM_AUTHTOK with a table, and writes down
 * each call with what it was handed. Arguments: table=NAME:PASSWORD,… log=FILE, unavail (always PAM_AUTHINFO_UNAVAIL),
 * rename=NAME (changes PAM_USER), refuse (the account phase is PAM_ACCT_EXPIRED). */
#include <fcntl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static const char *argument(int count, const char **words, const char *name) {
    size_t length = strlen(name);
    for (int i = 0; i < count; i++)
        if (strncmp(words[i], name, length) == 0 && (words[i][length] == '=' || words[i][length] == '\0'))
            return words[i] + length + (words[i][length] == '=');
    return NULL;
}

static void write_down(const char *path, const char *user, const char *password) {
    if (path == NULL)
        return;
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    dprintf(file, "%s\t%s\n", user, password);
    close(file);
}

static bool in_table(const char *table, const char *user, const char *password) {
    size_t user_length = strlen(user);
    size_t password_length = strlen(password);
    for (; table != NULL && *table != '\0'; table += strcspn(table, ",") + (strchr(table, ',') != NULL))
        if (strncmp(table, user, user_length) == 0 && table[user_length] == ':' &&
            strcspn(table + user_length + 1, ",") == password_length &&
            strncmp(table + user_length + 1, password, password_length) == 0)
            return true;
    return false;
}

SHOWN int pam_sm_authenticate(pam_handle_t *pamh, int flags, int count, const char **words) {
    (void)flags;
    const char *user = NULL;
    const char *password = NULL;
    if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS ||
        pam_get_authtok(pamh, PAM_AUTHTOK, &password, NULL) != PAM_SUCCESS)
        return PAM_AUTH_ERR;
    write_down(argument(count, words, "log"), user, password);
    if (argument(count, words, "unavail") != NULL)
        return PAM_AUTHINFO_UNAVAIL;
    bool right = in_table(argument(count, words, "table"), user, password);
    const char *other = argument(count, words, "rename");
    if (right && other != NULL)
        pam_set_item(pamh, PAM_USER, other);
    return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

SHOWN int pam_sm_setcred(pam_handle_t *pamh, int flags, int count, const char **words) {
    (void)pamh;
    (void)flags;
    (void)count;
    (void)words;
    return PAM_SUCCESS;
}

SHOWN int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int count, const char **words) {
    (void)pamh;
    (void)flags;
    return argument(count, words, "refuse") != NULL ? PAM_ACCT_EXPIRED : PAM_SUCCESS;
}
