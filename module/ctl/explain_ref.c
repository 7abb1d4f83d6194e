/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks a ref up in the history, and asks the daemon to judge the same login once more: an administrator who is told a
 * ref wants to know both. Called by explain.c. */
#include "ctl/explain_ref.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/grid.h"
#include "ctl/past.h"

struct view {
    struct json *document; /* NULL: a table */
    size_t found;
    struct grid grid;
    /* of the first row, for the question after it */
    char account[1025], service[65], address[65], credential[65], mechanism[65], at[24];
};

bool explain_is_ref(const struct invocation *invocation) {
    return invocation->count == 1 && field_valid(FIELD_REF, invocation->words[0]);
}

static void add(struct view *view, const char *name, const char *value) {
    if (value[0] != '\0')
        grid_add(&view->grid, (const char *const[]){name, value});
}

static void show(struct view *view, const struct past_row *row) {
    char first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE], verdict[PAST_VERDICT_SIZE], many[192];
    when_format(row->first, first);
    when_format(row->last, last);
    past_word_verdict(row, verdict);
    add(view, "account", row->account);
    add(view, "service", row->service);
    add(view, "from", past_place(row));
    add(view, "country", past_country(row));
    add(view, "credential", row->credential);
    add(view, "mechanism", row->mechanism);
    add(view, "verdict", verdict);
    if (strcmp(row->password, "unknown") != 0)
        add(view, "password", row->password);
    add(view, "at", first);
    if (row->count > 1) {
        snprintf(many, sizeof many, "%" PRId64 " logins alike that day, the last %s", row->count, last);
        add(view, "stands for", many);
    }
}

static void take(void *context, const struct past_row *row) {
    struct view *view = context;
    if (view->found++ > 0)
        return;
    snprintf(view->account, sizeof view->account, "%s", row->account);
    snprintf(view->service, sizeof view->service, "%s", row->service);
    snprintf(view->address, sizeof view->address, "%s", row->address);
    snprintf(view->credential, sizeof view->credential, "%s", row->credential);
    snprintf(view->mechanism, sizeof view->mechanism, "%s", row->mechanism);
    snprintf(view->at, sizeof view->at, "%" PRId64, row->first);
    if (view->document != NULL)
        past_put(view->document, row, false);
    else
        show(view, row);
}

static void take_verdict(void *context, const struct message *record) {
    struct view *view = context;
    const char *const *value = record->value;
    if (strcmp(value[FIELD_RECORD], "verdict") != 0 || value[FIELD_VERDICT] == NULL)
        return;
    if (view->document != NULL) {
        struct json *now = json_put_object(view->document, "by_todays_policy");
        json_put_text(now, "verdict", value[FIELD_VERDICT]);
        json_put_text(now, "reason", value[FIELD_REASON]);
        json_put_text(now, "would", value[FIELD_VALUE]);
        json_put_text(now, "why", value[FIELD_TEXT]);
        json_put_text(now, "source", value[FIELD_SOURCE]);
        return;
    }
    char text[512];
    snprintf(text, sizeof text, "%s%s%.64s%s%.300s%s", value[FIELD_VERDICT], value[FIELD_REASON] != NULL ? " " : "",
             value[FIELD_REASON] != NULL ? value[FIELD_REASON] : "", value[FIELD_TEXT] != NULL ? " (" : "",
             value[FIELD_TEXT] != NULL ? value[FIELD_TEXT] : "", value[FIELD_TEXT] != NULL ? ")" : "");
    add(view, "by today's policy", text);
    if (value[FIELD_SOURCE] != NULL)
        add(view, "set at", value[FIELD_SOURCE]);
}

static enum status judge_again(struct talk *talk, struct view *view) {
    struct message question = {{NULL}};
    question.value[FIELD_ACCOUNT] = view->account;
    question.value[FIELD_SERVICE] = view->service;
    question.value[FIELD_CLIENT_ADDRESS] = view->address[0] != '\0' ? view->address : NULL;
    question.value[FIELD_CREDENTIAL] = view->credential[0] != '\0' ? view->credential : NULL;
    question.value[FIELD_MECHANISM] = view->mechanism[0] != '\0' ? view->mechanism : NULL;
    question.value[FIELD_AT] = view->at;
    if (view->account[0] == '\0' || view->service[0] == '\0')
        return STATUS_DONE; /* it was malformed: there is nothing to judge */
    return talk_ask(talk, "explain", &question, take_verdict, view);
}

enum status explain_ref(struct invocation *invocation) {
    struct talk talk;
    struct view view = {.document = invocation->json ? json_make_object() : NULL, .grid = {.columns = 2}};
    talk_start(&talk, invocation);
    const struct past_question question = {.what = "logins", .ref = invocation->words[0]};
    enum status status = past_ask(&talk, &question, take, &view);
    if (status == STATUS_DONE && view.found == 0)
        status = verb_fail(STATUS_NO, "the history has no login %s", invocation->words[0]);
    else if (status == STATUS_DONE)
        status = judge_again(&talk, &view);
    talk_end(&talk);
    if (invocation->json)
        return json_print(&view.document, status);
    grid_print(&view.grid);
    return status;
}
