/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a layer of a file: each key's value, and then what only several keys together can get wrong. Called for the
 * defaults, domains and groups when a configuration is loaded and for an account's file when it logs in. */
#include "policy/policy_file.h"

#include <string.h>

#include "base/buffer.h"
#include "policy/date.h"
#include "policy/entry.h"
#include "policy/value.h"

#define WEEK (7 * 86400)

struct file_reading {
    struct reading reading;
    const struct policy_context *context;
    struct layer *layer;
    struct group_values *group;
    const config_setting_t *seen[POLICY_KEY_COUNT]; /* where the key is set in this file */
};

static bool read_any(struct reading *reading, const config_setting_t *setting, const struct key *key,
                     struct value *value) {
    return key->type == TYPE_ENTRIES ? entries_read_value(reading, setting, key, value)
                                     : value_read(reading, setting, key, value);
}

static void take(void *context, const config_setting_t *setting, const struct key *key, int slot) {
    struct file_reading *file = context;
    struct value value;
    bool good = read_any(&file->reading, setting, key, &value);
    if (key->place == PLACE_GROUP) {
        file->group->fields[key->id] = value;
        file->group->set[key->id] = good;
        return;
    }
    file->seen[key->id] = setting;
    if (!good)
        return;
    struct value *kept = layer_add(file->layer, policy_slot((enum policy_key)key->id) + (size_t)slot);
    if (kept == NULL)
        reading_mistake(&file->reading, setting, "memory is short");
    else
        *kept = value;
}

static const struct value *value_of(const struct file_reading *file, enum policy_key key) {
    return layer_value(file->layer, policy_slot(key));
}

static void check_allow(struct file_reading *file) {
    const struct value *allow = value_of(file, POLICY_COUNTRIES_ALLOW);
    if (allow != NULL && allow->count == 0)
        reading_mistake(&file->reading, file->seen[POLICY_COUNTRIES_ALLOW],
                        "countries.allow is empty and would let nobody in; name countries, or use services to close "
                        "the account");
}

/* A country that `allow` names itself and `deny` takes back is a contradiction; one out of a continent is not. */
static void check_allow_and_deny(struct file_reading *file) {
    const struct value *deny = value_of(file, POLICY_COUNTRIES_DENY);
    const config_setting_t *allow = file->seen[POLICY_COUNTRIES_ALLOW];
    if (deny == NULL || allow == NULL || !config_setting_is_list(allow))
        return;
    for (int i = 0; i < config_setting_length(allow); i++) {
        const char *text = config_setting_get_string_elem(allow, i);
        country_code code = text == NULL ? COUNTRY_UNKNOWN : country_code_parse(text);
        if (code != COUNTRY_UNKNOWN && country_set_has(&deny->countries, code))
            reading_mistake(&file->reading, config_setting_get_elem(allow, (unsigned)i),
                            "%s is in countries.allow and in countries.deny; take it out of one", text);
    }
}

static bool has_continent(const config_setting_t *list, const char *continent) {
    for (int i = 0; i < config_setting_length(list); i++) {
        const char *text = config_setting_get_string_elem(list, i);
        if (text != NULL && strcmp(text, continent) == 0)
            return true;
    }
    return false;
}

static void check_continents(struct file_reading *file) {
    const config_setting_t *allow = file->seen[POLICY_COUNTRIES_ALLOW], *deny = file->seen[POLICY_COUNTRIES_DENY];
    if (allow == NULL || deny == NULL || !config_setting_is_list(allow) || !config_setting_is_list(deny))
        return;
    for (int i = 0; i < config_setting_length(allow); i++) {
        const char *text = config_setting_get_string_elem(allow, i);
        if (text != NULL && strncmp(text, "continent:", 10) == 0 && has_continent(deny, text))
            reading_mistake(&file->reading, config_setting_get_elem(allow, (unsigned)i),
                            "%s is in countries.allow and in countries.deny; take it out of one", text);
    }
}

static void check_database(struct file_reading *file) {
    static const enum policy_key needing[] = {POLICY_COUNTRIES_ALLOW, POLICY_COUNTRIES_DENY, POLICY_TRAVEL};
    if (file->context->has_country_database)
        return;
    for (size_t i = 0; i < sizeof needing / sizeof needing[0]; i++) {
        if (file->seen[needing[i]] != NULL) {
            reading_mistake(&file->reading, file->seen[needing[i]],
                            "%s needs a country database; set country_database = \"/PATH\" in the main file",
                            key_of_policy(needing[i])->name);
            return;
        }
    }
}

