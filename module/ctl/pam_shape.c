/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets logins go through a stack in thought: one whose password is wrong, one that the gate denies, one that is right.
 * Our own lines answer as pam_authgate(8) says, the others as a world says. Called by doctor's PAM checks. */
#include "ctl/pam_shape.h"

#include <string.h>

#include "ctl/pam_walk.h"

static const char *const checkers[] = {"pam_unix.so",    "pam_unix2.so",        "pam_sss.so",
                                       "pam_ldap.so",    "pam_krb5.so",         "pam_winbind.so",
                                       "pam_pwdfile.so", "pam_mysql.so",        "pam_pgsql.so",
                                       "pam_sqlite.so",  "pam_userdb.so",       "pam_radius_auth.so",
                                       "pam_tcb.so",     "pam_systemd_home.so", "pam_imap.so",
                                       "pam_http.so",    "pam_pwdb.so",         "pam_himmelblau.so",
                                       "pam_aad.so",     "pam_heimdal.so",      NULL};
static const char *const bystanders[] = {"pam_env.so",
                                         "pam_faildelay.so",
                                         "pam_faillock.so",
                                         "pam_nologin.so",
                                         "pam_cap.so",
                                         "pam_group.so",
                                         "pam_localuser.so",
                                         "pam_usertype.so",
                                         "pam_succeed_if.so",
                                         "pam_access.so",
                                         "pam_listfile.so",
                                         "pam_time.so",
                                         "pam_securetty.so",
                                         "pam_shells.so",
                                         "pam_keyinit.so",
                                         "pam_warn.so",
                                         "pam_echo.so",
                                         "pam_rootok.so",
                                         "pam_tally2.so",
                                         "pam_gnome_keyring.so",
                                         "pam_mount.so",
                                         "pam_ecryptfs.so",
                                         "pam_limits.so",
                                         "pam_abl.so",
                                         "pam_geoip.so",
                                         "pam_motd.so",
                                         "pam_mail.so",
                                         "pam_lastlog.so",
                                         NULL};

