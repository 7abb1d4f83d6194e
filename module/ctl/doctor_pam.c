/* SPDX-License-Identifier: BSD-2-Clause */
/* The PAM rows: lines of ours that are missing, out of order or behind the wrong control words, and what the rest of a
 * stack makes of a refusal. Rows that try a stack in thought pass over those that an earlier row has named already. */
#include "ctl/doctor_pam.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/pam_shape.h"

#define BEGIN_LINE   "auth [success=done ignore=ignore default=die] pam_authgate.so defer"
#define COMMIT_LINE  "auth required pam_authgate.so commit"
#define ACCOUNT_LINE "account required pam_authgate.so"
#define NAME_PREFIX  "authgate-"

/* What lines that are not the gate's business may answer. */
static const enum pam_result neutral_answers[] = {PAM_RESULT_SUCCESS, PAM_RESULT_IGNORE, PAM_RESULT_AUTH_ERR};
enum { NEUTRAL_COUNT = sizeof neutral_answers / sizeof neutral_answers[0] };

typedef void look_at_service(struct doctor *doctor, const struct doctor_service *service,
                             const struct pam_shape *shape);

static void each(struct doctor *doctor, look_at_service *look) {
    for (size_t i = 0; i < doctor->service_count; i++) {
        const struct doctor_service *service = &doctor->service[i];
        struct pam_shape shape = pam_shape_of(&service->stack);
        look(doctor, service, &shape);
    }
}

static struct place top_of(const struct pam_stack *stack) {
    return (struct place){.file = stack->file};
}

/* Where a line is to be put right: the substack's line where it stands in one. */
static struct place place_of(const struct pam_line *line) {
    return line->level > 0 ? line->origin : line->place;
}

static bool gated(const struct pam_shape *shape) {
    return shape->begin != NULL || shape->commit != NULL;
}

static bool controls_right(const struct pam_shape *shape) {
    return pam_shape_control_right(shape->begin, PAM_ROLE_BEGIN) &&
           pam_shape_control_right(shape->commit, PAM_ROLE_COMMIT) &&
           pam_shape_control_right(shape->account, PAM_ROLE_ACCOUNT);
}

/* Whether it is worth trying: what is wrong otherwise has its row. */
static bool sound_so_far(const struct pam_shape *shape) {
    return shape->commit != NULL && pam_shape_complete(shape) && controls_right(shape);
}

/* ---- files ---- */

static void look_file(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->service_count; i++) {
        const struct doctor_service *service = &doctor->service[i];
        if (!service->stack.exists)
            doctor_find(doctor, service->place,
                        scrap_text(&doctor->arena, "create %s (authgate's packages ship it)", service->stack.file),
                        "%s asks PAM for the service %s, and there is no %s: libpam takes /etc/pam.d/other",
                        service->program, service->name, service->stack.file);
    }
}

static void look_other(struct doctor *doctor) {
    struct pam_stack other = pam_stack_load(&doctor->arena, doctor->root, "other");
    struct pam_shape shape = pam_shape_of(&other);
    for (size_t i = 0; i < NEUTRAL_COUNT; i++) {
        struct pam_world world = {
            .begin = PAM_RESULT_AUTH_ERR, .password = PAM_RESULT_SUCCESS, .neutral = neutral_answers[i]};
        struct pam_outcome outcome = pam_shape_try(&shape, &world);
        const struct pam_line *line = outcome.first_password != NULL ? outcome.first_password : outcome.last_auth;
        if (!outcome.let_in)
            continue;
        doctor_find(doctor, line->origin,
                    "let its auth and account lines be `auth required pam_deny.so` and `account required pam_deny.so`",
                    "a service without a file of its own logs in here by %s and never asks the gate",
                    pam_line_module(line));
        return;
    }
}

static void broken_lines(struct doctor *doctor, const struct pam_lines *lines) {
    for (size_t i = 0; i < lines->count; i++)
        if (lines->line[i].kind == PAM_LINE_BROKEN)
            doctor_find(doctor, lines->line[i].place, NULL, "%s; libpam refuses every login here",
                        lines->line[i].module);
}

