/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl app-password add|list|revoke: passwords for mail programs that cannot be asked for a code, each limited
 * to services. Made by the daemon, shown once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/when.h"
#include "policy/date.h"

#define SHOWN_SIZE 20 /* abcd-efgh-ijkl-mnop */

static const char *or_else(const char *text, const char *otherwise) {
    return text != NULL ? text : otherwise;
}

/* ---- add ---- */

struct made {
    bool as_json;
    struct json *document;
    char shown[SHOWN_SIZE], id[33], name[65], services[257], networks[1025], warning[256];
    int64_t expires;
};

static void show_grouped(const char *password, char shown[SHOWN_SIZE]) {
    struct buffer text;
    buffer_init(&text, shown, SHOWN_SIZE);
    for (size_t i = 0; password[i] != '\0'; i++) {
        if (i > 0 && i % 4 == 0)
            buffer_add_char(&text, '-');
        buffer_add_char(&text, password[i]);
    }
}

static void take_made(void *context, const struct message *record) {
    struct made *made = context;
    const char *const *value = record->value;
    if (strcmp(value[FIELD_RECORD], "app-password") != 0 || value[FIELD_APP_PASSWORD] == NULL)
        return;
    show_grouped(value[FIELD_APP_PASSWORD], made->shown);
    snprintf(made->id, sizeof made->id, "%s", or_else(value[FIELD_ID], ""));
    snprintf(made->name, sizeof made->name, "%s", or_else(value[FIELD_NAME], ""));
    snprintf(made->services, sizeof made->services, "%s", or_else(value[FIELD_SERVICES], ""));
    snprintf(made->networks, sizeof made->networks, "%s", or_else(value[FIELD_NETWORKS], ""));
    snprintf(made->warning, sizeof made->warning, "%s", or_else(value[FIELD_TEXT], ""));
    made->expires = strtoll(or_else(value[FIELD_EXPIRES], "0"), NULL, 10);
}

static enum status print_made(const struct made *made) {
    char moment[WHEN_TEXT_SIZE];
    if (made->as_json) {
        struct json *document = json_make_object();
        json_put_text(document, "app_password", made->shown);
        json_put_text(document, "id", made->id);
        json_put_text(document, "name", made->name);
        json_put_text(document, "services", made->services);
        json_put_text(document, "networks", made->networks);
        if (made->expires != 0)
            json_put_number(document, "expires", made->expires);
        if (made->warning[0] != '\0')
            json_put_text(document, "warning", made->warning);
        return json_print(&document, STATUS_DONE);
    }
    printf("%s\n\nShown this once. For ", made->shown);
    grid_print_text(made->services);
    printf(" %s%s", made->networks[0] != '\0' ? "from " : "from anywhere", made->networks);
    when_format(made->expires, moment);
    printf("%s%s; called \"", made->expires != 0 ? ", until " : "", made->expires != 0 ? moment : "");
    grid_print_text(made->name);
    printf("\", id %s.\n", made->id);
    if (made->warning[0] != '\0')
        verb_fail(STATUS_DONE, "%s", made->warning);
    return STATUS_DONE;
}

/* A duration from now, or a day that is still included. The configuration's time zone must have been entered. */
static bool put_expiry(const char *text, struct message *question, char number[24]) {
    int64_t seconds;
    if (text == NULL)
        return true;
    if (duration_parse(text, &seconds) && seconds > 0)
        seconds += clock_wall();
    else if (date_parse_until(text, &seconds) != DATE_OK) {
        verb_fail(STATUS_USAGE, "%s is neither a duration such as 90d nor a day such as 2027-03-31", text);
        return false;
    }
    snprintf(number, 24, "%" PRId64, seconds);
    question->value[FIELD_EXPIRES] = number;
    return true;
}

static enum status run_add(struct invocation *invocation) {
    struct talk talk;
    struct made made = {.as_json = false};
    struct message question = {{NULL}};
    const char *expires = NULL;
    char number[24];
    const struct verb_option options[] = {
        {"services", &question.value[FIELD_SERVICES]}, {"networks", &question.value[FIELD_NETWORKS]},
        {"name", &question.value[FIELD_NAME]},         {"expires", &expires},
        {NULL, NULL},
    };
    if (!verb_parse(invocation, options) || invocation->count != 1)
        return STATUS_USAGE;
    if (question.value[FIELD_SERVICES] == NULL)
        return verb_fail(STATUS_USAGE, "--services is needed, such as imap,smtp");
    if (question.value[FIELD_NAME] != NULL && !field_valid(FIELD_NAME, question.value[FIELD_NAME]))
        return verb_fail(STATUS_USAGE, "--name is at most 64 bytes of text");
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    made.as_json = invocation->json;
    talk_start(&talk, invocation);
    enum status status = STATUS_USAGE;
    if (put_expiry(expires, &question, number))
        status = talk_ask(&talk, "app-password-add", &question, take_made, &made);
    talk_end(&talk);
    if (status == STATUS_DONE)
        status = print_made(&made);
    explicit_bzero(made.shown, sizeof made.shown);
    return status;
}

/* ---- list ---- */

struct list {
    struct json *document, *items; /* NULL: a table */
    struct grid grid;
};

