/* SPDX-License-Identifier: BSD-2-Clause */
/* Local time. A day starts with its first second, wherever that is: some zones turn their clocks at midnight, and some
 * have left out whole days. Called while files are read; nothing here asks what time it is. */
#include "policy/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buffer.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define DAY         86400

bool zone_exists(const char *name) {
    char path[256];
    struct buffer buffer;
    buffer_init(&buffer, path, sizeof path);
    if (strcmp(name, "UTC") == 0)
        return true;
    if (name[0] == '\0' || name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL)
        return false;
    struct stat status;
    return buffer_add(&buffer, ZONE_FOLDER) && buffer_add(&buffer, name) && stat(path, &status) == 0 &&
           S_ISREG(status.st_mode);
}

void zone_keep(struct zone_kept *kept) {
    const char *name = getenv("TZ");
    *kept = (struct zone_kept){.had = name != NULL && strlen(name) < sizeof kept->name};
    if (kept->had)
        memcpy(kept->name, name, strlen(name) + 1);
}

void zone_return(const struct zone_kept *kept) {
    const char *now = getenv("TZ");
    if (now == NULL ? !kept->had : kept->had && strcmp(now, kept->name) == 0)
        return;
    if (kept->had)
        (void)setenv("TZ", kept->name, 1);
    else
        (void)unsetenv("TZ");
    tzset();
}

/* The zone that the process was started with, for configurations that name none. */
static const struct zone_kept *zone_of_host(void) {
    static bool asked;
    static struct zone_kept host;
    if (!asked)
        zone_keep(&host);
    asked = true;
    return &host;
}

void zone_enter(const char *name) {
    struct zone_kept wanted = *zone_of_host();
    if (name != NULL && strlen(name) + 1 < sizeof wanted.name) {
        struct buffer buffer;
        buffer_init(&buffer, wanted.name, sizeof wanted.name);
        /* the colon: a file's name, not a rule in POSIX's notation */
        (void)buffer_add_format(&buffer, ":%s", name);
        wanted.had = true;
    }
    zone_return(&wanted);
}

/* A broken-down time without its derived fields; tm_isdst is left open. */
static struct tm wall(int year, int month, int day, int minute) {
    return (struct tm){.tm_year = year,
                       .tm_mon = month,
                       .tm_mday = day,
                       .tm_hour = minute / 60,
                       .tm_min = minute % 60,
                       .tm_isdst = -1};
}

static int64_t order_of(const struct tm *time) {
    return ((((int64_t)time->tm_year * 12 + time->tm_mon) * 31 + time->tm_mday) * 24 + time->tm_hour) * 3600 +
           (int64_t)time->tm_min * 60 + time->tm_sec;
}

static bool local(int64_t seconds, struct tm *time) {
    time_t clock = (time_t)seconds;
    return localtime_r(&clock, time) != NULL;
}

/* A second at which local time starts to read `wanted` or later, within two days of `near`. Where clocks go back there
 * may be two; the caller looks for the other with twin. */
static int64_t search(const struct tm *wanted, int64_t near) {
    int64_t low = near - 2 * DAY, high = near + 2 * DAY;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        struct tm at;
        if (local(middle, &at) && order_of(&at) >= order_of(wanted))
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Looks in the hours around for another second that reads the same: the clocks were turned back over it. */
static int64_t twin(const struct tm *wanted, int64_t found, int direction) {
    for (int64_t shift = 1; shift <= 12; shift++) {
        int64_t other = found + direction * shift * 900;
        struct tm at;
        if (local(other, &at) && order_of(&at) == order_of(wanted))
            return other;
    }
    return found;
}

static bool same_minute(const struct tm *one, const struct tm *other) {
    return order_of(one) == order_of(other);
}

static bool same_day(const struct tm *one, const struct tm *other) {
    return one->tm_year == other->tm_year && one->tm_mon == other->tm_mon && one->tm_mday == other->tm_mday;
}

/* The second that reads `wanted`, where nobody turns a clock within three hours of it: so it is nearly always, and
 * there is no other. False where it is not. */
static bool plain(const struct tm *wanted, int64_t near, int64_t *found) {
    struct tm there, at, before, after;
    if (!local(near, &there))
        return false;
    *found = near - there.tm_gmtoff;
    return local(*found, &at) && order_of(&at) == order_of(wanted) && local(*found - 10800, &before) &&
           local(*found + 10800, &after) && before.tm_gmtoff == at.tm_gmtoff && after.tm_gmtoff == at.tm_gmtoff;
}

/* The first second at which local time reads `wanted` or later. */
static int64_t first_at(const struct tm *wanted) {
    struct tm utc = *wanted;
    int64_t near = (int64_t)timegm(&utc), found;
    return plain(wanted, near, &found) ? found : twin(wanted, search(wanted, near), -1);
}

struct parsed {
    struct tm time;
    bool has_time;
};

static bool digits(const char *text, size_t count, int *number) {
    *number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *number = *number * 10 + (text[i] - '0');
    }
    return true;
}

