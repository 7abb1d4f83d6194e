/* SPDX-License-Identifier: BSD-2-Clause */
/* pam_authgate.so's entry points, called by libpam for the lines of a stack that name it (pam_authgate(8)): `begin`
 * before the password module, `commit` after it, the account phase, and the cleanup when the transaction ends. It keeps
 * the login in PAM's data, cuts the code off PAM_AUTHTOK, and turns answers into PAM codes. Every path starts as an
 * error; only outcome.c's table makes it PAM_IGNORE or PAM_SUCCESS. It opens no file, never sleeps, never changes
 * PAM_USER and shows the user nothing. */
#include <security/pam_modules.h>

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "pam/arguments.h"
#include "pam/login.h"
#include "pam/outcome.h"
#include "pam/report.h"

#define ENTRY          __attribute__((visibility("default")))
#define DATA_NAME      "authgate_login"
#define SERVICE_PREFIX "authgate-"

static struct gate_access gate_access(const struct arguments *arguments) {
    return (struct gate_access){.socket = arguments->socket, .deadline = clock_monotonic() + arguments->timeout};
}

/* libpam's call at the end of the transaction, or when a further pam_authenticate replaces this login. */
static void clean_up(pam_handle_t *pamh, void *data, int status) {
    struct login *login = data;
    if (login == NULL)
        return;
    if (login->process == getpid() && (status & PAM_DATA_SILENT) == 0) {
        enum end_status end;
        if (outcome_end(&login->progress, status, &end))
            login_end(login, end);
        if (status == PAM_SUCCESS && !login->permitted)
            report(pamh, LOG_CRIT, "this login succeeded past the gate; correct the stack", login);
    }
    login_destroy(&login);
}

/* The login of this transaction, NULL where there is none yet. False where libpam cannot tell. */
static bool find_login(pam_handle_t *pamh, struct login **login) {
    const void *data = NULL;
    int code = pam_get_data(pamh, DATA_NAME, &data);
    *login = code == PAM_SUCCESS ? (struct login *)(size_t)data : NULL;
    return code == PAM_SUCCESS || code == PAM_NO_MODULE_DATA;
}

/* Puts a new login in the place of what an earlier try left. */
static int replace_login(pam_handle_t *pamh, struct login **login) {
    *login = login_create();
    if (*login == NULL)
        return PAM_BUF_ERR;
    if (pam_set_data(pamh, DATA_NAME, *login, clean_up) == PAM_SUCCESS)
        return PAM_SUCCESS;
    login_destroy(login);
    return PAM_SYSTEM_ERR;
}

static bool parse_arguments(const pam_handle_t *pamh, struct arguments *arguments, int argc, const char **argv) {
    const char *fault = arguments_parse(arguments, argc, argv);
    if (fault != NULL)
        report_text(pamh, LOG_ERR, "this argument is unknown, wrong or out of place", fault);
    return fault == NULL;
}

static int collect_service(pam_handle_t *pamh, const struct arguments *arguments, struct login *login) {
    const char *service = arguments->service;
    if (service == NULL) {
        const void *item = NULL;
        if (pam_get_item(pamh, PAM_SERVICE, &item) != PAM_SUCCESS || item == NULL)
            return PAM_SYSTEM_ERR;
        service = item;
        if (strncmp(service, SERVICE_PREFIX, strlen(SERVICE_PREFIX)) == 0)
            service += strlen(SERVICE_PREFIX);
    }
    if (login_set_service(login, service))
        return PAM_SUCCESS;
    report_text(pamh, LOG_ERR, "refused, no such service can be", service);
    return PAM_SYSTEM_ERR;
}

/* Takes the facts that the caller of libpam knows, and what was typed. */
static int collect(pam_handle_t *pamh, const struct arguments *arguments, struct login *login, const char **typed) {
    const char *user = NULL;
    if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL)
        return PAM_SYSTEM_ERR;
    const void *address = NULL;
    if (collect_service(pamh, arguments, login) != PAM_SUCCESS ||
        pam_get_item(pamh, PAM_RHOST, &address) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    login_set_address(login, address);
    if (!login_set_user(login, user)) {
        report_text(pamh, LOG_NOTICE, "refused, no such name can be", user);
        return PAM_AUTH_ERR;
    }
    *typed = NULL;
    if (pam_get_authtok(pamh, PAM_AUTHTOK, typed, NULL) != PAM_SUCCESS || *typed == NULL)
        return PAM_SYSTEM_ERR;
    if (**typed == '\0') {
        report(pamh, LOG_NOTICE, "refused, an empty password", login);
        return PAM_AUTH_ERR;
    }
    login_set_password(login, *typed);
    login->defer = arguments->defer;
    return PAM_SUCCESS;
}

