/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates through the C library's calendar. The zone is the one that loading the configuration entered. */
#include "ctl/when.h"

#include <inttypes.h>
#include <time.h>

#include "base/buffer.h"

void when_format(int64_t seconds, char text[WHEN_TEXT_SIZE]) {
    time_t time = seconds;
    struct tm local;
    if (localtime_r(&time, &local) == NULL || strftime(text, WHEN_TEXT_SIZE, "%Y-%m-%d %H:%M:%S %Z", &local) == 0)
        text[0] = '\0';
}

void when_format_span(int64_t seconds, char text[WHEN_TEXT_SIZE]) {
    static const struct {
        int64_t length;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    struct buffer buffer;
    buffer_init(&buffer, text, WHEN_TEXT_SIZE);
    size_t first = 0;
    while (first < 3 && seconds < units[first].length)
        first++;
    buffer_add_format(&buffer, "%" PRId64 " %c", seconds / units[first].length, units[first].unit);
    int64_t rest = first < 3 ? seconds % units[first].length / units[first + 1].length : 0;
    if (rest > 0)
        buffer_add_format(&buffer, " %" PRId64 " %c", rest, units[first + 1].unit);
}
