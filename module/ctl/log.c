/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl log: past logins one by one, as long as the history keeps them so, and what was done about accounts in
 * between. Shown as they come, so that a long log needs no memory. */
#include <stdio.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/country_code.h"
#include "ctl/grid.h"
#include "ctl/past.h"

#define AT_ONCE 500 /* rows whose columns are aligned together */

struct view {
    bool json;
    size_t shown;
    struct grid grid;
};

static void take(void *context, const struct past_row *row) {
    struct view *view = context;
    if (view->json) {
        struct json *object = json_make_object();
        past_put(object, row, false);
        fputs(view->shown++ > 0 ? "," : "", stdout);
        json_print(&object, STATUS_DONE);
        return;
    }
    char time[WHEN_TEXT_SIZE], verdict[PAST_VERDICT_SIZE];
    when_format(row->first, time);
    past_word_verdict(row, verdict);
    if (row->event[0] != '\0')
        snprintf(verdict, sizeof verdict, "%s%s%.80s", row->event, row->why[0] != '\0' ? ": " : "", row->why);
    /* A lock by hand comes from nowhere. */
    bool placed = row->event[0] == '\0' || row->address[0] != '\0' || row->network[0] != '\0';
    const char *const cells[] = {time,
                                 row->account,
                                 row->service,
                                 placed ? past_place(row) : "",
                                 placed ? past_country(row) : "",
                                 row->credential,
                                 verdict,
                                 row->ref};
    grid_add(&view->grid, cells);
    if (++view->shown % AT_ONCE == 0)
        grid_print(&view->grid);
}

static enum status show(struct talk *talk, const struct past_question *logins, bool json) {
    struct view view = {.json = json, .grid = {.columns = 8}};
    struct past_question events = *logins;
    events.what = "events";
    bool with_events = logins->address == NULL && logins->country == NULL;
    if (json)
        fputs("[\n", stdout);
    enum status status = with_events ? past_ask(talk, &events, take, &view) : STATUS_DONE;
    if (!json && view.grid.count > 0) {
        grid_print(&view.grid);
        putchar('\n');
    }
    if (status == STATUS_DONE)
        status = past_ask(talk, logins, take, &view);
    if (json)
        fputs("]\n", stdout);
    else if (view.shown > 0)
        grid_print(&view.grid);
    else if (status == STATUS_DONE)
        puts("no login that the history knows");
    return status;
}

/* Only what could be in the history; anything else would be mistaken for "no such login". */
static bool filters_fit(const struct past_question *question) {
    struct address address;
    const char *country = question->country;
    if (question->address != NULL && !address_parse(question->address, &address)) {
        verb_fail(STATUS_USAGE, "%s is no address such as 203.0.113.9", question->address);
        return false;
    }
    if (country == NULL || country_code_assigned(country_code_parse(country)))
        return true;
    const char *meant = country_code_meant(country);
    if (meant != NULL)
        verb_fail(STATUS_USAGE, "%s is no country code of ISO 3166-1; did you mean %s?", country, meant);
    else
        verb_fail(STATUS_USAGE, "%s is no country code of ISO 3166-1; write two letters such as JP", country);
    return false;
}

static enum status run(struct invocation *invocation) {
    struct past_question question = {.what = "logins"};
    const char *since = NULL, *until = NULL;
    const struct verb_option options[] = {
        {"account", &question.account}, {"since", &since}, {"until", &until}, {"address", &question.address},
        {"country", &question.country}, {NULL, NULL},
    };
    question.denied = verb_take_flag(invocation, "--denied");
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    if (!filters_fit(&question))
        return STATUS_USAGE;
    struct talk talk;
    talk_start(&talk, invocation);
    enum status status = STATUS_USAGE;
    if (past_parse_span(&question, since, "1d", until, clock_wall()))
        status = show(&talk, &question, invocation->json);
    talk_end(&talk);
    return status;
}

const struct verb log_verb = {
    .name = "log",
    .arguments = "[--account A] [--since 2d] [--until T] [--address A] [--country XX] [--denied]",
    .help = "past logins one by one, the oldest first, and what was done about accounts",
    .run = run,
};
