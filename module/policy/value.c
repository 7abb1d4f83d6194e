/* SPDX-License-Identifier: BSD-2-Clause */
/* From what stands in a file to the structs of policy.h: one short function for each type of key, and one table of
 * them. host.c, entry.c and policy_file.c call it. A value that cannot be is a mistake that says what could. */
#include "policy/value.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/buffer.h"
#include "policy/account_name.h"
#include "policy/date.h"
#include "policy/suggest.h"
#include "policy/value_part.h"

typedef bool value_reader(struct reading *reading, const config_setting_t *setting, const struct key *key,
                          struct value *value);

bool value_wrong_type(struct reading *reading, const config_setting_t *setting, const struct key *key) {
    reading_mistake(reading, setting, "%s cannot be this; write %s", key->name, key_type_text(key->type));
    return false;
}

const char *value_text(struct reading *reading, const config_setting_t *setting, const struct key *key) {
    const char *text = config_setting_type(setting) == CONFIG_TYPE_STRING ? config_setting_get_string(setting) : NULL;
    if (text == NULL)
        (void)value_wrong_type(reading, setting, key);
    return text;
}

bool value_each_text(struct reading *reading, const config_setting_t *list, const struct key *key,
                     bool (*take)(struct reading *, const config_setting_t *, const char *, void *), void *context) {
    if (config_setting_type(list) == CONFIG_TYPE_STRING) {
        reading_mistake(reading, list, "%s is a list; write [ \"%s\" ]", key->name, config_setting_get_string(list));
        return false;
    }
    if (!config_setting_is_list(list))
        return value_wrong_type(reading, list, key);
    bool good = true;
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        const char *text = value_text(reading, element, key);
        good &= text != NULL && take(reading, element, text, context);
    }
    return good;
}

static bool keep_text(struct reading *reading, const char *text, struct value *value) {
    const char **words = arena_take(reading->memory, 1, sizeof *words);
    char *copy = arena_text(reading->memory, text);
    if (words == NULL || copy == NULL)
        return false;
    words[0] = copy;
    value->words = words;
    value->count = 1;
    return true;
}

/* ---- words out of a fixed list ---- */

void value_list_choices(const char *const *choices, struct buffer *buffer) {
    for (size_t i = 0; choices[i] != NULL; i++)
        if (choices[i][0] != '\0')
            (void)buffer_add_format(buffer, "%s\"%s\"", buffer->length == 0 ? "" : ", ", choices[i]);
}

static int choice_number(const char *const *choices, const char *text) {
    for (int i = 0; choices[i] != NULL; i++)
        if (choices[i][0] != '\0' && strcmp(choices[i], text) == 0)
            return i;
    return -1;
}

static void unknown_choice(struct reading *reading, const config_setting_t *setting, const struct key *key,
                           const char *text) {
    char listed[256];
    struct buffer buffer;
    buffer_init(&buffer, listed, sizeof listed);
    value_list_choices(key->choices, &buffer);
    struct suggestion suggestion = {.word = text};
    suggestion_try_all(&suggestion, key->choices);
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "%s cannot be \"%s\"; did you mean \"%s\"? It is one of %s", key->name, text,
                        suggestion.best, listed);
    else
        reading_mistake(reading, setting, "%s cannot be \"%s\"; it is one of %s", key->name, text, listed);
}

static bool read_choice(struct reading *reading, const config_setting_t *setting, const struct key *key,
                        struct value *value) {
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        char listed[256];
        struct buffer buffer;
        buffer_init(&buffer, listed, sizeof listed);
        value_list_choices(key->choices, &buffer);
        reading_mistake(reading, setting, "%s cannot be this; it is one of %s", key->name, listed);
        return false;
    }
    const char *text = config_setting_get_string(setting);
    int number = choice_number(key->choices, text);
    if (number < 0)
        unknown_choice(reading, setting, key, text);
    value->number = number;
    return number >= 0;
}

struct bits {
    const struct key *key;
    struct value *value;
};

static bool take_choice(struct reading *reading, const config_setting_t *setting, const char *text, void *context) {
    const struct bits *bits = context;
    int number = choice_number(bits->key->choices, text);
    if (number < 0)
        unknown_choice(reading, setting, bits->key, text);
    else
        bits->value->number |= (int64_t)1 << number;
    return number >= 0;
}