static void broken_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    for (int type = 0; type < PAM_TYPE_COUNT; type++)
        broken_lines(doctor, &shape->stack->lines[type]);
}

static void look_broken(struct doctor *doctor) {
    each(doctor, broken_in);
}

/* ---- lines that are missing ---- */

static void not_gated_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    if (service->stack.exists && !service->stack.given_up && !gated(shape))
        doctor_find(doctor, top_of(shape->stack), "let it have the lines of authgate-imap (pam_authgate(8))",
                    "%s logs in by this service, and no auth line of it is pam_authgate.so", service->program);
}

static void look_not_gated(struct doctor *doctor) {
    each(doctor, not_gated_in);
}

static void begin_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (shape->begin == NULL && shape->commit != NULL)
        doctor_find(doctor, top_of(shape->stack), "as the first auth line: " BEGIN_LINE,
                    "the gate's first line is missing, so the gate is never told who logs in");
}

static void look_begin(struct doctor *doctor) {
    each(doctor, begin_in);
}

static void commit_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (shape->begin != NULL && shape->commit == NULL)
        doctor_find(doctor, shape->begin->place, "behind the password check: " COMMIT_LINE,
                    "the commit line is missing: a denial that this line defers is told to nobody");
}

static void look_commit(struct doctor *doctor) {
    each(doctor, commit_in);
}

static void account_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (gated(shape) && shape->account == NULL)
        doctor_find(doctor, top_of(shape->stack), "as the first account line: " ACCOUNT_LINE,
                    "the gate's account line is missing: one wrong auth line is enough to let a login by");
}

static void look_account(struct doctor *doctor) {
    each(doctor, account_in);
}

/* ---- lines that are wrong ---- */

static void control_of(struct doctor *doctor, const struct pam_line *line, enum pam_role role) {
    static const char *const right[] = {
        [PAM_ROLE_BEGIN] = BEGIN_LINE, [PAM_ROLE_COMMIT] = COMMIT_LINE, [PAM_ROLE_ACCOUNT] = ACCOUNT_LINE};
    if (line != NULL && !pam_shape_control_right(line, role))
        doctor_find(doctor, line->place, right[role], "%s throws away what the gate answers", line->control);
}

static void control_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    control_of(doctor, shape->begin, PAM_ROLE_BEGIN);
    control_of(doctor, shape->commit, PAM_ROLE_COMMIT);
    control_of(doctor, shape->account, PAM_ROLE_ACCOUNT);
}

static void look_control(struct doctor *doctor) {
    each(doctor, control_in);
}

static void nested_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    const struct pam_line *const ours[] = {shape->begin, shape->commit, shape->account};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (ours[i] != NULL && ours[i]->level > 0)
            doctor_find(doctor, ours[i]->place, "put it into the service's own file",
                        "a substack ends where this line says no, and what follows goes on");
}

static void look_nested(struct doctor *doctor) {
    each(doctor, nested_in);
}

static void order_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (shape->begin == NULL || shape->commit == NULL)
        return;
    if (shape->commit < shape->begin)
        doctor_find(doctor, shape->commit->place, "put it behind the password check",
                    "the commit line stands before the gate's first line");
    else if (shape->password_outside != NULL && shape->password_outside < shape->begin)
        doctor_find(doctor, shape->begin->place, "put it before every module that checks a password",
                    "%s checks the password before the gate has been asked", pam_line_module(shape->password_outside));
    else if (shape->password_outside != NULL)
        doctor_find(doctor, shape->commit->place, "put it behind every module that checks a password",
                    "%s checks the password after the gate has been told that it was right",
                    pam_line_module(shape->password_outside));
}

static void look_order(struct doctor *doctor) {
    each(doctor, order_in);
}

static void no_password_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (shape->begin != NULL && shape->password == NULL && shape->password_outside == NULL)
        doctor_find(doctor, shape->begin->place,
                    "between the gate's two auth lines: `@include common-auth`, or the lines of pam_authgate(8)",
                    "no line of this stack checks a password");
}

static void look_no_password(struct doctor *doctor) {
    each(doctor, no_password_in);
}

