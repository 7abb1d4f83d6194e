/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes policy values by the types that module/policy's table of keys declares, so that a new key needs nothing here
 * unless it brings a new type. Called by admin_protocol.c. */
#include "daemon/policy_text.h"

#include <inttypes.h>
#include <string.h>

#include "policy/date.h"
#include "policy/keys.h"

#define ROOM_FOR_REST 40 /* bytes kept free for "and N more" */

bool policy_text_next(const struct policy *policy, struct policy_place *place) {
    for (;;) {
        if (policy_slot_count(place->key) > (size_t)(place->index + 1)) {
            place->index++;
        } else {
            place->key++;
            place->index = 0;
        }
        if (place->key >= POLICY_KEY_COUNT)
            return false;
        if (policy_value_of(policy, place->key, place->index) != NULL)
            return true;
    }
}

bool policy_text_find(const struct policy *policy, const struct value *value, struct policy_place *place) {
    *place = (struct policy_place){.index = -1};
    while (policy_text_next(policy, place))
        if (policy_value_of(policy, place->key, place->index) == value)
            return true;
    return false;
}

static const char *service_name(const struct settings *settings, int service) {
    return service >= 0 && (size_t)service < settings->service_count ? settings->services[service] : "?";
}

void policy_text_key(const struct settings *settings, struct policy_place place, struct buffer *text) {
    const struct key *key = key_of_policy(place.key);
    buffer_add(text, key->name);
    if (key->per == PER_SERVICE)
        buffer_add_format(text, ".%s", service_name(settings, place.index));
    else if (key->per == PER_RULE)
        buffer_add_format(text, ".%s", reason_name((enum reason)place.index));
}

/* A moment, or its day alone where it is the day's first. */
static void add_from(int64_t seconds, struct buffer *text) {
    char written[DATE_TEXT_SIZE];
    date_format(seconds, written);
    char *midnight = strstr(written, "T00:00");
    if (midnight != NULL)
        *midnight = '\0';
    buffer_add(text, written);
}

/* The end of a span: its last day alone where it ends with that. */
static void add_until(int64_t seconds, struct buffer *text) {
    char written[DATE_TEXT_SIZE];
    date_format(seconds - 1, written);
    char *last = strstr(written, "T23:59");
    if (last != NULL)
        *last = '\0';
    else
        date_format(seconds, written);
    buffer_add(text, written);
}

static void add_duration(int64_t seconds, struct buffer *text) {
    char written[DATE_TEXT_SIZE];
    duration_format(seconds, written);
    buffer_add(text, written);
}

/* Starts the next item of a list of `all`. False (after "and N more") where the buffer has no room for one of `size`.
 */
static bool next_item(struct buffer *text, size_t done, size_t all, size_t size) {
    if (text->size - text->length < size + ROOM_FOR_REST) {
        buffer_add_format(text, " and %zu more", all - done);
        return false;
    }
    buffer_add(text, done > 0 ? ", " : "");
    return true;
}

/* A set is short enough for any buffer: 250 countries of 4 characters. */
static void add_countries(const struct country_set *set, struct buffer *text) {
    bool first = true;
    for (country_code code = 1; code < COUNTRY_CODE_END; code++) {
        char letters[3];
        if (!country_set_has(set, code))
            continue;
        country_code_format(code, letters);
        buffer_add_format(text, "%s%s", first ? "" : ", ", letters);
        first = false;
    }
    buffer_add(text, first ? "none" : "");
}

static void add_prefixes(const struct value *value, struct buffer *text) {
    for (size_t i = 0; i < value->count; i++) {
        char prefix[ADDRESS_TEXT_SIZE];
        if (!next_item(text, i, value->count, sizeof prefix))
            return;
        prefix_format(&value->prefixes[i], prefix);
        buffer_add(text, prefix);
    }
    buffer_add(text, value->count == 0 ? "none" : "");
}