/* A list that allows nothing is a slip: nobody opens a socket on which nothing may be asked. */
static bool not_empty(struct reading *reading, const config_setting_t *setting, const struct key *key) {
    if (config_setting_length(setting) > 0)
        return true;
    reading_mistake(reading, setting, "%s is empty; write %s, or leave the key out", key->name,
                    key_type_text(key->type));
    return false;
}

static bool read_choices(struct reading *reading, const config_setting_t *setting, const struct key *key,
                         struct value *value) {
    struct bits bits = {key, value};
    return value_each_text(reading, setting, key, take_choice, &bits) && not_empty(reading, setting, key);
}

static bool read_boolean(struct reading *reading, const config_setting_t *setting, const struct key *key,
                         struct value *value) {
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
        return value_wrong_type(reading, setting, key);
    value->number = config_setting_get_bool(setting);
    return true;
}

/* ---- numbers and times ---- */

static bool read_number(struct reading *reading, const config_setting_t *setting, const struct key *key,
                        struct value *value) {
    int type = config_setting_type(setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return value_wrong_type(reading, setting, key);
    value->number = type == CONFIG_TYPE_INT ? config_setting_get_int(setting) : config_setting_get_int64(setting);
    if (value->number >= key->low && value->number <= key->high)
        return true;
    reading_mistake(reading, setting, "%s cannot be %lld; it is a number from %lld to %lld", key->name,
                    (long long)value->number, (long long)key->low, (long long)key->high);
    return false;
}

static bool read_duration(struct reading *reading, const config_setting_t *setting, const struct key *key,
                          struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    if (!duration_parse(text, &value->number)) {
        reading_mistake(reading, setting,
                        "\"%s\" is no duration; write a whole number and s, m, h or d, such as \"15m\"", text);
        return false;
    }
    if (value->number >= key->low && value->number <= key->high)
        return true;
    char low[DATE_TEXT_SIZE], high[DATE_TEXT_SIZE];
    duration_format(key->low, low);
    duration_format(key->high, high);
    reading_mistake(reading, setting, "%s cannot be \"%s\"; it lies from %s to %s", key->name, text, low, high);
    return false;
}

static bool dated(struct reading *reading, const config_setting_t *setting, const char *text, enum date_fault fault) {
    if (fault == DATE_NOT_ONE)
        reading_mistake(reading, setting, "\"%s\" is no date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM", text);
    else if (fault == DATE_NO_SUCH_DAY)
        reading_mistake(reading, setting, "there is no day %.10s", text);
    else if (fault == DATE_NO_SUCH_TIME)
        reading_mistake(reading, setting, "there is no time %s in the time zone; clocks may go forward over it", text);
    return fault == DATE_OK;
}

static bool read_from(struct reading *reading, const config_setting_t *setting, const struct key *key,
                      struct value *value) {
    const char *text = value_text(reading, setting, key);
    return text != NULL && dated(reading, setting, text, date_parse_from(text, &value->number));
}

static bool read_until(struct reading *reading, const config_setting_t *setting, const struct key *key,
                       struct value *value) {
    const char *text = value_text(reading, setting, key);
    return text != NULL && dated(reading, setting, text, date_parse_until(text, &value->number));
}

/* ---- lists of words ---- */

struct words {
    const struct key *key;
    const char **list;
    size_t count;
};

static bool is_word(const char *text, size_t limit) {
    size_t length = strlen(text);
    if (length == 0 || length > limit || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
            return false;
    return true;
}

static bool valid_word(struct reading *reading, const config_setting_t *setting, const struct key *key,
                       const char *text) {
    if (key->type == TYPE_ACCOUNTS)
        return true; /* what is an account's name, default_domain and delimiter decide */
    if (key->type == TYPE_DOMAINS && !account_domain_valid(text)) {
        reading_mistake(reading, setting, "\"%s\" is no domain; write one such as \"example.com\"", text);
        return false;
    }
    if (is_word(text, 253))
        return true;
    reading_mistake(reading, setting, "\"%s\" cannot be in %s; write letters, digits, -, _ and .", text, key->name);
    return false;
}

static void fold(char *text, enum key_type type) {
    for (; *text != '\0'; text++) {
        if (type == TYPE_MECHANISMS && *text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
        if (type == TYPE_DOMAINS && *text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
    }
}

static bool twice(struct reading *reading, const config_setting_t *setting, const struct words *words,
                  const char *text) {
    if (words->key->type == TYPE_ACCOUNTS)
        return false; /* lists of thousands; naming somebody twice does no harm */
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], text) == 0) {
            reading_mistake(reading, setting, "\"%s\" stands twice in %s", text, words->key->name);
            return true;
        }
    }
    return false;
}

