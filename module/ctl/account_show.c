/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl account show: the policy that holds for an account now, each value with the file and line that set it, as
 * the running daemon has it. */
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/host.h"
#include "ctl/policy_view.h"
#include "ctl/verb.h"

struct show {
    struct json *document; /* NULL: a table */
    struct policy_view policy;
};

static void take_account(struct show *show, const struct message *record) {
    if (show->document != NULL) {
        json_put_text(show->document, "account", record->value[FIELD_ACCOUNT]);
        return;
    }
    grid_print_text(record->value[FIELD_ACCOUNT] != NULL ? record->value[FIELD_ACCOUNT] : "");
    putchar('\n');
}

static void take(void *context, const struct message *record) {
    struct show *show = context;
    const char *kind = record->value[FIELD_RECORD];
    if (strcmp(kind, "account") == 0)
        take_account(show, record);
    else if (strcmp(kind, "policy") == 0)
        policy_view_take(&show->policy, record);
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    struct message question = {{NULL}};
    question.value[FIELD_REQUEST] = "account-show";
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    struct show show = {.document = invocation->json ? json_make_object() : NULL};
    show.policy = policy_view_start(invocation->json ? json_put_list(show.document, "policy") : NULL, false);
    struct configuration *configuration = host_load(invocation, invocation->socket != NULL);
    enum status status = ask(host_admin_socket(invocation, configuration), &question, take, &show);
    configuration_free(&configuration);
    if (status == STATUS_DONE && show.document != NULL)
        return json_print(&show.document, status);
    if (status == STATUS_DONE)
        policy_view_print(&show.policy);
    return status;
}

const struct verb account_show_verb = {
    .name = "account show",
    .arguments = "ACCOUNT",
    .help = "the policy that holds for an account, each value with the file and line that set it",
    .run = run,
};
