/* SPDX-License-Identifier: BSD-2-Clause */
/* Past logins, as the daemon's history tells them: asked page by page, handed over row by row. Shared by log, report,
 * explain REF, incident, replay and suggest. */
#ifndef AUTHGATE_CTL_PAST_H
#define AUTHGATE_CTL_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/when.h"

struct progress;

/* Which rows. `what` is logins, days, events, legacy, countries or stolen (daemon/admin_protocol.h). */
struct past_question {
    const char *what;
    const char *account;       /* NULL: every account */
    const char *ref;           /* NULL: every login */
    const char *address;       /* NULL: every network; else the one that it lies in */
    const char *country;       /* NULL: every country */
    int64_t since, until;      /* seconds since the epoch; until is exclusive, 0: now */
    bool denied;               /* only what was not, or would not have been accepted */
    struct progress *progress; /* NULL: none is shown; else told of rows */
};

/* One row. Texts live until `take` returns; what is not known is "". */
struct past_row {
    int64_t first, last, count;
    const char *ref, *account, *service, *mechanism, *address, *network, *country, *credential, *verdict, *reason;
    const char *password; /* right, wrong or unknown */
    const char *event;    /* of an event: locked, unlocked, stolen, …; else "" */
    const char *who, *why;
    int64_t until; /* of a lock; 0: none */
};

typedef void take_past(void *context, const struct past_row *row);

/* Asks until the answer is complete. Complaints are printed. */
enum status past_ask(struct talk *talk, const struct past_question *question, take_past *take, void *context);

/* A moment as people write it: a date, a date and time, or how long ago ("2d"). False, with a complaint, for anything
 * else. The configuration must have been loaded, for its time zone. */
bool past_parse_time(const char *text, int64_t now, int64_t *seconds);

/* Since when a verb looks: --since, or else `usual` (such as "30d") before now. */
bool past_parse_since(const char *text, const char *usual, int64_t now, int64_t *seconds);

/* The same with --until, NULL where it was not given, into what is asked. */
bool past_parse_span(struct past_question *question, const char *since, const char *usual, const char *until,
                     int64_t now);

/* "deny country", "accept", "accept (would deny: country)". */
#define PAST_VERDICT_SIZE 128
void past_word_verdict(const struct past_row *row, char text[PAST_VERDICT_SIZE]);

/* Where from: the address, or else the network, or "unknown". */
const char *past_place(const struct past_row *row);

/* "JP", or "unknown". */
const char *past_country(const struct past_row *row);

/* A moment without seconds and zone: "2026-11-21 22:10". */
void past_format_time(int64_t seconds, char text[WHEN_TEXT_SIZE]);

/* Puts a row's members into an object; those that are not known are left out. A `sum` has first, last and count even
 * where it is of one login. */
void past_put(struct json *object, const struct past_row *row, bool sum);

#endif