static bool take_word(struct reading *reading, const config_setting_t *setting, const char *text, void *context) {
    struct words *words = context;
    if (!valid_word(reading, setting, words->key, text))
        return false;
    char *copy = arena_text(reading->memory, text);
    if (copy == NULL)
        return false;
    fold(copy, words->key->type);
    if (twice(reading, setting, words, copy))
        return false;
    words->list[words->count++] = copy;
    return true;
}

static bool read_words(struct reading *reading, const config_setting_t *setting, const struct key *key,
                       struct value *value) {
    size_t room = config_setting_is_list(setting) ? (size_t)config_setting_length(setting) : 0;
    struct words words = {key, arena_take(reading->memory, room, sizeof(char *)), 0};
    if (words.list == NULL || !value_each_text(reading, setting, key, take_word, &words))
        return false;
    value->words = words.list;
    value->count = words.count;
    return true;
}

/* ---- services and rules ---- */

static int service_named(struct reading *reading, const config_setting_t *setting, const char *text) {
    int number = services_number(reading->services, text);
    if (number != SERVICE_UNKNOWN)
        return number;
    struct suggestion suggestion = {.word = text};
    suggestion_try_all(&suggestion, reading->services->names);
    suggestion_try_all(&suggestion, service_other_names);
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "there is no service \"%s\"; did you mean \"%s\"?", text, suggestion.best);
    else
        reading_mistake(reading, setting, "there is no service \"%s\"; services_known adds services", text);
    return number;
}

static bool read_service(struct reading *reading, const config_setting_t *setting, const struct key *key,
                         struct value *value) {
    const char *text = value_text(reading, setting, key);
    value->number = text == NULL ? SERVICE_UNKNOWN : service_named(reading, setting, text);
    return value->number != SERVICE_UNKNOWN;
}

static bool take_service(struct reading *reading, const config_setting_t *setting, const char *text, void *context) {
    struct value *value = context;
    int number = service_named(reading, setting, text);
    if (number != SERVICE_UNKNOWN)
        value->number |= (int64_t)1 << number;
    return number != SERVICE_UNKNOWN;
}

static bool read_services(struct reading *reading, const config_setting_t *setting, const struct key *key,
                          struct value *value) {
    return value_each_text(reading, setting, key, take_service, value) && not_empty(reading, setting, key);
}

static bool read_rule(struct reading *reading, const config_setting_t *setting, const struct key *key,
                      struct value *value) {
    const char *text = value_text(reading, setting, key);
    enum reason rule;
    if (text == NULL)
        return false;
    if (reason_parse(text, &rule) && key_rule_has_exceptions(rule)) {
        value->number = rule;
        return true;
    }
    struct suggestion suggestion = {.word = text};
    for (int i = 0; i < REASON_COUNT; i++)
        if (key_rule_has_exceptions((enum reason)i))
            suggestion_try(&suggestion, reason_name((enum reason)i));
    if (suggestion.best != NULL)
        reading_mistake(reading, setting, "there is no rule \"%s\" that can be excepted; did you mean \"%s\"?", text,
                        suggestion.best);
    else
        reading_mistake(reading, setting,
                        "there is no rule \"%s\" that can be excepted; authgate.conf(5) lists those that can", text);
    return false;
}

/* ---- texts ---- */

static bool read_text(struct reading *reading, const config_setting_t *setting, const struct key *key,
                      struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    if (text[strspn(text, " \t\r\n")] != '\0')
        return keep_text(reading, text, value);
    reading_mistake(reading, setting, "%s is empty; write a text, or leave the key out", key->name);
    return false;
}

static bool absolute(struct reading *reading, const config_setting_t *setting, const struct key *key,
                     const char *text) {
    if (text[0] == '/' && strlen(text) < PATH_MAX && strpbrk(text, "\n\r\t") == NULL)
        return true;
    reading_mistake(reading, setting, "%s cannot be \"%s\"; write a path that starts with /", key->name, text);
    return false;
}

static bool read_path(struct reading *reading, const config_setting_t *setting, const struct key *key,
                      struct value *value) {
    const char *text = value_text(reading, setting, key);
    return text != NULL && absolute(reading, setting, key, text) && keep_text(reading, text, value);
}

