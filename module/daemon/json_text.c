/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON for notices. Values come from clients (account names), so that everything is escaped and nothing is trusted to
 * be UTF-8. No I/O. */
#include "daemon/json_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

void json_text_open(struct buffer *text) {
    buffer_add_char(text, '{');
}

void json_text_close(struct buffer *text) {
    buffer_add(text, "}\n");
}

/* How many bytes the UTF-8 character at `bytes` has; 0 where there is none (overlong forms, surrogates, cut ones). */
static size_t character_length(const unsigned char *bytes) {
    static const struct {
        unsigned char low, high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (bytes[0] < forms[i].low || bytes[0] > forms[i].high)
            continue;
        if (forms[i].length > 1 && (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high))
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if (bytes[j] < 0x80 || bytes[j] > 0xbf)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static void add_string(struct buffer *text, const char *value) {
    buffer_add_char(text, '"');
    while (*value != '\0') {
        size_t length = character_length((const unsigned char *)value);
        if (*value == '"' || *value == '\\')
            buffer_add_format(text, "\\%c", *value);
        else if ((unsigned char)*value < 0x20 || *value == 0x7f)
            buffer_add_format(text, "\\u%04x", (unsigned char)*value);
        else if (length == 0)
            buffer_add(text, "\\ufffd");
        else
            buffer_add_bytes(text, value, length);
        value += length > 0 ? length : 1;
    }
    buffer_add_char(text, '"');
}

static void add_name(struct buffer *text, const char *name) {
    if (text->length > 0 && text->bytes[text->length - 1] != '{')
        buffer_add(text, ", ");
    add_string(text, name);
    buffer_add(text, ": ");
}

void json_text_add(struct buffer *text, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    add_name(text, name);
    add_string(text, value);
}

void json_text_add_number(struct buffer *text, const char *name, int64_t number) {
    add_name(text, name);
    buffer_add_format(text, "%" PRId64, number);
}

void json_text_add_time(struct buffer *text, const char *name, int64_t seconds) {
    char moment[32];
    struct tm utc;
    time_t time = seconds;
    if (gmtime_r(&time, &utc) != NULL && strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        json_text_add(text, name, moment);
}
