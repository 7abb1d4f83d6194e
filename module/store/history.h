/* SPDX-License-Identifier: BSD-2-Clause */
/* What is remembered of logins (DESIGN 7): each login for a while, a row a day for ever, and what the gate or an
 * administrator did about an account. Logs, not state: no verdict reads it, so a history that is full, missing or
 * broken costs entries (counted, complained of), never a login. Nor does it take the store's room: what strangers bring
 * about has rows of its own only so often an hour, and nothing is written where little space is left.
 * One thread uses a history: the one that opened it. Nothing here blocks but history_open and history_close. */
#ifndef AUTHGATE_STORE_HISTORY_H
#define AUTHGATE_STORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/country_code.h"
#include "base/verdict.h"

struct history;

/* Stands in an account's place for new names that came without a right password and of which there were too many. No
 * account can have it ('*' stands in no canonical name). Only what was refused, and throttling, is booked under it. */
#define HISTORY_OTHERS "*others*"

/* ---- writing ---- */

/* What became of the password, as far as the gate was told. */
enum history_password {
    HISTORY_PASSWORD_UNKNOWN = 0, /* refused before it was checked */
    HISTORY_PASSWORD_RIGHT,       /* with a denial: it is in the wrong hands */
    HISTORY_PASSWORD_WRONG,
    HISTORY_PASSWORD_COUNT
};

/* One login that has come to its end. Everything is copied; a text that is NULL is "", one that is too long is cut. */
struct history_login {
    int64_t at; /* seconds since the epoch */
    const char *ref;
    const char *account; /* canonical, or what was typed where there is no such form */
    const char *service;
    const char *mechanism; /* "": not known */
    struct address address;
    country_code country;
    enum credential credential;
    enum verdict verdict; /* never VERDICT_CONTINUE */
    enum reason reason;   /* with VERDICT_ACCEPT: the first rule that only reported, or REASON_NONE */
    enum history_password password;
};

enum history_event_kind {
    HISTORY_EVENT_LOCKED = 0,
    HISTORY_EVENT_UNLOCKED,
    HISTORY_EVENT_STOLEN,      /* a right password from the wrong place or with wrong codes */
    HISTORY_EVENT_COMPROMISED, /* accepted from too many countries */
    HISTORY_EVENT_THROTTLED,   /* a network or an account, from here on */
    HISTORY_EVENT_COUNT
};

/* Something that was done or found out. Copied as above. */
struct history_event {
    int64_t at;
    enum history_event_kind kind;
    const char *account; /* "": it concerns a network */
    const char *ref;     /* the login that brought it about; "": an administrator did */
    struct address address;
    country_code country;
    const char *who; /* who did it: "authgate", or the administrator */
    const char *why;
    int64_t until; /* of a lock; 0: for good, or it is none */
};

/* Hands it over: a copy into a bounded queue, no I/O. Where the queue is full it is dropped and counted. A NULL history
 * takes nothing. */
void history_add_login(struct history *history, const struct history_login *login);
void history_add_event(struct history *history, const struct history_event *event);

/* ---- reading ---- */

enum history_what {
    HISTORY_LOGINS, /* one row a login, the oldest first: those that are still kept one by one */
    HISTORY_DAYS,   /* one row a day and kind of login, by day: all logins, also those that have a row of their own */
    HISTORY_EVENTS, /* the oldest first */
    HISTORY_LEGACY, /* accepted with a bare password: one row for each account, service and network */
    HISTORY_COUNTRIES, /* one row for each account, country, and whether accepted */
    HISTORY_STOLEN,    /* denied with a right password: one row for each account, country, network and reason */
};

/* Which of them. */
struct history_question {
    enum history_what what;
    const char *account;   /* NULL: every account */
    const char *ref;       /* HISTORY_LOGINS: that one alone; NULL: all */
    struct prefix network; /* HISTORY_LOGINS: as address_network() gives it; family 0: every network */
    country_code country;  /* HISTORY_LOGINS; COUNTRY_UNKNOWN: every country */
    int64_t since;         /* seconds since the epoch; what counts by the day takes the whole (UTC) day in */
    int64_t until;         /* exclusive; 0: up to now */
    bool denied;           /* HISTORY_LOGINS, HISTORY_DAYS: only what was not accepted, or would not have been */
    const char *after;     /* where the page before ended (its `next`); NULL: the first page */
};

/* One answer. A field that its `what` does not speak of is zero or "". Texts live as long as the page. */
struct history_row {
    int64_t first, last; /* the same for one login or event */
    int64_t count;
    const char *ref; /* of the login; else of one of those that the row stands for */
    const char *account, *service, *mechanism;
    struct address address; /* HISTORY_LOGINS, HISTORY_EVENTS */
    struct prefix network;  /* family 0: not known */
    country_code country;
    enum credential credential;
    enum verdict verdict;
    enum reason reason;
    enum history_password password;
    enum history_event_kind event;
    const char *who, *why;
    int64_t until;
};

#define HISTORY_NEXT_SIZE 320

/* What one question brings: a page of its answer. All of it lives until the function returns. */
struct history_page {
    bool failed; /* it could not be read */
    const struct history_row *rows;
    size_t count;     /* may be 0 */
    const char *next; /* "": the answer is complete; else ask the same again with this as `after` */
};

/* Called from history_dispatch, once. */
typedef void history_take(void *context, const struct history_page *page);

/* Asks for one page. What was handed over before the first page was asked for is in the answer. Returns a number for
 * history_cancel, or 0 where too many ask at once, memory is short or the question cannot be (then `take` is never
 * called). Reads through a connection of its own that never writes, and keeps nothing between pages: whoever has seen
 * enough asks no more. */
uint64_t history_ask(struct history *history, const struct history_question *question, history_take *take,
                     void *context);

/* Nobody waits any more: `take` is not called. */
void history_cancel(struct history *history, uint64_t query);

/* ---- the history ---- */

struct history_settings {
    const char *url;  /* "sqlite:PATH" */
    const char *host; /* the name that this host's rows carry */
    int64_t raw_for;  /* seconds for which accepted logins are kept one by one */
    void (*complain)(void *context, int priority, const char *line); /* called by history_dispatch; may be NULL */
    void *complain_context;
};

/* Starts its threads; files are opened, and made where there are none, by them. NULL only where it can never work (an
 * unknown URL, no memory, no threads); `fault` (of `size` bytes) then says why. */
struct history *history_open(const struct history_settings *settings, char *fault, size_t size);

/* Writes what was handed over (once: what the disk does not take is lost), stops, and sets the pointer to NULL. */
void history_close(struct history **history);

/* A descriptor that is readable when history_dispatch has something to do. Lives as long as the history. */
int history_descriptor(const struct history *history);

/* Hands out pages and complaints. */
void history_dispatch(struct history *history);

struct history_counters {
    uint64_t written; /* logins and events */
    uint64_t dropped; /* the queue was full */
    uint64_t lost;    /* could not be written */
    size_t waiting;
    bool failing; /* the last write did not succeed */
};

void history_count(struct history *history, struct history_counters *counters);

/* Words for the log, JSON and the socket; never NULL for a value of the enum. The parsers answer false, and write
 * nothing, where there is no such word. */
const char *history_password_name(enum history_password password); /* "unknown", "right", "wrong" */
const char *history_event_name(enum history_event_kind kind);
bool history_password_parse(const char *word, enum history_password *password);
bool history_event_parse(const char *word, enum history_event_kind *kind);

#endif