static bool among(const char *const *list, const char *word) {
    while (*list != NULL && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

static enum pam_role role_of(const struct pam_line *line, enum pam_type type, bool unknown_checks) {
    const char *module = pam_line_module(line);
    if (line->kind == PAM_LINE_BROKEN)
        return PAM_ROLE_BROKEN;
    if (line->kind == PAM_LINE_SUBSTACK)
        return PAM_ROLE_NEUTRAL;
    if (strcmp(module, "pam_authgate.so") == 0 && type == PAM_TYPE_ACCOUNT)
        return PAM_ROLE_ACCOUNT;
    if (strcmp(module, "pam_authgate.so") == 0)
        return pam_line_argument(line, "commit") != NULL ? PAM_ROLE_COMMIT : PAM_ROLE_BEGIN;
    if (strcmp(module, "pam_permit.so") == 0)
        return PAM_ROLE_PERMIT;
    if (strcmp(module, "pam_deny.so") == 0)
        return PAM_ROLE_DENY;
    if (type == PAM_TYPE_ACCOUNT)
        return PAM_ROLE_NEUTRAL;
    if (among(checkers, module) || pam_line_argument(line, "expose_authtok") != NULL)
        return PAM_ROLE_PASSWORD;
    bool known = among(bystanders, module) || strcmp(module, "pam_exec.so") == 0;
    return unknown_checks && !known ? PAM_ROLE_PASSWORD : PAM_ROLE_NEUTRAL;
}

enum pam_role pam_role_of(const struct pam_shape *shape, const struct pam_line *line, enum pam_type type) {
    return role_of(line, type, shape->unknown_checks);
}

static const struct pam_line *first_of(const struct pam_shape *shape, enum pam_type type, enum pam_role role) {
    const struct pam_lines *lines = &shape->stack->lines[type];
    for (size_t i = 0; i < lines->count; i++)
        if (pam_role_of(shape, &lines->line[i], type) == role)
            return &lines->line[i];
    return NULL;
}

static bool between(const struct pam_shape *shape, const struct pam_line *line) {
    return shape->begin != NULL && shape->commit != NULL && shape->begin < line && line < shape->commit;
}

struct pam_shape pam_shape_of(const struct pam_stack *stack) {
    struct pam_shape shape = {.stack = stack};
    shape.unknown_checks = first_of(&shape, PAM_TYPE_AUTH, PAM_ROLE_PASSWORD) == NULL;
    shape.begin = first_of(&shape, PAM_TYPE_AUTH, PAM_ROLE_BEGIN);
    shape.commit = first_of(&shape, PAM_TYPE_AUTH, PAM_ROLE_COMMIT);
    shape.account = first_of(&shape, PAM_TYPE_ACCOUNT, PAM_ROLE_ACCOUNT);
    const struct pam_lines *lines = &stack->lines[PAM_TYPE_AUTH];
    for (size_t i = lines->count; i-- > 0;) {
        const struct pam_line *line = &lines->line[i];
        if (pam_role_of(&shape, line, PAM_TYPE_AUTH) != PAM_ROLE_PASSWORD)
            continue;
        if (between(&shape, line))
            shape.password = line;
        else
            shape.password_outside = line;
    }
    return shape;
}

bool pam_shape_complete(const struct pam_shape *shape) {
    return shape->begin != NULL && shape->account != NULL && shape->password != NULL && shape->password_outside == NULL;
}

static bool fatal(int action) {
    return action == PAM_ACTION_BAD || action == PAM_ACTION_DIE;
}

bool pam_shape_control_right(const struct pam_line *line, enum pam_role role) {
    for (int result = 0; result < PAM_RESULT_COUNT; result++) {
        int action = line->actions[result];
        bool right = fatal(action);
        if (role == PAM_ROLE_BEGIN)
            right = action == PAM_ACTION_DIE;
        if (result == PAM_RESULT_SUCCESS && role != PAM_ROLE_COMMIT)
            right = role == PAM_ROLE_BEGIN ? action == PAM_ACTION_DONE : action == PAM_ACTION_OK;
        else if (result == PAM_RESULT_SUCCESS || result == PAM_RESULT_NEW_AUTHTOK_REQD)
            right = true; /* no answer of this line */
        else if (result == PAM_RESULT_IGNORE)
            right = action == PAM_ACTION_IGNORE || role == PAM_ROLE_ACCOUNT;
        if (!right)
            return false;
    }
    return true;
}

/* ---- a login ---- */

struct trial {
    const struct pam_shape *shape;
    const struct pam_world *world;
    struct pam_outcome outcome;
    enum pam_type type;
    bool begun;   /* the first line let it go on */
    bool settled; /* an app password, or a commit that was accepted */
};

static enum pam_result answer_begin(struct trial *trial) {
    enum pam_result result = trial->world->begin;
    trial->begun = result == PAM_RESULT_IGNORE;
    trial->settled = result == PAM_RESULT_SUCCESS;
    return result;
}

static enum pam_result answer_commit(struct trial *trial) {
    trial->outcome.committed = true;
    if (!trial->begun)
        return PAM_RESULT_SYSTEM_ERR;
    trial->settled = !trial->world->denied;
    return trial->settled ? PAM_RESULT_IGNORE : PAM_RESULT_AUTH_ERR;
}

static enum pam_result answer_password(struct trial *trial, const struct pam_line *line) {
    if (trial->outcome.first_password == NULL)
        trial->outcome.first_password = line;
    return line == trial->world->right ? PAM_RESULT_SUCCESS : trial->world->password;
}

static enum pam_result answer(void *context, const struct pam_line *line) {
    struct trial *trial = context;
    if (trial->type == PAM_TYPE_AUTH)
        trial->outcome.last_auth = line;
    else
        trial->outcome.last_account = line;
    switch (pam_role_of(trial->shape, line, trial->type)) {
    case PAM_ROLE_BEGIN:
        return answer_begin(trial);
    case PAM_ROLE_COMMIT:
        return answer_commit(trial);
    case PAM_ROLE_ACCOUNT:
        trial->outcome.account_asked = true;
        return trial->settled ? PAM_RESULT_SUCCESS : PAM_RESULT_PERM_DENIED;
    case PAM_ROLE_PASSWORD:
        return answer_password(trial, line);
    case PAM_ROLE_PERMIT:
        return PAM_RESULT_SUCCESS;
    case PAM_ROLE_DENY:
        return PAM_RESULT_AUTH_ERR;
    case PAM_ROLE_NEUTRAL:
        return trial->type == PAM_TYPE_AUTH ? trial->world->neutral : PAM_RESULT_SUCCESS;
    case PAM_ROLE_BROKEN:
        break;
    }
    return PAM_RESULT_PERM_DENIED;
}

struct pam_outcome pam_shape_try(const struct pam_shape *shape, const struct pam_world *world) {
    struct trial trial = {.shape = shape, .world = world, .type = PAM_TYPE_AUTH};
    trial.outcome.authenticated = pam_walk(&shape->stack->lines[PAM_TYPE_AUTH], answer, &trial) == PAM_RESULT_SUCCESS;
    trial.type = PAM_TYPE_ACCOUNT;
    bool account = pam_walk(&shape->stack->lines[PAM_TYPE_ACCOUNT], answer, &trial) == PAM_RESULT_SUCCESS;
    trial.outcome.let_in = trial.outcome.authenticated && account;
    return trial.outcome;
}