static void defer_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    if (shape->begin != NULL && shape->commit != NULL && pam_line_argument(shape->begin, "defer") == NULL)
        doctor_find(doctor, shape->begin->place, BEGIN_LINE,
                    "without `defer` a denial comes before the password is checked: faster than a wrong password, and "
                    "a stolen one is never noticed");
}

static void look_defer(struct doctor *doctor) {
    each(doctor, defer_in);
}

/* ---- what the stack makes of our answers ---- */

/* A login that the gate denies, at once or at the commit line, though the password is right. */
static bool denied_gets_in(const struct pam_shape *shape, const struct pam_line **culprit) {
    static const enum pam_result begins[] = {PAM_RESULT_AUTH_ERR, PAM_RESULT_AUTHINFO_UNAVAIL, PAM_RESULT_IGNORE};
    const struct pam_lines *lines = &shape->stack->lines[PAM_TYPE_AUTH];
    for (size_t i = 0; i < NEUTRAL_COUNT * 3 * lines->count; i++) {
        struct pam_world world = {.begin = begins[i % 3],
                                  .denied = true,
                                  .password = PAM_RESULT_USER_UNKNOWN,
                                  .right = &lines->line[i / 3 % lines->count],
                                  .neutral = neutral_answers[i / 3 / lines->count]};
        struct pam_outcome outcome = pam_shape_try(shape, &world);
        *culprit = outcome.last_auth;
        if (outcome.authenticated)
            return true;
    }
    return false;
}

static void denial_lost_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    const struct pam_line *culprit;
    (void)service;
    if (sound_so_far(shape) && denied_gets_in(shape, &culprit) && culprit != NULL)
        doctor_find(doctor, place_of(culprit), "take the lines of pam_authgate(8), in their order",
                    "the auth phase ends here with success although the gate denies the login; the account line alone "
                    "stands in its way");
}

static void look_denial_lost(struct doctor *doctor) {
    each(doctor, denial_lost_in);
}

/* Tries a wrong password in every way in which modules say so. */
static bool wrong_password(const struct pam_shape *shape, bool (*bad)(const struct pam_outcome *),
                           struct pam_outcome *outcome) {
    static const enum pam_result ways[] = {PAM_RESULT_AUTH_ERR, PAM_RESULT_USER_UNKNOWN, PAM_RESULT_AUTHINFO_UNAVAIL};
    for (size_t i = 0; i < NEUTRAL_COUNT * 3; i++) {
        struct pam_world world = {
            .begin = PAM_RESULT_IGNORE, .password = ways[i % 3], .neutral = neutral_answers[i / 3]};
        *outcome = pam_shape_try(shape, &world);
        if (bad(outcome))
            return true;
    }
    return false;
}

static bool gets_in(const struct pam_outcome *outcome) {
    return outcome->let_in || outcome->authenticated;
}

static bool commits(const struct pam_outcome *outcome) {
    return outcome->committed && !outcome->authenticated;
}

static void wrong_enters_in(struct doctor *doctor, const struct doctor_service *service,
                            const struct pam_shape *shape) {
    struct pam_outcome outcome;
    (void)service;
    if (shape->begin != NULL && shape->password != NULL && wrong_password(shape, gets_in, &outcome))
        doctor_find(doctor, place_of(outcome.first_password != NULL ? outcome.first_password : shape->begin),
                    "auth [success=1 default=ignore] MODULE, then `auth requisite pam_deny.so` and `auth required "
                    "pam_permit.so`",
                    "a wrong password gets through: what this line answers is thrown away");
}

static void look_wrong_enters(struct doctor *doctor) {
    each(doctor, wrong_enters_in);
}

static void wrong_commits_in(struct doctor *doctor, const struct doctor_service *service,
                             const struct pam_shape *shape) {
    struct pam_outcome outcome;
    (void)service;
    if (!gated(shape) || shape->password == NULL || !wrong_password(shape, commits, &outcome))
        return;
    const struct pam_line *line = outcome.first_password != NULL ? outcome.first_password : shape->commit;
    bool substack = line->level > 0;
    doctor_find(doctor, place_of(line),
                substack ? "write `include` (or @include) instead of `substack`"
                         : "auth [success=1 default=ignore] MODULE, then `auth requisite pam_deny.so` and `auth "
                           "required pam_permit.so`",
                "after a wrong password this %s lets the stack go on to the commit line: the gate takes it for right",
                substack ? "substack" : "line");
}