static void put_number(struct json *object, const char *name, const char *number) {
    if (number != NULL)
        json_put_number(object, name, strtoll(number, NULL, 10));
}

static void add_json(struct json *object, const char *const *value) {
    json_put_text(object, "id", value[FIELD_ID]);
    json_put_text(object, "name", value[FIELD_NAME]);
    json_put_text(object, "services", value[FIELD_SERVICES]);
    json_put_text(object, "networks", or_else(value[FIELD_NETWORKS], ""));
    put_number(object, "made", value[FIELD_MADE]);
    put_number(object, "expires", value[FIELD_EXPIRES]);
    put_number(object, "revoked", value[FIELD_REVOKED]);
    json_put_text(object, "revoked_by", value[FIELD_WHO]);
    put_number(object, "last_used", value[FIELD_LAST_USED]);
    json_put_text(object, "last_address", value[FIELD_CLIENT_ADDRESS]);
    json_put_text(object, "last_country", value[FIELD_COUNTRY]);
    json_put_text(object, "last_service", value[FIELD_SERVICE]);
    put_number(object, "uses", or_else(value[FIELD_USES], "0"));
}

static void word_time(const char *seconds, const char *before, const char *otherwise, char text[128]) {
    char moment[WHEN_TEXT_SIZE] = "";
    if (seconds != NULL)
        when_format(strtoll(seconds, NULL, 10), moment);
    snprintf(text, 128, "%s%s", seconds != NULL ? before : otherwise, moment);
}

static void add_row(struct grid *grid, const char *const *value) {
    char expires[128], used[128], last[256];
    if (value[FIELD_REVOKED] != NULL)
        word_time(value[FIELD_REVOKED], "revoked ", "", expires);
    else
        word_time(value[FIELD_EXPIRES], "", "never", expires);
    word_time(value[FIELD_LAST_USED], "", "", used);
    if (value[FIELD_LAST_USED] == NULL)
        snprintf(last, sizeof last, "never");
    else
        snprintf(last, sizeof last, "%s %s %s %s", used, or_else(value[FIELD_CLIENT_ADDRESS], ""),
                 or_else(value[FIELD_COUNTRY], ""), or_else(value[FIELD_SERVICE], ""));
    if (grid->count == 0)
        grid_add(grid, (const char *const[]){"id", "name", "services", "from", "expires", "uses", "last used"});
    grid_add(grid, (const char *const[]){value[FIELD_ID], value[FIELD_NAME], value[FIELD_SERVICES],
                                         or_else(value[FIELD_NETWORKS], "anywhere"), expires,
                                         or_else(value[FIELD_USES], "0"), last});
}

static void take_listed(void *context, const struct message *record) {
    struct list *list = context;
    if (strcmp(record->value[FIELD_RECORD], "app-password") != 0)
        return;
    if (list->document != NULL)
        add_json(json_append_object(list->items), record->value);
    else
        add_row(&list->grid, record->value);
}

static enum status run_list(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct message question = {{NULL}};
    struct list list = {.grid = {.columns = 7}};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    if (invocation->json) {
        list.document = json_make_object();
        list.items = json_put_list(list.document, "app_passwords");
    }
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "app-password-list", &question, take_listed, &list);
    talk_end(&talk);
    if (status != STATUS_DONE)
        return status;
    if (list.document != NULL)
        return json_print(&list.document, status);
    if (list.grid.count == 0)
        puts("no app passwords");
    grid_print(&list.grid);
    return status;
}

/* ---- revoke ---- */

static void take_revoked(void *context, const struct message *record) {
    struct made *made = context;
    snprintf(made->id, sizeof made->id, "%s", or_else(record->value[FIELD_ID], ""));
    snprintf(made->name, sizeof made->name, "%s", or_else(record->value[FIELD_NAME], ""));
}

static enum status run_revoke(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct made revoked = {.as_json = false};
    struct message question = {{NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 2)
        return STATUS_USAGE;
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    question.value[FIELD_NAME] = invocation->words[1];
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "app-password-revoke", &question, take_revoked, &revoked);
    talk_end(&talk);
    if (status != STATUS_DONE)
        return status;
    if (invocation->json) {
        struct json *document = json_make_object();
        json_put_text(document, "id", revoked.id);
        json_put_text(document, "name", revoked.name);
        return json_print(&document, status);
    }
    fputs("revoked: \"", stdout);
    grid_print_text(revoked.name);
    printf("\", id %s; it is refused from the next login on\n", revoked.id);
    return status;
}

const struct verb app_password_add_verb = {
    .name = "app-password add",
    .arguments = "ACCOUNT --services S,S [--networks N,N] [--expires DURATION|DATE] [--name NAME]",
    .help = "make a password for one mail program, shown once",
    .run = run_add,
};

const struct verb app_password_list_verb = {
    .name = "app-password list",
    .arguments = "ACCOUNT",
    .help = "an account's app passwords: what for, until when, and how each was used last",
    .run = run_list,
};

const struct verb app_password_revoke_verb = {
    .name = "app-password revoke",
    .arguments = "ACCOUNT NAME-OR-ID",
    .help = "refuse an app password from the next login on",
    .run = run_revoke,
};
