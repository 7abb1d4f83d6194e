/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl networks list|forget: where an account gave a code, so that its stored password goes on working there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/when.h"

struct view {
    struct json *document, *list; /* NULL: a table */
    struct grid grid;
};

static void format_time(const char *seconds, char text[WHEN_TEXT_SIZE]) {
    text[0] = '\0';
    if (seconds != NULL)
        when_format(strtoll(seconds, NULL, 10), text);
}

static void take(void *context, const struct message *record) {
    struct view *view = context;
    const char *const *value = record->value;
    char made[WHEN_TEXT_SIZE], until[WHEN_TEXT_SIZE];
    if (strcmp(value[FIELD_RECORD], "network") != 0)
        return;
    if (view->document != NULL) {
        struct json *object = json_append_object(view->list);
        json_put_text(object, "network", value[FIELD_NETWORK]);
        json_put_number(object, "made", strtoll(value[FIELD_MADE] != NULL ? value[FIELD_MADE] : "0", NULL, 10));
        json_put_number(object, "until", strtoll(value[FIELD_UNTIL] != NULL ? value[FIELD_UNTIL] : "0", NULL, 10));
        return;
    }
    format_time(value[FIELD_MADE], made);
    format_time(value[FIELD_UNTIL], until);
    if (view->grid.count == 0)
        grid_add(&view->grid, (const char *const[]){"network", "code given", "remembered until"});
    grid_add(&view->grid, (const char *const[]){value[FIELD_NETWORK], made, until});
}

static enum status run_list(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct message question = {{NULL}};
    struct view view = {.grid = {.columns = 3}};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    if (invocation->json) {
        view.document = json_make_object();
        view.list = json_put_list(view.document, "networks");
    }
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "networks-list", &question, take, &view);
    talk_end(&talk);
    if (status != STATUS_DONE)
        return status;
    if (view.document != NULL)
        return json_print(&view.document, status);
    if (view.grid.count == 0)
        puts("no network is remembered");
    grid_print(&view.grid);
    return status;
}

static enum status run_forget(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct change forget = {.request = "networks-forget", .said = "a fresh code is due there from now on"};
    if (!verb_parse(invocation, none) || invocation->count < 1 || invocation->count > 2)
        return STATUS_USAGE;
    if (invocation->count == 2)
        forget.question.value[FIELD_NETWORK] = invocation->words[1];
    else
        forget.said = "a fresh code is due everywhere from now on";
    return change_run(invocation, &forget);
}

const struct verb networks_list_verb = {
    .name = "networks list",
    .arguments = "ACCOUNT",
    .help = "the networks from which a second factor was given, and for how long they are remembered",
    .run = run_list,
};

const struct verb networks_forget_verb = {
    .name = "networks forget",
    .arguments = "ACCOUNT [NETWORK]",
    .help = "ask for a fresh code there again, or everywhere",
    .run = run_forget,
};