static bool day_exists(int year, int month, int day) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (leap && month == 2) && year >= 1971;
}

static enum date_fault parse(const char *text, struct parsed *parsed) {
    int year, month, day, hour = 0, minute = 0;
    size_t length = strlen(text);
    bool has_time = length == strlen("2026-12-01T09:00");
    if ((!has_time && length != strlen("2026-12-01")) || !digits(text, 4, &year) || text[4] != '-' ||
        !digits(text + 5, 2, &month) || text[7] != '-' || !digits(text + 8, 2, &day))
        return DATE_NOT_ONE;
    if (has_time &&
        (text[10] != 'T' || !digits(text + 11, 2, &hour) || text[13] != ':' || !digits(text + 14, 2, &minute)))
        return DATE_NOT_ONE;
    if (!day_exists(year, month, day))
        return DATE_NO_SUCH_DAY;
    if (hour > 23 || minute > 59)
        return DATE_NO_SUCH_TIME;
    *parsed = (struct parsed){wall(year - 1900, month - 1, day, hour * 60 + minute), has_time};
    return DATE_OK;
}

/* The first second of the day, which a zone may start later than at 00:00 or leave out. */
static enum date_fault start_of_day(const struct tm *day, int64_t *seconds) {
    struct tm at;
    *seconds = first_at(day);
    return local(*seconds, &at) && same_day(&at, day) ? DATE_OK : DATE_NO_SUCH_DAY;
}

static enum date_fault start_of_minute(const struct tm *minute, int64_t *seconds) {
    struct tm at;
    *seconds = first_at(minute);
    return local(*seconds, &at) && same_minute(&at, minute) ? DATE_OK : DATE_NO_SUCH_TIME;
}

enum date_fault date_parse_from(const char *text, int64_t *seconds) {
    struct parsed parsed;
    enum date_fault fault = parse(text, &parsed);
    if (fault != DATE_OK)
        return fault;
    return parsed.has_time ? start_of_minute(&parsed.time, seconds) : start_of_day(&parsed.time, seconds);
}

enum date_fault date_parse_until(const char *text, int64_t *seconds) {
    struct parsed parsed;
    enum date_fault fault = parse(text, &parsed);
    if (fault != DATE_OK)
        return fault;
    if (parsed.has_time) {
        fault = start_of_minute(&parsed.time, seconds);
        *seconds = twin(&parsed.time, *seconds, 1);
        return fault;
    }
    fault = start_of_day(&parsed.time, seconds);
    /* the day after; where the zone leaves it out, the first second after the gap */
    struct tm next = parsed.time;
    next.tm_mday++;
    (void)timegm(&next);
    *seconds = first_at(&next);
    return fault;
}

bool duration_parse(const char *text, int64_t *seconds) {
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY}};
    size_t count = strspn(text, "0123456789");
    int number;
    if (count == 0 || count > 9 || text[count] == '\0' || text[count + 1] != '\0' || !digits(text, count, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == text[count]) {
            *seconds = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

void date_format(int64_t seconds, char text[DATE_TEXT_SIZE]) {
    struct tm at;
    struct buffer buffer;
    buffer_init(&buffer, text, DATE_TEXT_SIZE);
    if (local(seconds, &at))
        (void)buffer_add_format(&buffer, "%04d-%02d-%02dT%02d:%02d", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                                at.tm_hour, at.tm_min);
}

void duration_format(int64_t seconds, char text[DATE_TEXT_SIZE]) {
    struct buffer buffer;
    buffer_init(&buffer, text, DATE_TEXT_SIZE);
    int64_t unit = 1;
    char letter = 's';
    if (seconds != 0 && seconds % DAY == 0)
        unit = DAY, letter = 'd';
    else if (seconds != 0 && seconds % 3600 == 0)
        unit = 3600, letter = 'h';
    else if (seconds != 0 && seconds % 60 == 0)
        unit = 60, letter = 'm';
    (void)buffer_add_format(&buffer, "%lld%c", (long long)(seconds / unit), letter);
}
