/* SPDX-License-Identifier: BSD-2-Clause */
/* A login as Dovecot's PAM back end makes it: start, user, address, authenticate, account, end. The service files stand
 * in a directory of the benchmark's own, so that nothing of /etc/pam.d is read. */
#include <liboath/oath.h>
#include <security/pam_appl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pool.h"
#include "scenario.h"

#define PASSWORD "correct horse"
#define PERIOD 30
#define DIGITS 6
#define NEVER UINT32_MAX

struct login {
    const char *folder, *service, *user, *address, *password;
};

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *context) {
    const struct login *login = context;
    struct pam_response *answers = calloc((size_t)count, sizeof *answers);
    if (answers == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            answers[i].resp = strdup(login->password);
    *responses = answers;
    return PAM_SUCCESS;
}

static int transaction(struct login *login) {
    const struct pam_conv conversation = {.conv = answer, .appdata_ptr = login};
    pam_handle_t *pamh = NULL;
    int code = pam_start_confdir(login->service, login->user, &conversation, login->folder, &pamh);
    if (code != PAM_SUCCESS)
        return PAM_ABORT;
    pam_set_item(pamh, PAM_RHOST, login->address);
    pam_set_item(pamh, PAM_TTY, "dovecot");
    code = pam_authenticate(pamh, 0);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(pamh, 0);
    pam_end(pamh, code);
    return code;
}

static enum outcome once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    (void)prepared;
    const char *const *words = scenario->words;
    struct login login = {words[0], words[1], words[2], words[3], PASSWORD};
    uint64_t start = scenario_clock();
    int code = transaction(&login);
    *nanoseconds = scenario_clock() - start;
    bool right = strcmp(words[4], "allow") == 0 ? code == PAM_SUCCESS : code == PAM_AUTH_ERR || code == PAM_PERM_DENIED;
    return right ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind pam_kind = {.name = "pam", .warms = true, .once = once};

/* A login of an account that is drawn anew. */
static void *draw_prepare(const struct scenario *scenario) {
    (void)scenario;
    uint64_t *random = malloc(sizeof *random);
    if (random == NULL)
        abort();
    *random = scenario_clock() ^ (uint64_t)(unsigned)getpid() << 32;
    return random;
}

static enum outcome draw_once(const struct scenario *scenario, void *random, uint64_t *nanoseconds) {
    char user[POOL_NAME_SIZE];
    const char *const *words = scenario->words;
    pool_draw(random, strtoull(words[3], NULL, 10), strtoull(words[4], NULL, 10), user);
    struct login login = {words[0], words[1], user, words[2], PASSWORD};
    uint64_t start = scenario_clock();
    int code = transaction(&login);
    *nanoseconds = scenario_clock() - start;
    return code == PAM_SUCCESS ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind draw_kind = {.name = "draw", .warms = true, .prepare = draw_prepare, .once = draw_once};

/* A code that nobody has used: of this step or the next one, or of any higher counter. */
static bool fresh_code(const struct scenario *scenario, uint32_t *account, char code[DIGITS + 1]) {
    char secret[21];
    uint32_t step, now = (uint32_t)(time(NULL) / PERIOD);
    bool counted = strcmp(scenario->words[5], "hotp") == 0;
    const uint32_t bounds[2] = {counted ? 0 : now, counted ? NEVER : now + 1};
    uint32_t count = (uint32_t)strtoul(scenario->words[4], NULL, 10);
    if (!pool_take((unsigned)strtoul(scenario->words[3], NULL, 10), count, bounds, account, &step))
        return false;
    snprintf(secret, sizeof secret, "bench secret %07u", *account % 10000000);
    if (oath_hotp_generate(secret, sizeof secret - 1, step, DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, code) != 0)
        abort();
    return true;
}

/* A login too many would use a code up: the modules are loaded without one, and all else by a login of the floor's. */
static void *code_prepare(const struct scenario *scenario) {
    struct login login = {.service = scenario->words[1]};
    const struct pam_conv conversation = {.conv = answer, .appdata_ptr = &login};
    pam_handle_t *pamh = NULL;
    if (pam_start_confdir(login.service, "nobody", &conversation, scenario->words[0], &pamh) == PAM_SUCCESS)
        pam_end(pamh, PAM_SUCCESS);
    struct login warm = {scenario->words[0], "floor", "nobody", scenario->words[2], PASSWORD};
    transaction(&warm);
    return NULL;
}

static enum outcome code_once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    (void)prepared;
    uint32_t account;
    char user[16], code[DIGITS + 1], password[64];
    if (!fresh_code(scenario, &account, code))
        return LOGIN_NONE;
    snprintf(user, sizeof user, "u%07u", account);
    snprintf(password, sizeof password, "%s%s", PASSWORD, code);
    struct login login = {scenario->words[0], scenario->words[1], user, scenario->words[2], password};
    uint64_t start = scenario_clock();
    int result = transaction(&login);
    *nanoseconds = scenario_clock() - start;
    return result == PAM_SUCCESS ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind code_kind = {.name = "code", .prepare = code_prepare, .once = code_once};
