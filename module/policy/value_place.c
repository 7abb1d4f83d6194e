/* SPDX-License-Identifier: BSD-2-Clause */
/* Countries and networks as administrators write them: codes, continents, prefixes, and the words `private` and
 * `loopback`. Called through value.c's table. Which country an address is in is nothing that is known here. */
#include <ctype.h>
#include <string.h>

#include "policy/value_part.h"

static bool take_continent(struct reading *reading, const config_setting_t *setting, const char *text,
                           const char *continent, struct value *value) {
    if (country_set_add_continent(&value->countries, continent))
        return true;
    reading_mistake(reading, setting, "there is no %s; continents are AF, AN, AS, EU, NA, OC and SA", text);
    return false;
}

static bool take_country(struct reading *reading, const config_setting_t *setting, const char *text, void *context) {
    struct value *value = context;
    if (strncmp(text, "continent:", 10) == 0)
        return take_continent(reading, setting, text, text + 10, value);
    country_code code = country_code_parse(text);
    if (code != COUNTRY_UNKNOWN && country_code_assigned(code)) {
        country_set_add(&value->countries, code);
        return true;
    }
    const char *meant = country_code_meant(text);
    if (meant != NULL)
        reading_mistake(reading, setting, "\"%s\" is no country code of ISO 3166-1; did you mean \"%s\"?", text, meant);
    else
        reading_mistake(
            reading, setting,
            "\"%s\" is no country code of ISO 3166-1; write two letters such as \"JP\", or \"continent:EU\"", text);
    return false;
}

bool value_countries(struct reading *reading, const config_setting_t *setting, const struct key *key,
                     struct value *value) {
    bool good = value_each_text(reading, setting, key, take_country, value);
    value->count = good ? (size_t)config_setting_length(setting) : 0;
    return good;
}

static const char *const private_networks[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
                                               "169.254.0.0/16", "fc00::/7",      "fe80::/10"};
static const char *const loopback_networks[] = {"127.0.0.0/8", "::1/128"};
#define NETWORKS_OF_A_WORD 6

struct prefixes {
    struct prefix *list;
    size_t count;
};

static void add_networks(struct prefixes *prefixes, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (prefix_parse(texts[i], &prefixes->list[prefixes->count]) == PREFIX_OK)
            prefixes->count++;
}

static bool is_prefix(struct reading *reading, const config_setting_t *setting, const char *text,
                      struct prefix *prefix) {
    char meant[ADDRESS_TEXT_SIZE];
    switch (prefix_parse(text, prefix)) {
    case PREFIX_OK:
        return true;
    case PREFIX_HOST_BITS:
        prefix_format(prefix, meant);
        reading_mistake(reading, setting, "\"%s\" has bits set beyond its length; did you mean \"%s\"?", text, meant);
        return false;
    case PREFIX_BAD_LENGTH:
        reading_mistake(reading, setting,
                        "\"%s\" has no such length; after the slash stands 0 to 32, or to 128 for IPv6", text);
        return false;
    case PREFIX_NOT_AN_ADDRESS:
        break;
    }
    reading_mistake(reading, setting,
                    "\"%s\" is no network; write \"192.0.2.0/24\", \"2001:db8::/32\", \"private\" or \"loopback\"",
                    text);
    return false;
}

static bool take_prefix(struct reading *reading, const config_setting_t *setting, const char *text, void *context) {
    struct prefixes *prefixes = context;
    if (strcmp(text, "private") == 0) {
        add_networks(prefixes, private_networks, sizeof private_networks / sizeof private_networks[0]);
        return true;
    }
    if (strcmp(text, "loopback") == 0) {
        add_networks(prefixes, loopback_networks, sizeof loopback_networks / sizeof loopback_networks[0]);
        return true;
    }
    if (!is_prefix(reading, setting, text, &prefixes->list[prefixes->count]))
        return false;
    prefixes->count++;
    return true;
}

/* How many prefixes the elements of a list stand for at most. */
static size_t prefixes_in(const config_setting_t *list) {
    size_t count = 0;
    for (int i = 0; config_setting_is_list(list) && i < config_setting_length(list); i++) {
        const char *text = config_setting_get_string_elem(list, i);
        bool word = text != NULL && isalpha((unsigned char)text[0]);
        count += word ? NETWORKS_OF_A_WORD : 1;
    }
    return count;
}

bool value_prefixes(struct reading *reading, const config_setting_t *setting, const struct key *key,
                    struct value *value) {
    struct prefixes prefixes = {arena_take(reading->memory, prefixes_in(setting), sizeof(struct prefix)), 0};
    if (prefixes.list == NULL || !value_each_text(reading, setting, key, take_prefix, &prefixes))
        return false;
    value->prefixes = prefixes.list;
    value->count = prefixes.count;
    return true;
}
