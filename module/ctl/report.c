/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl report legacy, countries and stolen: who still logs in by bare password, from where people log in, whose
 * right password came from the wrong place. Each is a table by account, or a list for programs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/grid.h"
#include "ctl/past.h"
#include "ctl/progress.h"

#define CELLS 7

/* What the three differ in. */
struct report {
    const char *what;
    const char *heads[CELLS]; /* NULL after the last */
    void (*fill)(const struct past_row *row, const char *cells[CELLS]);
    const char *none; /* said where there is no row */
};

struct line {
    char *account;
    char *cells[CELLS];
    int64_t last;
};

struct view {
    const struct report *report;
    struct json *list; /* NULL: a table */
    struct line *lines;
    size_t count, room;
};

/* The words of one row that are made rather than told. One row at a time is filled in. */
static char first[WHEN_TEXT_SIZE], last[WHEN_TEXT_SIZE], count[24];

static void fill_legacy(const struct past_row *row, const char *cells[CELLS]) {
    const char *const mine[CELLS] = {row->account, row->service, past_place(row), past_country(row),
                                     count,        last,         row->ref};
    memcpy(cells, mine, sizeof mine);
}

static void fill_countries(const struct past_row *row, const char *cells[CELLS]) {
    bool accepted = strcmp(row->verdict, "accept") == 0;
    const char *const mine[CELLS] = {row->account, past_country(row), accepted ? "accepted" : "refused", count, first,
                                     last,         row->ref};
    memcpy(cells, mine, sizeof mine);
}

static void fill_stolen(const struct past_row *row, const char *cells[CELLS]) {
    const char *const mine[CELLS] = {row->account, past_country(row), past_place(row), row->reason, count,
                                     last,         row->ref};
    memcpy(cells, mine, sizeof mine);
}

static const struct report legacy = {
    "legacy",
    {"ACCOUNT", "SERVICE", "NETWORK", "COUNTRY", "LOGINS", "LAST", "SAMPLE"},
    fill_legacy,
    "no account logged in by bare password",
};
static const struct report countries = {
    "countries",
    {"ACCOUNT", "COUNTRY", "", "LOGINS", "FIRST", "LAST", "SAMPLE"},
    fill_countries,
    "no login that the history knows",
};
static const struct report stolen = {
    "stolen",
    {"ACCOUNT", "COUNTRY", "NETWORK", "REFUSED FOR", "TIMES", "LAST", "SAMPLE"},
    fill_stolen,
    "no right password was refused",
};

static char *copy(const char *text) {
    char *made = strdup(text);
    if (made == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    return made;
}

static struct line *new_line(struct view *view) {
    if (view->count == view->room) {
        view->room = view->room > 0 ? 2 * view->room : 64;
        view->lines = reallocarray(view->lines, view->room, sizeof *view->lines);
        if (view->lines == NULL)
            exit((int)verb_fail(STATUS_NO, "out of memory"));
    }
    return &view->lines[view->count++];
}

static void take(void *context, const struct past_row *row) {
    struct view *view = context;
    if (view->list != NULL) {
        past_put(json_append_object(view->list), row, true);
        view->count++;
        return;
    }
    const char *cells[CELLS];
    past_format_time(row->first, first);
    past_format_time(row->last, last);
    snprintf(count, sizeof count, "%" PRId64, row->count);
    view->report->fill(row, cells);
    struct line *line = new_line(view);
    *line = (struct line){.account = copy(row->account), .last = row->last};
    for (size_t i = 0; i < CELLS; i++)
        line->cells[i] = copy(cells[i]);
}

/* By account, the latest first. */
static int compare(const void *one, const void *other) {
    const struct line *left = one, *right = other;
    int order = strcmp(left->account, right->account);
    return order != 0 ? order : (left->last < right->last) - (left->last > right->last);
}

static void print(struct view *view) {
    struct grid grid = {.columns = CELLS};
    if (view->count == 0) {
        puts(view->report->none);
        return;
    }
    qsort(view->lines, view->count, sizeof *view->lines, compare);
    grid_add(&grid, view->report->heads);
    for (size_t i = 0; i < view->count; i++) {
        struct line *line = &view->lines[i];
        grid_add(&grid, (const char *const *)line->cells);
        free(line->account);
        for (size_t j = 0; j < CELLS; j++)
            free(line->cells[j]);
    }
    grid_print(&grid);
    free(view->lines);
}

static enum status ask_report(struct talk *talk, struct past_question *question, const struct report *report,
                              bool json) {
    struct progress progress;
    struct view view = {.report = report, .list = json ? json_make_list() : NULL};
    question->what = report->what;
    question->progress = &progress;
    progress_start(&progress, "rows");
    enum status status = past_ask(talk, question, take, &view);
    progress_end(&progress);
    if (json)
        return json_print(&view.list, status);
    if (status == STATUS_DONE)
        print(&view);
    return status;
}

static enum status run_report(struct invocation *invocation, const struct report *report) {
    struct past_question question = {.account = NULL};
    const char *since = NULL, *until = NULL;
    const struct verb_option options[] = {
        {"account", &question.account}, {"since", &since}, {"until", &until}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    struct talk talk;
    talk_start(&talk, invocation);
    enum status status = STATUS_USAGE;
    if (past_parse_span(&question, since, "30d", until, clock_wall()))
        status = ask_report(&talk, &question, report, invocation->json);
    talk_end(&talk);
    return status;
}

static enum status run_legacy(struct invocation *invocation) {
    return run_report(invocation, &legacy);
}

static enum status run_countries(struct invocation *invocation) {
    return run_report(invocation, &countries);
}

static enum status run_stolen(struct invocation *invocation) {
    return run_report(invocation, &stolen);
}

#define ARGUMENTS "[--account A] [--since 30d] [--until T]"

const struct verb report_legacy_verb = {
    .name = "report legacy",
    .arguments = ARGUMENTS,
    .help = "who logs in by bare password: by which service, from which network, how often, when last",
    .run = run_legacy,
};

const struct verb report_countries_verb = {
    .name = "report countries",
    .arguments = ARGUMENTS,
    .help = "from which countries each account's logins come, accepted and refused",
    .run = run_countries,
};

const struct verb report_stolen_verb = {
    .name = "report stolen",
    .arguments = ARGUMENTS,
    .help = "whose right password came from the wrong place or with wrong codes",
    .run = run_stolen,
};