/* Leaves the next module the password without the code, and remembers its mark. */
static int hand_on(pam_handle_t *pamh, struct login *login, const char *typed) {
    size_t code_length = login_code_length(login);
    if (code_length == 0) {
        login_mark(login, typed);
        return PAM_IGNORE;
    }
    struct secret rest = {0};
    if (strlen(typed) <= code_length) {
        report(pamh, LOG_NOTICE, "refused, a code without a password", login);
        return PAM_AUTH_ERR;
    }
    if (!password_cut(typed, code_length, &rest))
        return PAM_BUF_ERR;
    login_mark(login, rest.bytes);
    int set = pam_set_item(pamh, PAM_AUTHTOK, rest.bytes);
    secret_clear(&rest);
    return set == PAM_SUCCESS ? PAM_IGNORE : PAM_SYSTEM_ERR;
}

/* One line for what the gate said, or for its silence. */
static void report_answer(const pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
                          int code) {
    if (login->trouble != NULL)
        report(pamh, LOG_WARNING, login->trouble, login);
    else if (code != PAM_IGNORE && code != PAM_SUCCESS)
        report(pamh, LOG_NOTICE, "refused", login);
    else if (arguments->debug)
        report(pamh, LOG_DEBUG, verdict_name(login->answer.verdict), login);
}

static int begin(pam_handle_t *pamh, const struct arguments *arguments, struct login *login) {
    const char *typed = NULL;
    int code = collect(pamh, arguments, login, &typed);
    if (code != PAM_SUCCESS)
        return code;
    struct gate_access access = gate_access(arguments);
    login_begin(login, &access);
    struct terms terms = {.defer = login->defer, .app_password = login->app_password[0] != '\0'};
    code = outcome_code(REQUEST_BEGIN, &login->answer, &terms);
    report_answer(pamh, arguments, login, code);
    if (code == PAM_IGNORE)
        code = hand_on(pamh, login, typed);
    login->permitted = code == PAM_SUCCESS;
    login->committable = code == PAM_IGNORE;
    return code;
}

static bool same_user(pam_handle_t *pamh, const struct login *login) {
    const void *user = NULL;
    return pam_get_item(pamh, PAM_USER, &user) == PAM_SUCCESS && user != NULL && strcmp(user, login->user) == 0;
}

static int commit(pam_handle_t *pamh, const struct arguments *arguments, struct login *login) {
    if (login == NULL || !login->committable || login->process != getpid() || !same_user(pamh, login)) {
        report(pamh, LOG_ERR, "refused, a commit without its begin", login);
        return PAM_SYSTEM_ERR;
    }
    login->committable = false;
    const void *password = NULL;
    if (pam_get_item(pamh, PAM_AUTHTOK, &password) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    struct gate_access access = gate_access(arguments);
    login_commit(login, &access, password);
    struct terms terms = {0};
    int code = outcome_code(REQUEST_COMMIT, &login->answer, &terms);
    if (login->deferred)
        code = PAM_AUTH_ERR;
    report_answer(pamh, arguments, login, code);
    login->permitted = code == PAM_IGNORE;
    return code;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
    (void)flags;
    int code = PAM_SYSTEM_ERR;
    struct arguments arguments;
    struct login *login;
    if (!find_login(pamh, &login))
        return code;
    /* Whatever an earlier line or try came to, the account phase refuses until this line says otherwise. */
    if (login != NULL)
        login->permitted = false;
    if (!parse_arguments(pamh, &arguments, argc, argv))
        return code;
    if (arguments.commit)
        return commit(pamh, &arguments, login);
    code = replace_login(pamh, &login);
    return code == PAM_SUCCESS ? begin(pamh, &arguments, login) : code;
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
    (void)flags;
    struct arguments arguments;
    if (!parse_arguments(pamh, &arguments, argc, argv))
        return PAM_PERM_DENIED;
    struct login *login;
    if (find_login(pamh, &login) && login != NULL && login->permitted && same_user(pamh, login))
        return PAM_SUCCESS;
    report(pamh, LOG_NOTICE, "refused, no login that the gate accepted", login);
    return PAM_PERM_DENIED;
}
