/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl status: how the running daemon is: its process, configuration, country database, sockets and counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/ask.h"
#include "ctl/grid.h"
#include "ctl/host.h"
#include "ctl/json.h"
#include "ctl/when.h"

struct view {
    struct json *document; /* NULL: tables */
    struct json *sockets, *counters;
    struct grid facts, socket_grid, counter_grid;
};

/* Facts whose value is a time: shown as one, and how long ago that was. */
static bool is_time(const char *key) {
    return strcmp(key, "started") == 0 || strcmp(key, "country_database_built") == 0;
}

static void show_time(struct grid *grid, const char *name, const char *value) {
    int64_t seconds = strtoll(value, NULL, 10);
    char moment[WHEN_TEXT_SIZE], span[WHEN_TEXT_SIZE], text[2 * WHEN_TEXT_SIZE + 8];
    int64_t ago = clock_wall() - seconds;
    when_format(seconds, moment);
    when_format_span(ago > 0 ? ago : 0, span);
    snprintf(text, sizeof text, "%s (%s ago)", moment, span);
    grid_add(grid, (const char *const[]){name, text});
}

static void take_fact(struct view *view, const char *key, const char *value) {
    char name[64];
    if (view->document != NULL) {
        char *end;
        long long number = strtoll(value, &end, 10);
        if (*end == '\0' && strcmp(key, "version") != 0)
            json_put_number(view->document, key, number);
        else
            json_put_text(view->document, key, value);
        return;
    }
    snprintf(name, sizeof name, "%s", key);
    for (char *byte = name; *byte != '\0'; byte++)
        if (*byte == '_')
            *byte = ' ';
    if (is_time(key))
        show_time(&view->facts, name, value);
    else
        grid_add(&view->facts, (const char *const[]){name, value});
}

static void take_socket(struct view *view, const char *kind, const char *path, const char *text) {
    if (view->document == NULL) {
        grid_add(&view->socket_grid, (const char *const[]){kind, path, text});
        return;
    }
    struct json *object = json_append_object(view->sockets);
    json_put_text(object, "kind", kind);
    json_put_text(object, "path", path);
    json_put_text(object, "takes", text);
}

static void take(void *context, const struct message *record) {
    struct view *view = context;
    const char *kind = record->value[FIELD_RECORD];
    const char *key = record->value[FIELD_KEY];
    const char *value = record->value[FIELD_VALUE];
    if (key == NULL || value == NULL)
        return;
    if (strcmp(kind, "status") == 0)
        take_fact(view, key, value);
    else if (strcmp(kind, "socket") == 0)
        take_socket(view, key, value, record->value[FIELD_TEXT]);
    else if (strcmp(kind, "counter") == 0 && view->document != NULL)
        json_put_number(view->counters, key, strtoll(value, NULL, 10));
    else if (strcmp(kind, "counter") == 0)
        grid_add(&view->counter_grid, (const char *const[]){key, value, record->value[FIELD_TEXT]});
}

static struct view start(bool as_json) {
    struct view view = {.facts = {.columns = 2}, .socket_grid = {.columns = 3}, .counter_grid = {.columns = 3}};
    if (as_json) {
        view.document = json_make_object();
        view.sockets = json_put_list(view.document, "sockets");
        view.counters = json_put_object(view.document, "counters");
    }
    return view;
}

static enum status print(struct view *view) {
    if (view->document != NULL)
        return json_print(&view->document, STATUS_DONE);
    grid_print(&view->facts);
    puts("sockets");
    grid_print(&view->socket_grid);
    puts("logins since the start");
    grid_print(&view->counter_grid);
    return STATUS_DONE;
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 0)
        return STATUS_USAGE;
    struct message question = {{NULL}};
    question.value[FIELD_REQUEST] = "status";
    struct configuration *configuration = host_load(invocation, invocation->socket != NULL);
    struct view view = start(invocation->json);
    enum status status = ask(host_admin_socket(invocation, configuration), &question, take, &view);
    configuration_free(&configuration);
    return status == STATUS_DONE ? print(&view) : status;
}

const struct verb status_verb = {
    .name = "status",
    .arguments = "",
    .help = "the daemon, its country database with its age, sockets and counters",
    .run = run,
};