static void add_words(const struct value *value, struct buffer *text) {
    for (size_t i = 0; i < value->count; i++) {
        if (!next_item(text, i, value->count, 64))
            return;
        buffer_add(text, value->words[i]);
    }
    buffer_add(text, value->count == 0 ? "none" : "");
}

static void add_span(const struct span *span, struct buffer *text) {
    buffer_add(text, " from ");
    add_from(span->from, text);
    buffer_add(text, " until ");
    add_until(span->until, text);
}

static void add_travels(const struct value *value, struct buffer *text) {
    for (size_t i = 0; i < value->count; i++) {
        if (!next_item(text, i, value->count, 1100))
            return;
        add_countries(&value->travels[i].countries, text);
        add_span(&value->travels[i].span, text);
    }
}

static void add_brownouts(const struct value *value, struct buffer *text) {
    for (size_t i = 0; i < value->count; i++) {
        if (!next_item(text, i, value->count, 64))
            return;
        add_from(value->spans[i].from, text);
        buffer_add(text, " for ");
        add_duration(value->spans[i].until - value->spans[i].from, text);
    }
}

/* Words of an administrator's: cut to `most` bytes at a character's border, without control characters, which no
 * message can carry. */
static void add_words_of_people(const char *words, size_t most, struct buffer *text) {
    size_t length = strnlen(words, most + 1);
    if (length > most)
        for (length = most; length > 0 && ((unsigned char)words[length] & 0xc0) == 0x80;)
            length--;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)words[i];
        buffer_add_char(text, byte < ' ' || byte == 0x7f ? ' ' : words[i]);
    }
    buffer_add(text, words[length] != '\0' ? "…" : "");
}

static void add_exceptions(const struct settings *settings, const struct value *value, struct buffer *text) {
    for (size_t i = 0; i < value->count; i++) {
        const struct exception *exception = &value->exceptions[i];
        if (!next_item(text, i, value->count, 512))
            return;
        buffer_add(text, reason_name(exception->rule));
        if (exception->service != SERVICE_UNKNOWN)
            buffer_add_format(text, " on %s", service_name(settings, exception->service));
        buffer_add(text, " until ");
        add_until(exception->until, text);
        buffer_add(text, " (");
        add_words_of_people(exception->reason, 300, text);
        buffer_add(text, ")");
    }
}

static void add_entries(const struct settings *settings, enum policy_key key, const struct value *value,
                        struct buffer *text) {
    if (value->count == 0)
        buffer_add(text, "none");
    else if (key == POLICY_TRAVEL)
        add_travels(value, text);
    else if (key == POLICY_LEGACY_AUTH_BROWNOUTS)
        add_brownouts(value, text);
    else if (key == POLICY_EXCEPTIONS)
        add_exceptions(settings, value, text);
}

void policy_text_value(const struct settings *settings, enum policy_key key, const struct value *value,
                       struct buffer *text) {
    const struct key *declared = key_of_policy(key);
    switch (declared->type) {
    case TYPE_CHOICE:
        buffer_add(text, declared->choices[value->number]);
        return;
    case TYPE_BOOLEAN:
        buffer_add(text, value->number != 0 ? "true" : "false");
        return;
    case TYPE_DURATION:
        add_duration(value->number, text);
        return;
    case TYPE_FROM:
        add_from(value->number, text);
        return;
    case TYPE_UNTIL:
        add_until(value->number, text);
        return;
    case TYPE_COUNTRIES:
        add_countries(&value->countries, text);
        return;
    case TYPE_PREFIXES:
        add_prefixes(value, text);
        return;
    case TYPE_MECHANISMS:
        add_words(value, text);
        return;
    case TYPE_ENTRIES:
        add_entries(settings, key, value, text);
        return;
    default:
        buffer_add_format(text, "%" PRId64, value->number);
    }
}

void policy_text_source(const struct value *value, int line, struct buffer *text) {
    int shown = line > 0 ? line : value->line;
    buffer_add(text, value->file);
    if (shown > 0)
        buffer_add_format(text, ":%d", shown);
}
