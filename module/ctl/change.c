/* SPDX-License-Identifier: BSD-2-Clause */
/* One question, one line of an answer. Called by the verbs that have no more to say. */
#include "ctl/change.h"

#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "policy/account_name.h"

static void take(void *context, const struct message *record) {
    const char *account = record->value[FIELD_ACCOUNT];
    snprintf(context, ACCOUNT_NAME_SIZE, "%s", account != NULL ? account : "");
}

enum status change_run(const struct invocation *invocation, struct change *change) {
    struct talk talk;
    char account[ACCOUNT_NAME_SIZE] = "";
    change->question.value[FIELD_ACCOUNT] = invocation->words[0];
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, change->request, &change->question, take, account);
    talk_end(&talk);
    if (status != STATUS_DONE)
        return status;
    if (invocation->json) {
        struct json *document = json_make_object();
        json_put_text(document, "account", account);
        json_put_text(document, "done", change->request);
        return json_print(&document, status);
    }
    grid_print_text(account);
    printf(": %s\n", change->said);
    return status;
}