static void check_store(struct file_reading *file) {
    const struct value *totp = value_of(file, POLICY_SECOND_FACTOR_TOTP);
    if (!file->context->has_store && totp != NULL && totp->number == TOTP_REQUIRED)
        reading_warning(&file->reading, file->seen[POLICY_SECOND_FACTOR_TOTP],
                        "second_factor.totp is required, but there is no store that could keep secrets; set store = "
                        "\"sqlite:/PATH\" in the main file");
}

static void warn_of_end(const struct exception *exception, struct place place, int64_t now, struct mistakes *mistakes) {
    char date[DATE_TEXT_SIZE];
    date_format(exception->until - 1, date);
    if (exception->until <= now)
        mistakes_warn(mistakes, place, "the exception from %s (%s) has ended with %.10s; take it out",
                      reason_name(exception->rule), exception->reason, date);
    else if (exception->until <= now + WEEK)
        mistakes_warn(mistakes, place, "the exception from %s (%s) ends with %.10s; be ready for it, or move until",
                      reason_name(exception->rule), exception->reason, date);
}

void policy_reminders(const struct layer *layer, int64_t now, struct mistakes *mistakes) {
    const struct value *value = layer == NULL ? NULL : layer_value(layer, policy_slot(POLICY_EXCEPTIONS));
    for (size_t i = 0; value != NULL && i < value->count; i++) {
        struct place place = {.file = value->file, .line = value->exceptions[i].line};
        warn_of_end(&value->exceptions[i], place, now, mistakes);
    }
}

struct layer *policy_layer(const struct document *document, const config_setting_t *settings,
                           const struct policy_context *context, struct group_values *group,
                           struct mistakes *mistakes) {
    struct layer *layer = layer_create();
    if (layer == NULL) {
        mistakes_add(mistakes, document_place(document, settings), "memory is short");
        return NULL;
    }
    struct file_reading file = {.reading = {.document = document,
                                            .mistakes = mistakes,
                                            .memory = &layer->memory,
                                            .services = context->services},
                                .context = context,
                                .layer = layer,
                                .group = group};
    struct reading_place place = {
        .place = PLACE_POLICY, .other = group == NULL ? PLACE_POLICY : PLACE_GROUP, .take = take, .context = &file};
    zone_enter(context->zone);
    reading_group(&file.reading, settings, "", &place);
    check_allow(&file);
    check_allow_and_deny(&file);
    check_continents(&file);
    check_database(&file);
    check_store(&file);
    return layer;
}

struct layer *policy_file_read(const struct policy_file *file, const struct policy_context *context,
                               struct mistakes *mistakes) {
    size_t grave = mistakes->grave, first = mistakes->count;
    struct document *document = document_read(file->path, file->includes, file->status, mistakes);
    struct layer *layer = NULL;
    if (document != NULL && document_owners_fit(document, context->owners, mistakes))
        layer = policy_layer(document, document_root(document), context, file->group, mistakes);
    document_free(&document);
    mistakes_sort(mistakes, first);
    if (mistakes->grave != grave)
        layer_release(&layer);
    return layer;
}

bool policy_fallback(const struct key *key, struct arena *memory, struct value *value) {
    char text[512];
    struct buffer buffer;
    struct mistakes mistakes = {.list = NULL};
    struct services services;
    services_start(&services);
    buffer_init(&buffer, text, sizeof text);
    if (key->fallback == NULL || !buffer_add_format(&buffer, "value = %s;", key->fallback))
        return false;
    struct document *document = document_parse("built-in", text, buffer.length, &mistakes);
    struct reading reading = {
        .document = document, .mistakes = &mistakes, .memory = memory, .services = &services, .built_in = true};
    bool good = document != NULL && read_any(&reading, config_setting_get_elem(document_root(document), 0), key, value);
    document_free(&document);
    mistakes_clear(&mistakes);
    return good;
}

struct layer *policy_built_in(void) {
    struct layer *layer = layer_create();
    size_t count;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count && layer != NULL; i++) {
        if (keys[i].place != PLACE_POLICY || keys[i].fallback == NULL)
            continue;
        struct value value;
        struct value *kept = layer_add(layer, policy_slot((enum policy_key)keys[i].id));
        if (kept == NULL || !policy_fallback(&keys[i], &layer->memory, &value))
            layer_release(&layer);
        else
            *kept = value;
    }
    return layer;
}
