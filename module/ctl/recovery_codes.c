/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl recovery-codes new: codes for the day when the phone is lost. Shown once. */
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "policy/account_name.h"

#define CODES 16
#define CODE_SIZE 9

struct codes {
    char account[ACCOUNT_NAME_SIZE];
    size_t count;
    char code[CODES][CODE_SIZE];
};

static void take(void *context, const struct message *record) {
    struct codes *codes = context;
    const char *digits = record->value[FIELD_DIGITS];
    if (strcmp(record->value[FIELD_RECORD], "recovery-code") != 0 || digits == NULL || codes->count == CODES)
        return;
    if (record->value[FIELD_ACCOUNT] != NULL)
        snprintf(codes->account, sizeof codes->account, "%s", record->value[FIELD_ACCOUNT]);
    snprintf(codes->code[codes->count++], CODE_SIZE, "%s", digits);
}

static enum status print(const struct codes *codes, bool json) {
    if (json) {
        struct json *document = json_make_object();
        json_put_text(document, "account", codes->account);
        struct json *list = json_put_list(document, "codes");
        for (size_t i = 0; i < codes->count; i++)
            json_append_text(list, codes->code[i]);
        return json_print(&document, STATUS_DONE);
    }
    grid_print_text(codes->account);
    puts(": recovery codes, shown this once. Each serves once, typed right behind the password; earlier ones are "
         "void.\n");
    for (size_t i = 0; i < codes->count; i++)
        printf("  %s\n", codes->code[i]);
    return STATUS_DONE;
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct codes codes = {0};
    struct message question = {{NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "recovery-codes-new", &question, take, &codes);
    talk_end(&talk);
    if (status == STATUS_DONE)
        status = print(&codes, invocation->json);
    explicit_bzero(&codes, sizeof codes);
    return status;
}

const struct verb recovery_codes_new_verb = {
    .name = "recovery-codes new",
    .arguments = "ACCOUNT",
    .help = "codes for the day when the phone is lost, each once, in the place of all earlier ones",
    .run = run,
};
