/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks the settings of a file and finds the key of each. What the file is for (host, defaults, group, account) comes
 * from the caller as the places whose keys may stand there. It reads no value itself. */
#include "policy/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "policy/arena.h"
#include "policy/suggest.h"

#define NAME_SIZE 128

static void say(struct reading *reading, const config_setting_t *setting, bool warning, char *text) {
    struct place place = document_place(reading->document, setting);
    if (warning)
        mistakes_warn(reading->mistakes, place, "%s", text == NULL ? "memory is short" : text);
    else
        mistakes_add(reading->mistakes, place, "%s", text == NULL ? "memory is short" : text);
    free(text);
}

void reading_mistake(struct reading *reading, const config_setting_t *setting, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    say(reading, setting, false, text);
}

void reading_warning(struct reading *reading, const config_setting_t *setting, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    say(reading, setting, true, text);
}

void reading_origin(struct reading *reading, const config_setting_t *setting, struct value *value) {
    struct place place = document_place(reading->document, setting);
    if (place.file != reading->file_seen || reading->file_kept == NULL) {
        reading->file_seen = place.file;
        reading->file_kept = arena_text(reading->memory, place.file);
    }
    *value = (struct value){.file = reading->file_kept, .line = reading->built_in ? 0 : place.line};
}

/* The part of a key's dotted name that stands directly in the group of the given name, or NULL where none does. */
static const char *name_within(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    if (length == 0)
        return name;
    return strncmp(name, prefix, length) == 0 && name[length] == '.' ? name + length + 1 : NULL;
}

static bool place_has(const struct reading_place *place, const struct key *key) {
    return key->place == place->place || key->place == place->other;
}

static bool is_group_of_keys(const char *name, const struct reading_place *place) {
    size_t count;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count; i++)
        if (place_has(place, &keys[i]) && name_within(keys[i].name, name) != NULL)
            return true;
    return false;
}

/* Tries what may stand in the group `prefix`: the keys of it, and the groups within. */
static void suggest_siblings(struct suggestion *suggestion, const char *prefix, const struct reading_place *place,
                             char names[][NAME_SIZE], size_t limit) {
    size_t count, used = 0;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count && used < limit; i++) {
        const char *within = place_has(place, &keys[i]) ? name_within(keys[i].name, prefix) : NULL;
        if (within == NULL)
            continue;
        struct buffer buffer;
        buffer_init(&buffer, names[used], NAME_SIZE);
        (void)buffer_add_bytes(&buffer, within, strcspn(within, "."));
        suggestion_try(suggestion, names[used++]);
    }
}

/* The dotted name of a key anywhere whose last part is `name`, so that `allow` at the top is told of countries.allow.
 */