static void look_wrong_commits(struct doctor *doctor) {
    each(doctor, wrong_commits_in);
}

/* A right password, found so by one module or another. */
static bool somebody_gets_in(const struct pam_shape *shape, struct pam_outcome *outcome) {
    const struct pam_lines *lines = &shape->stack->lines[PAM_TYPE_AUTH];
    for (size_t i = 0; i < NEUTRAL_COUNT * lines->count; i++) {
        struct pam_world world = {.begin = PAM_RESULT_IGNORE,
                                  .password = PAM_RESULT_USER_UNKNOWN,
                                  .right = &lines->line[i % lines->count],
                                  .neutral = neutral_answers[i / lines->count]};
        if (pam_role_of(shape, world.right, PAM_TYPE_AUTH) != PAM_ROLE_PASSWORD)
            continue;
        *outcome = pam_shape_try(shape, &world);
        if (outcome->let_in)
            return true;
    }
    return false;
}

static void skipped_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    struct pam_outcome outcome;
    (void)service;
    if (!gated(shape) || shape->account == NULL || !somebody_gets_in(shape, &outcome) || outcome.account_asked)
        return;
    doctor_find(doctor, place_of(outcome.last_account), "put `" ACCOUNT_LINE "` before every other account line",
                "the account phase ends here, so the gate's account line below is never asked");
}

static void look_skipped(struct doctor *doctor) {
    each(doctor, skipped_in);
}

static void nobody_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    struct pam_outcome outcome = {.last_auth = NULL};
    (void)service;
    if (!sound_so_far(shape) || somebody_gets_in(shape, &outcome) || outcome.last_auth == NULL)
        return;
    if (outcome.authenticated && !outcome.committed)
        doctor_find(doctor, place_of(outcome.last_auth),
                    "auth [success=1 default=ignore] MODULE, then `auth requisite pam_deny.so` and `auth required "
                    "pam_permit.so`",
                    "a right password ends the stack here, before the commit line, and the account line then refuses");
    else
        doctor_find(doctor, place_of(outcome.last_auth), "take the lines of pam_authgate(8), in their order",
                    "nobody gets in: a right password is refused all the same");
}

static void look_nobody(struct doctor *doctor) {
    each(doctor, nobody_in);
}

/* ---- arguments and the module itself ---- */

static bool argument_known(const char *word) {
    static const char *const whole[] = {"defer", "commit", "debug"};
    static const char *const valued[] = {"socket=", "timeout=", "service="};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(word, whole[i]) == 0 ||
            (strncmp(word, valued[i], strlen(valued[i])) == 0 && word[strlen(valued[i])] != '\0'))
            return true;
    return false;
}

static void arguments_of(struct doctor *doctor, const struct pam_line *line) {
    if (line == NULL)
        return;
    for (size_t i = 0; i < line->arguments.count; i++)
        if (!argument_known(line->arguments.word[i]))
            doctor_find(doctor, line->place, "defer, commit, socket=PATH, timeout=2s, service=NAME or debug",
                        "pam_authgate.so does not know %s, and refuses every login for it", line->arguments.word[i]);
    const char *named = pam_line_argument(line, "socket=");
    const char *path = named != NULL ? named : "/run/authgate/gate.sock";
    if (doctor->settings != NULL && !doctor_socket_known(doctor, SOCKET_GATE, path))
        doctor_find(doctor, line->place, "name one of the `sockets` of kind \"gate\", or add it there",
                    "%s is no gate socket of %s", path, doctor->configuration_file);
}

static void arguments_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    arguments_of(doctor, shape->begin);
    arguments_of(doctor, shape->commit);
}

static void look_arguments(struct doctor *doctor) {
    each(doctor, arguments_in);
}

