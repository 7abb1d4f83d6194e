/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads groups within lists by the entry keys of the table, then makes travels, spans and exceptions of them. host.c
 * does the same for sockets. What needs two fields to be judged, such as an end before its start, is judged here. */
#include "policy/entry.h"

#include <string.h>

#include "base/buffer.h"
#include "policy/suggest.h"
#include "policy/value.h"

static const struct key *find_field(const struct key *key, const char *name) {
    for (const struct key *field = key->entry; field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static void unknown_field(struct reading *reading, const config_setting_t *setting, const struct key *key) {
    struct suggestion suggestion = {.word = config_setting_name(setting)};
    for (const struct key *field = key->entry; field->name != NULL; field++)
        suggestion_try(&suggestion, field->name);
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "there is no key %s in %s; did you mean %s?", suggestion.word, key->name,
                        suggestion.best);
    else
        reading_mistake(reading, setting, "there is no key %s in %s; authgate.conf(5) lists all of them",
                        suggestion.word, key->name);
}

static bool read_fields(struct reading *reading, const struct key *key, struct entry *entry) {
    bool good = true;
    for (int i = 0; i < config_setting_length(entry->setting); i++) {
        const config_setting_t *setting = config_setting_get_elem(entry->setting, (unsigned)i);
        if (document_ignored(reading->document, setting))
            continue;
        const struct key *field = find_field(key, config_setting_name(setting));
        if (field == NULL) {
            unknown_field(reading, setting, key);
            good = false;
        } else {
            entry->set[field->id] = true;
            good &= value_read(reading, setting, field, &entry->fields[field->id]);
        }
    }
    return good;
}

static bool is_whole(struct reading *reading, const struct key *key, const struct entry *entry) {
    bool whole = true;
    for (const struct key *field = key->entry; field->name != NULL; field++) {
        if (field->required && !entry->set[field->id]) {
            char listed[256] = "";
            struct buffer buffer;
            buffer_init(&buffer, listed, sizeof listed);
            if (field->choices != NULL)
                value_list_choices(field->choices, &buffer);
            reading_mistake(reading, entry->setting, "%s has no %s here; add %s%s", key->name, field->name,
                            listed[0] != '\0' ? "one of " : key_type_text(field->type), listed);
            whole = false;
        }
    }
    return whole;
}

static bool read_entry(struct reading *reading, const config_setting_t *setting, const struct key *key,
                       struct entry *entry) {
    *entry = (struct entry){.setting = setting, .line = document_place(reading->document, setting).line};
    if (!config_setting_is_group(setting)) {
        reading_mistake(reading, setting, "%s holds groups alone; write ( { name = value; } )", key->name);
        return false;
    }
    bool good = read_fields(reading, key, entry);
    return is_whole(reading, key, entry) && good;
}

bool entries_read(struct reading *reading, const config_setting_t *list, const struct key *key,
                  bool (*take)(struct reading *, const struct entry *, void *), void *context) {
    if (!config_setting_is_list(list)) {
        reading_mistake(reading, list, "%s is a list of groups; write %s = ( { name = value; }, { name = value; } );",
                        key->name, key->name);
        return false;
    }
    bool good = true;
    for (int i = 0; i < config_setting_length(list); i++) {
        struct entry entry;
        good &= read_entry(reading, config_setting_get_elem(list, (unsigned)i), key, &entry) &&
                take(reading, &entry, context);
    }
    return good;
}

static bool ordered(struct reading *reading, const struct entry *entry, int64_t from, int64_t until) {
    if (from < until)
        return true;
    reading_mistake(reading, entry->setting, "this ends before it starts; exchange from and until");
    return false;
}

static bool take_travel(struct reading *reading, const struct entry *entry, void *context) {
    struct value *value = context;
    struct travel *travels = (struct travel *)value->travels;
    const struct value *countries = &entry->fields[TRAVEL_ENTRY_COUNTRIES];
    int64_t from = entry->fields[TRAVEL_ENTRY_FROM].number, until = entry->fields[TRAVEL_ENTRY_UNTIL].number;
    if (country_set_empty(&countries->countries)) {
        reading_mistake(reading, entry->setting, "a travel to no country; write countries = [ \"FR\" ]");
        return false;
    }
    travels[value->count++] =
        (struct travel){.countries = countries->countries, .span = {from, until}, .line = entry->line};
    return ordered(reading, entry, from, until);
}

static bool take_brownout(struct reading *reading, const struct entry *entry, void *context) {
    (void)reading;
    struct value *value = context;
    struct span *spans = (struct span *)value->spans;
    int64_t at = entry->fields[BROWNOUT_ENTRY_AT].number;
    spans[value->count++] = (struct span){at, at + entry->fields[BROWNOUT_ENTRY_LASTING].number};
    return true;
}

static bool take_exception(struct reading *reading, const struct entry *entry, void *context) {
    struct value *value = context;
    struct exception *exceptions = (struct exception *)value->exceptions;
    const struct value *service = &entry->fields[EXCEPTION_ENTRY_SERVICE];
    exceptions[value->count++] =
        (struct exception){.rule = (enum reason)entry->fields[EXCEPTION_ENTRY_RULE].number,
                           .service = entry->set[EXCEPTION_ENTRY_SERVICE] ? (int)service->number : SERVICE_UNKNOWN,
                           .until = entry->fields[EXCEPTION_ENTRY_UNTIL].number,
                           .reason = entry->fields[EXCEPTION_ENTRY_REASON].words[0],
                           .line = entry->line};
    return reading->memory->failed == false;
}

bool entries_read_value(struct reading *reading, const config_setting_t *list, const struct key *key,
                        struct value *value) {
    reading_origin(reading, list, value);
    size_t room = config_setting_is_list(list) ? (size_t)config_setting_length(list) : 0;
    switch ((enum policy_key)key->id) {
    case POLICY_TRAVEL:
        value->travels = arena_take(reading->memory, room, sizeof(struct travel));
        return value->travels != NULL && entries_read(reading, list, key, take_travel, value);
    case POLICY_LEGACY_AUTH_BROWNOUTS:
        value->spans = arena_take(reading->memory, room, sizeof(struct span));
        return value->spans != NULL && entries_read(reading, list, key, take_brownout, value);
    default:
        value->exceptions = arena_take(reading->memory, room, sizeof(struct exception));
        return value->exceptions != NULL && entries_read(reading, list, key, take_exception, value);
    }
}