static bool read_program(struct reading *reading, const config_setting_t *setting, const struct key *key,
                         struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    bool word = choice_number(key->choices, text) >= 0;
    if (!word && text[0] != '/') {
        reading_mistake(reading, setting, "%s cannot be \"%s\"; write \"none\", \"nss\" or a program's absolute path",
                        key->name, text);
        return false;
    }
    return keep_text(reading, text, value);
}

static bool read_url(struct reading *reading, const config_setting_t *setting, const struct key *key,
                     struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    if (strncmp(text, "sqlite:/", 8) == 0)
        return keep_text(reading, text, value);
    if (strncmp(text, "postgresql:", 11) == 0)
        reading_mistake(reading, setting, "PostgreSQL comes with a later release; write \"sqlite:/PATH\"");
    else
        reading_mistake(reading, setting, "%s cannot be \"%s\"; write \"sqlite:/PATH\"", key->name, text);
    return false;
}

static bool read_permission(struct reading *reading, const config_setting_t *setting, const struct key *key,
                            struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    size_t length = strlen(text);
    bool good = length >= 3 && length <= 4 && strspn(text, "01234567") == length && (length == 3 || text[0] == '0');
    for (size_t i = 0; good && i < length; i++)
        value->number = value->number * 8 + (text[i] - '0');
    if (!good)
        reading_mistake(reading, setting, "%s cannot be \"%s\"; write permission bits such as \"0660\"", key->name,
                        text);
    return good;
}

static bool read_zone(struct reading *reading, const config_setting_t *setting, const struct key *key,
                      struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    if (zone_exists(text))
        return keep_text(reading, text, value);
    reading_mistake(reading, setting, "there is no time zone \"%s\" on this host; write one such as \"Asia/Tokyo\"",
                    text);
    return false;
}

static bool read_character(struct reading *reading, const config_setting_t *setting, const struct key *key,
                           struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    value->number = text[0];
    if (text[0] != '\0' && text[1] == '\0' && ispunct((unsigned char)text[0]) && strchr("@./*\"", text[0]) == NULL)
        return true;
    reading_mistake(reading, setting, "%s cannot be \"%s\"; write one character such as \"+\"", key->name, text);
    return false;
}

static bool read_domain(struct reading *reading, const config_setting_t *setting, const struct key *key,
                        struct value *value) {
    const char *text = value_text(reading, setting, key);
    if (text == NULL)
        return false;
    if (!account_domain_valid(text)) {
        reading_mistake(reading, setting, "\"%s\" is no domain; write one such as \"example.com\"", text);
        return false;
    }
    if (!keep_text(reading, text, value))
        return false;
    fold((char *)value->words[0], TYPE_DOMAINS);
    return true;
}

static value_reader *const readers[TYPE_COUNT] = {
    [TYPE_CHOICE] = read_choice,
    [TYPE_CHOICES] = read_choices,
    [TYPE_BOOLEAN] = read_boolean,
    [TYPE_NUMBER] = read_number,
    [TYPE_DURATION] = read_duration,
    [TYPE_FROM] = read_from,
    [TYPE_UNTIL] = read_until,
    [TYPE_COUNTRIES] = value_countries,
    [TYPE_PREFIXES] = value_prefixes,
    [TYPE_MECHANISMS] = read_words,
    [TYPE_SERVICE] = read_service,
    [TYPE_SERVICES] = read_services,
    [TYPE_RULE] = read_rule,
    [TYPE_TEXT] = read_text,
    [TYPE_PATH] = read_path,
    [TYPE_FILE] = read_text,
    [TYPE_PROGRAM] = read_program,
    [TYPE_URL] = read_url,
    [TYPE_PERMISSION] = read_permission,
    [TYPE_ZONE] = read_zone,
    [TYPE_CHARACTER] = read_character,
    [TYPE_DOMAIN] = read_domain,
    [TYPE_DOMAINS] = read_words,
    [TYPE_WORDS] = read_words,
    [TYPE_ACCOUNTS] = read_words,
};

bool value_read(struct reading *reading, const config_setting_t *setting, const struct key *key, struct value *value) {
    reading_origin(reading, setting, value);
    bool good = readers[key->type](reading, setting, key, value);
    if (!good && reading->memory->failed)
        reading_mistake(reading, setting, "memory is short");
    return good;
}