static bool module_there(struct doctor *doctor, const char *module) {
    static const char *const folders[] = {"/lib/security", "/lib64/security", "/usr/lib/security",
                                          "/usr/lib64/security"};
    if (module[0] == '/')
        return access(doctor_path(doctor, module), F_OK) == 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (access(doctor_path(doctor, scrap_text(&doctor->arena, "%s/%s", folders[i], module)), F_OK) == 0)
            return true;
    return doctor_multiarch(doctor, scrap_text(&doctor->arena, "security/%s", module)) != NULL;
}

static void module_in(struct doctor *doctor, const struct doctor_service *service, const struct pam_shape *shape) {
    (void)service;
    const struct pam_line *line = shape->begin != NULL ? shape->begin : shape->commit;
    if (line != NULL && !module_there(doctor, line->module))
        doctor_find(doctor, line->place, "install it (the package libpam-authgate)",
                    "%s is not where libpam looks for it: every login is refused", line->module);
}

static void look_module(struct doctor *doctor) {
    each(doctor, module_in);
}

const struct doctor_check doctor_pam_checks[] = {
    {"pam-file", DOCTOR_BYPASS, look_file, "a mail program's PAM service has no file of its own"},
    {"pam-other", DOCTOR_WEAK, look_other, "/etc/pam.d/other, which such services fall to, is not pam_deny"},
    {"pam-not-gated", DOCTOR_BYPASS, look_not_gated, "a mail program's PAM service has no line of the gate"},
    {"pam-begin-line", DOCTOR_BYPASS, look_begin, "the gate's first auth line is missing"},
    {"pam-commit-line", DOCTOR_BYPASS, look_commit, "the gate's commit line is missing"},
    {"pam-account-line", DOCTOR_BYPASS, look_account, "the gate's account line is missing"},
    {"pam-control", DOCTOR_BYPASS, look_control, "a line of the gate has control words that throw its answer away"},
    {"pam-nested", DOCTOR_BYPASS, look_nested, "a line of the gate stands in a substack"},
    {"pam-order", DOCTOR_BYPASS, look_order, "the password is not checked between the gate's two auth lines"},
    {"pam-no-password", DOCTOR_BYPASS, look_no_password, "nothing checks the password"},
    {"pam-wrong-enters", DOCTOR_BYPASS, look_wrong_enters, "a wrong password gets through the auth phase"},
    {"pam-denial-lost", DOCTOR_BYPASS, look_denial_lost, "a denied login gets through the auth phase"},
    {"pam-wrong-commits", DOCTOR_WEAK, look_wrong_commits, "a wrong password reaches the commit line"},
    {"pam-account-skipped", DOCTOR_WEAK, look_skipped, "an account line above the gate's ends the account phase"},
    {"pam-defer", DOCTOR_WEAK, look_defer, "denials are not deferred behind the password check"},
    {"pam-nobody", DOCTOR_OUTAGE, look_nobody, "a stack refuses everybody"},
    {"pam-arguments", DOCTOR_OUTAGE, look_arguments, "arguments that pam_authgate.so refuses, or a socket of nobody"},
    {"pam-module", DOCTOR_OUTAGE, look_module, "pam_authgate.so is not installed"},
    {"pam-broken", DOCTOR_OUTAGE, look_broken, "a line that libpam cannot read"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};

/* A file's name as a service: no copy that an editor or dpkg left. */
static int plausible(const struct dirent *entry) {
    return strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 && strpbrk(entry->d_name, ".~#") == NULL;
}

void doctor_pam_read(struct doctor *doctor) {
    const char *path = doctor_path(doctor, "/etc/pam.d");
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, plausible, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = scrap_text(&doctor->arena, "%s", entries[i]->d_name);
        doctor_add_service(doctor, name, "nobody yet",
                           (struct place){.file = scrap_text(&doctor->arena, "%s/%s", path, name)});
        free(entries[i]);
    }
    free(entries);
    for (size_t i = 0; i < doctor->service_count; i++)
        doctor->service[i].stack = pam_stack_load(&doctor->arena, doctor->root, doctor->service[i].name);
}
