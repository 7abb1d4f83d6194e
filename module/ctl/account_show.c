/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl account show: what the store has of an account, its locks first to be seen, what throttles it, and the
 * policy that holds for it now, each value with the file and line that set it, as the running daemon has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/host.h"
#include "ctl/policy_view.h"
#include "ctl/verb.h"
#include "ctl/when.h"

struct show {
    struct json *document; /* NULL: a table */
    struct json *stored, *locks, *throttles;
    struct grid grid;
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

/* "totp: confirmed since 2026-11-21 10:00:00 JST" */
static void take_state(struct show *show, const char *const *value) {
    const char *made = value[FIELD_MADE];
    const char *text = value[FIELD_TEXT] != NULL ? value[FIELD_TEXT] : "";
    if (show->document != NULL) {
        char *end;
        const char *state = value[FIELD_VALUE] != NULL ? value[FIELD_VALUE] : "";
        long long number = strtoll(state, &end, 10);
        if (end != state && *end == '\0')
            json_put_number(show->stored, value[FIELD_KEY], number);
        else
            json_put_text(show->stored, value[FIELD_KEY], state);
        if (made != NULL)
            json_put_number(show->stored, "since", strtoll(made, NULL, 10));
        return;
    }
    char name[64], words[512], moment[WHEN_TEXT_SIZE] = "";
    if (made != NULL)
        when_format(strtoll(made, NULL, 10), moment);
    snprintf(name, sizeof name, "%s", value[FIELD_KEY]);
    for (char *byte = name; *byte != '\0'; byte++)
        *byte = *byte == '_' ? ' ' : *byte;
    snprintf(words, sizeof words, "%s%s%s%s%s", value[FIELD_VALUE], moment[0] != '\0' ? " since " : "", moment,
             text[0] == '\0'     ? ""
             : moment[0] != '\0' ? ": "
                                 : " ",
             text);
    grid_add(&show->grid, (const char *const[]){name, words});
}

static void take_lock(struct show *show, const char *const *value) {
    const char *who = value[FIELD_WHO] != NULL ? value[FIELD_WHO] : "";
    const char *why = value[FIELD_TEXT] != NULL ? value[FIELD_TEXT] : "";
    int64_t at = strtoll(value[FIELD_MADE] != NULL ? value[FIELD_MADE] : "0", NULL, 10);
    int64_t until = strtoll(value[FIELD_UNTIL] != NULL ? value[FIELD_UNTIL] : "0", NULL, 10);
    if (show->document != NULL) {
        struct json *lock = json_append_object(show->locks);
        json_put_text(lock, "by", value[FIELD_VALUE]);
        json_put_text(lock, "who", who);
        json_put_text(lock, "reason", why);
        json_put_number(lock, "at", at);
        if (until != 0)
            json_put_number(lock, "until", until);
        return;
    }
    char words[1024], moment[WHEN_TEXT_SIZE], end[WHEN_TEXT_SIZE];
    when_format(at, moment);
    when_format(until, end);
    snprintf(words, sizeof words, "since %s by %s: %s (%s%s)", moment, who[0] != '\0' ? who : value[FIELD_VALUE], why,
             until != 0 ? "until " : "until it is unlocked", until != 0 ? end : "");
    grid_add(&show->grid, (const char *const[]){"LOCKED", words});
}

static void take_throttle(struct show *show, const char *const *value) {
    const char *network = value[FIELD_NETWORK] != NULL ? value[FIELD_NETWORK] : "an unknown address";
    const char *why = value[FIELD_TEXT] != NULL ? value[FIELD_TEXT] : "";
    int64_t until = strtoll(value[FIELD_UNTIL] != NULL ? value[FIELD_UNTIL] : "0", NULL, 10);
    char words[1024], end[WHEN_TEXT_SIZE];
    if (show->document != NULL) {
        struct json *throttle = json_append_object(show->throttles);
        json_put_text(throttle, "network", value[FIELD_NETWORK]);
        json_put_text(throttle, "state", value[FIELD_VALUE]);
        json_put_text(throttle, "why", why);
        json_put_number(throttle, "until", until);
        return;
    }
    when_format(until, end);
    snprintf(words, sizeof words, "from %s until %s: %s", network, end, why);
    grid_add(&show->grid, (const char *const[]){"THROTTLED", words});
}

static void take(void *context, const struct message *record) {
    struct show *show = context;
    const char *kind = record->value[FIELD_RECORD];
    if (strcmp(kind, "account") == 0)
        take_account(show, record);
    else if (strcmp(kind, "state") == 0 && record->value[FIELD_KEY] != NULL && record->value[FIELD_VALUE] != NULL)
        take_state(show, record->value);
    else if (strcmp(kind, "lock") == 0)
        take_lock(show, record->value);
    else if (strcmp(kind, "throttle") == 0)
        take_throttle(show, record->value);
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
    struct show show = {.document = invocation->json ? json_make_object() : NULL, .grid = {.columns = 2}};
    show.stored = invocation->json ? json_put_object(show.document, "second_factor") : NULL;
    show.locks = invocation->json ? json_put_list(show.document, "locks") : NULL;
    show.throttles = invocation->json ? json_put_list(show.document, "throttles") : NULL;
    show.policy = policy_view_start(invocation->json ? json_put_list(show.document, "policy") : NULL, false);
    struct configuration *configuration = host_load(invocation, invocation->socket != NULL);
    enum status status = ask(host_admin_socket(invocation, configuration), &question, take, &show);
    configuration_free(&configuration);
    if (status == STATUS_DONE && show.document != NULL)
        return json_print(&show.document, status);
    if (status != STATUS_DONE)
        return status;
    grid_print(&show.grid);
    policy_view_print(&show.policy);
    return status;
}

const struct verb account_show_verb = {
    .name = "account show",
    .arguments = "ACCOUNT",
    .help = "an account's second factor, app passwords and locks, and the policy that holds for it",
    .run = run,
};
