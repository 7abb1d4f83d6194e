/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates, moments and durations as administrators write them, in the configured time zone. */
#ifndef AUTHGATE_POLICY_DATE_H
#define AUTHGATE_POLICY_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum date_fault {
    DATE_OK,
    DATE_NOT_ONE,     /* neither YYYY-MM-DD nor YYYY-MM-DDTHH:MM */
    DATE_NO_SUCH_DAY, /* 30 February, or a day that the zone left out */
    DATE_NO_SUCH_TIME /* 24:30, or an hour that the zone left out when clocks went forward */
};

/* Whether there is a time zone of this name on this host. */
bool zone_exists(const char *name);

/* Makes local time that of a zone from now on, for the whole process; NULL: the host's. Does nothing where it is so
 * already. For the thread that reads configurations alone. */
void zone_enter(const char *name);

/* Remembers the zone entered and goes back to it: around what may enter another and fail. */
struct zone_kept {
    bool had;
    char name[256];
};
void zone_keep(struct zone_kept *kept);
void zone_return(const struct zone_kept *kept);

/* The first second of a date, or of a minute. Of a minute that comes twice, when clocks go back, the first. */
enum date_fault date_parse_from(const char *text, int64_t *seconds);

/* The second after the last of a date (24:00), or the start of a minute. Of a minute that comes twice the second. */
enum date_fault date_parse_until(const char *text, int64_t *seconds);

/* A whole number and s, m, h or d, in seconds. False for anything else, also where it does not fit. */
bool duration_parse(const char *text, int64_t *seconds);

/* Writes YYYY-MM-DDTHH:MM in the zone entered. */
#define DATE_TEXT_SIZE 32
void date_format(int64_t seconds, char text[DATE_TEXT_SIZE]);

/* Writes the shortest text that duration_parse takes for `seconds`. */
void duration_format(int64_t seconds, char text[DATE_TEXT_SIZE]);

#endif
