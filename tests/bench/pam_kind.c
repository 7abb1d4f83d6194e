/* SPDX-License-Identifier: BSD-2-Clause */
/* A login as Dovecot's PAM back end makes it: start, user, address, authenticate, account, end. The service files stand
 * in a directory of the benchmark's own, so that nothing of /etc/pam.d is read. */
#include <security/pam_appl.h>

#include <stdlib.h>
#include <string.h>

#include "scenario.h"

#define PASSWORD "correct horse"

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *context) {
    (void)context;
    struct pam_response *answers = calloc((size_t)count, sizeof *answers);
    if (answers == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            answers[i].resp = strdup(PASSWORD);
    *responses = answers;
    return PAM_SUCCESS;
}

static int transaction(const struct scenario *scenario) {
    const struct pam_conv conversation = {.conv = answer};
    pam_handle_t *pamh = NULL;
    int code = pam_start_confdir(scenario->words[1], scenario->words[2], &conversation, scenario->words[0], &pamh);
    if (code != PAM_SUCCESS)
        return PAM_ABORT;
    pam_set_item(pamh, PAM_RHOST, scenario->words[3]);
    pam_set_item(pamh, PAM_TTY, "dovecot");
    code = pam_authenticate(pamh, 0);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(pamh, 0);
    pam_end(pamh, code);
    return code;
}

static bool once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    (void)prepared;
    uint64_t start = scenario_clock();
    int code = transaction(scenario);
    *nanoseconds = scenario_clock() - start;
    if (strcmp(scenario->words[4], "allow") == 0)
        return code == PAM_SUCCESS;
    return code == PAM_AUTH_ERR || code == PAM_PERM_DENIED;
}

const struct kind pam_kind = {.name = "pam", .once = once};
