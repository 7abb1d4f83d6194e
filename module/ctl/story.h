/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened to one account, drawn from its history: the places that it was used from, which of them are unusual,
 * the moments that matter, and how many logins each day brought. For incident.c (text) and incident_page.c (HTML). */
#ifndef AUTHGATE_CTL_STORY_H
#define AUTHGATE_CTL_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/past.h"

#define STORY_DAY 86400

/* A network that logins came from. */
struct story_place {
    char network[65]; /* "unknown" where it is not known */
    char country[3];  /* "" likewise */
    char services[65];
    char addresses[160]; /* the first few that are still known; "…" after them where there are more */
    int64_t accepted, refused;
    int64_t right_refused;  /* refused with the right password */
    int64_t first, last;    /* of all */
    int64_t first_accepted; /* 0: none was */
    /* Somebody had the right password there: accepted from a country that the account is seldom used from, or refused.
     */
    bool unusual;
    bool guessing; /* nothing but wrong passwords, or logins refused before the password was checked */
};

/* One moment of the timeline. */
struct story_moment {
    int64_t at;
    int64_t count, last; /* more of the same, with nothing in between */
    bool unusual;        /* a login from an unusual place */
    char what[24];       /* "refused", "accepted", "locked", … */
    char place[140];
    char text[300]; /* why */
    char ref[33];
};

/* The logins of one (UTC) day from one country. */
struct story_day {
    int64_t day; /* since the epoch */
    char country[3];
    int64_t accepted, refused;
};

#define STORY_NAME_SIZE 1025 /* of the longest name that a client may type */

struct story {
    const char *asked;             /* the name that was asked about */
    char account[STORY_NAME_SIZE]; /* whose it is: the canonical name, or `asked` where that is nobody's */
    int64_t since, until;
    struct story_place
        *places; /* unusual ones first, then the usual, then those that only guessed; each by first login */
    size_t place_count;
    size_t guessing_count;        /* how many, at the end of the places */
    int64_t guesses;              /* their logins */
    struct story_moment *moments; /* in time; those of places that only guessed are left out */
    size_t moment_count;
    struct story_day *days; /* by day, then country */
    size_t day_count;
    int64_t accepted, refused, unusual_accepted;
    const struct story_moment *first_wrong;   /* the first login from an unusual place; NULL: none */
    const struct story_moment *first_success; /* the first accepted one of those */
};

/* Asks the daemon. Complaints are printed. */
enum status story_gather(struct talk *talk, const char *account, int64_t since, int64_t until, struct story *story);

void story_clear(struct story *story);

#endif
