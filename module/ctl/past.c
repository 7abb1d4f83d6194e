/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the daemon's history on behalf of the verbs. Each page is a question of its own, so that neither end keeps
 * anything between two of them. */
#include "ctl/past.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/progress.h"
#include "policy/date.h"

struct pages {
    const struct past_question *question;
    take_past *take;
    void *context;
    char after[512]; /* "": this was the last page */
    size_t rows;
};

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static int64_t number(const char *text) {
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static struct past_row read_row(const struct message *record) {
    const char *const *value = record->value;
    bool event = strcmp(value[FIELD_RECORD], "event") == 0;
    struct past_row row = {
        .first = number(value[FIELD_AT]),
        .last = number(value[event ? FIELD_AT : FIELD_LAST]),
        .count = event ? 1 : number(value[FIELD_TIMES]),
        .ref = or_empty(value[FIELD_REF]),
        .account = or_empty(value[FIELD_ACCOUNT]),
        .service = or_empty(value[FIELD_SERVICE]),
        .mechanism = or_empty(value[FIELD_MECHANISM]),
        .address = or_empty(value[FIELD_CLIENT_ADDRESS]),
        .network = or_empty(value[FIELD_NETWORK]),
        .country = or_empty(value[FIELD_COUNTRY]),
        .credential = or_empty(value[FIELD_CREDENTIAL]),
        .verdict = or_empty(value[FIELD_VERDICT]),
        .reason = or_empty(value[FIELD_REASON]),
        .password = event ? "" : or_empty(value[FIELD_VALUE]),
        .event = event ? or_empty(value[FIELD_KEY]) : "",
        .who = or_empty(value[FIELD_WHO]),
        .why = or_empty(value[FIELD_TEXT]),
        .until = number(value[FIELD_UNTIL]),
    };
    return row;
}

static void take_record_of_page(void *context, const struct message *record) {
    struct pages *pages = context;
    const char *kind = record->value[FIELD_RECORD];
    if (strcmp(kind, "more") == 0) {
        snprintf(pages->after, sizeof pages->after, "%s", or_empty(record->value[FIELD_AFTER]));
    } else if (strcmp(kind, "row") == 0 || strcmp(kind, "event") == 0) {
        struct past_row row = read_row(record);
        pages->rows++;
        pages->take(pages->context, &row);
    }
}

static enum status ask_page(struct talk *talk, struct pages *pages) {
    const struct past_question *wanted = pages->question;
    char since[24], until[24], after[sizeof pages->after];
    struct message question = {{NULL}};
    snprintf(since, sizeof since, "%" PRId64, wanted->since);
    snprintf(until, sizeof until, "%" PRId64, wanted->until);
    memcpy(after, pages->after, sizeof after);
    pages->after[0] = '\0';
    question.value[FIELD_VALUE] = wanted->what;
    question.value[FIELD_ACCOUNT] = wanted->account;
    question.value[FIELD_REF] = wanted->ref;
    question.value[FIELD_CLIENT_ADDRESS] = wanted->address;
    question.value[FIELD_COUNTRY] = wanted->country;
    question.value[FIELD_SINCE] = wanted->since > 0 ? since : NULL;
    question.value[FIELD_UNTIL] = wanted->until > 0 ? until : NULL;
    question.value[FIELD_OUTCOME] = wanted->denied ? "denied" : NULL;
    question.value[FIELD_AFTER] = after[0] != '\0' ? after : NULL;
    return talk_ask(talk, "history", &question, take_record_of_page, pages);
}

enum status past_ask(struct talk *talk, const struct past_question *question, take_past *take, void *context) {
    struct pages pages = {.question = question, .take = take, .context = context};
    enum status status;
    do {
        status = ask_page(talk, &pages);
        if (question->progress != NULL)
            progress_step(question->progress, pages.rows, 0);
    } while (status == STATUS_DONE && pages.after[0] != '\0');
    return status;
}

bool past_parse_time(const char *text, int64_t now, int64_t *seconds) {
    int64_t ago;
    if (duration_parse(text, &ago)) {
        *seconds = now - ago;
        return true;
    }
    if (date_parse_from(text, seconds) == DATE_OK)
        return true;
    verb_fail(STATUS_USAGE, "%s is no time such as 2d, 2026-12-01 or 2026-12-01T09:00", text);
    return false;
}

bool past_parse_since(const char *text, const char *usual, int64_t now, int64_t *seconds) {
    return past_parse_time(text != NULL ? text : usual, now, seconds);
}

bool past_parse_span(struct past_question *question, const char *since, const char *usual, const char *until,
                     int64_t now) {
    return past_parse_since(since, usual, now, &question->since) &&
           (until == NULL || past_parse_time(until, now, &question->until));
}

void past_word_verdict(const struct past_row *row, char text[PAST_VERDICT_SIZE]) {
    bool accepted = strcmp(row->verdict, "accept") == 0;
    if (accepted && row->reason[0] != '\0')
        snprintf(text, PAST_VERDICT_SIZE, "accept (would deny: %s)", row->reason);
    else
        snprintf(text, PAST_VERDICT_SIZE, "%s%s%s", row->verdict, row->reason[0] != '\0' ? " " : "", row->reason);
}

const char *past_place(const struct past_row *row) {
    if (row->address[0] != '\0')
        return row->address;
    return row->network[0] != '\0' ? row->network : "unknown";
}

const char *past_country(const struct past_row *row) {
    return row->country[0] != '\0' ? row->country : "unknown";
}

void past_format_time(int64_t seconds, char text[WHEN_TEXT_SIZE]) {
    time_t time = seconds;
    struct tm local;
    if (localtime_r(&time, &local) == NULL || strftime(text, WHEN_TEXT_SIZE, "%Y-%m-%d %H:%M", &local) == 0)
        text[0] = '\0';
}

static void put_some(struct json *object, const char *name, const char *text) {
    if (text[0] != '\0')
        json_put_text(object, name, text);
}

void past_put(struct json *object, const struct past_row *row, bool sum) {
    bool one = !sum && row->count == 1 && row->first == row->last;
    put_some(object, "event", row->event);
    json_put_number(object, one ? "at" : "first", row->first);
    if (!one) {
        json_put_number(object, "last", row->last);
        json_put_number(object, "count", row->count);
    }
    put_some(object, "ref", row->ref);
    put_some(object, "account", row->account);
    put_some(object, "service", row->service);
    put_some(object, "mechanism", row->mechanism);
    put_some(object, "address", row->address);
    put_some(object, "network", row->network);
    put_some(object, "country", row->country);
    put_some(object, "credential", row->credential);
    put_some(object, "verdict", row->verdict);
    put_some(object, strcmp(row->verdict, "accept") == 0 ? "would" : "reason", row->reason);
    put_some(object, "password", row->password);
    put_some(object, "who", row->who);
    put_some(object, "why", row->why);
    if (row->until != 0)
        json_put_number(object, "until", row->until);
}