static const struct key *key_of_last_part(const char *name) {
    size_t count;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count; i++) {
        const char *last = strrchr(keys[i].name, '.');
        if (strcmp(last == NULL ? keys[i].name : last + 1, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static const char *text_of_place(enum key_place place) {
    switch (place) {
    case PLACE_HOST:
        return "at the top of the main configuration file";
    case PLACE_POLICY:
        return "in the defaults of the main file, or at the top of a file in domains, groups or accounts";
    case PLACE_GROUP:
        return "at the top of a file in groups";
    case PLACE_ENTRY:
        break;
    }
    return "in an entry";
}

static bool is_anywhere(const char *full, enum key_place *place) {
    static const enum key_place places[] = {PLACE_POLICY, PLACE_HOST, PLACE_GROUP};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct reading_place one = {.place = places[i], .other = places[i]};
        *place = places[i];
        if (key_find(full, places[i], places[i]) != NULL || is_group_of_keys(full, &one))
            return true;
    }
    return false;
}

static void unknown_key(struct reading *reading, const config_setting_t *setting, const char *prefix, const char *full,
                        const struct reading_place *place) {
    char names[64][NAME_SIZE];
    const char *name = config_setting_name(setting);
    enum key_place elsewhere;
    if (is_anywhere(full, &elsewhere)) {
        reading_mistake(reading, setting, "%s has no place here; it stands %s", full, text_of_place(elsewhere));
        return;
    }
    if (strcmp(full, "defaults") == 0) {
        reading_mistake(reading, setting,
                        "defaults has no place here; it stands in the main file, and what is in it at the top of "
                        "this one");
        return;
    }
    struct suggestion suggestion = {.word = name};
    suggest_siblings(&suggestion, prefix, place, names, sizeof names / sizeof names[0]);
    if (strcmp(prefix, "") == 0 && place->other_group != NULL)
        suggestion_try(&suggestion, place->other_group);
    const struct key *key = suggestion.best == NULL ? key_of_last_part(name) : NULL;
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "there is no key %s; did you mean %s?", full, suggestion.best);
    else if (key != NULL)
        reading_mistake(reading, setting, "there is no key %s; did you mean %s?", full, key->name);
    else
        reading_mistake(reading, setting, "there is no key %s; authgate.conf(5) lists all of them", full);
}

static void unknown_slot(struct reading *reading, const config_setting_t *setting, const struct key *key) {
    struct suggestion suggestion = {.word = config_setting_name(setting)};
    if (key->per == PER_SERVICE) {
        suggestion_try_all(&suggestion, reading->services->names);
        suggestion_try_all(&suggestion, service_other_names);
    } else {
        for (int rule = 0; rule < REASON_COUNT; rule++)
            if (key_rule_has_mode((enum reason)rule))
                suggestion_try(&suggestion, reason_name((enum reason)rule));
    }
    const char *kind = key->per == PER_SERVICE ? "service" : "rule that has a mode";
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "there is no %s %s; did you mean %s?", kind, suggestion.word,
                        suggestion.best);
    else if (key->per == PER_SERVICE)
        reading_mistake(reading, setting, "there is no service %s; services_known adds services", suggestion.word);
    else
        reading_mistake(reading, setting, "there is no %s %s; authgate.conf(5) lists the rules", kind, suggestion.word);
}

static int slot_of(const struct reading *reading, const struct key *key, const char *name) {
    enum reason rule;
    if (key->per == PER_SERVICE)
        return services_number(reading->services, name);
    return reason_parse(name, &rule) && key_rule_has_mode(rule) ? (int)rule : -1;
}

static bool must_be_group(struct reading *reading, const config_setting_t *setting, const char *name) {
    if (config_setting_is_group(setting))
        return true;
    reading_mistake(reading, setting, "%s is a group; write %s = { name = value; };", name, name);
    return false;
}

static bool slot_taken(const struct reading *reading, const config_setting_t *group, const struct key *key, int index,
                       int slot) {
    for (int i = 0; i < index; i++) {
        const config_setting_t *earlier = config_setting_get_elem(group, (unsigned)i);
        if (slot_of(reading, key, config_setting_name(earlier)) == slot)
            return true;
    }
    return false;
}

/* A group with a value for each service or rule. submission and smtp are one service. */
static void read_slots(struct reading *reading, const config_setting_t *group, const struct key *key,
                       const struct reading_place *place) {
    if (!must_be_group(reading, group, key->name))
        return;
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        if (document_ignored(reading->document, setting))
            continue;
        int slot = slot_of(reading, key, config_setting_name(setting));
        if (slot < 0)
            unknown_slot(reading, setting, key);
        else if (slot_taken(reading, group, key, i, slot))
            reading_mistake(reading, setting, "%s is another name of a service that is set above",
                            config_setting_name(setting));
        else
            place->take(place->context, setting, key, slot);
    }
}

static void read_member(struct reading *reading, const config_setting_t *setting, const char *prefix,
                        const struct reading_place *place) {
    char full[NAME_SIZE];
    struct buffer buffer;
    buffer_init(&buffer, full, sizeof full);
    (void)buffer_add_format(&buffer, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", config_setting_name(setting));
    const struct key *key = key_find(full, place->place, place->other);
    if (key != NULL && key->per != PER_NONE)
        read_slots(reading, setting, key, place);
    else if (key != NULL)
        place->take(place->context, setting, key, 0);
    else if (!is_group_of_keys(full, place))
        unknown_key(reading, setting, prefix, full, place);
    else if (must_be_group(reading, setting, full))
        reading_group(reading, setting, full, place);
}

void reading_group(struct reading *reading, const config_setting_t *group, const char *prefix,
                   const struct reading_place *place) {
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        bool other = prefix[0] == '\0' && place->other_group != NULL &&
                     strcmp(config_setting_name(setting), place->other_group) == 0;
        if (!other && !document_ignored(reading->document, setting))
            read_member(reading, setting, prefix, place);
    }
}
