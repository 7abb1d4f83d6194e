/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks a passdb's settings up as Dovecot does. In 2.4 `service_name` in `passdb pam` is `passdb_pam_service_name`
 * anywhere: a setting holds for all that stands within the section it is in, the innermost one wins, and a group that a
 * section names (`@GROUP = NAME`) counts as standing in it. Called by doctor and setup; judges nothing. */
#include "ctl/dovecot_passdb.h"

#include <string.h>
#include <strings.h>

bool dovecot_modern(const struct sections *printed) {
    return sections_find(printed, NULL, "dovecot_config_version") != NULL;
}

bool dovecot_next_passdb(struct arena *arena, const struct sections *printed, size_t *at,
                         struct dovecot_passdb *passdb) {
    for (; *at < printed->section_count; ++*at) {
        const struct section *section = printed->section[*at];
        if (strcmp(section->kind, "passdb") != 0)
            continue;
        *passdb = (struct dovecot_passdb){.section = section, .driver = section->title};
        const struct section_setting *driver = dovecot_find(arena, printed, passdb, "driver");
        if (driver != NULL)
            passdb->driver = driver->value;
        ++*at;
        return true;
    }
    return false;
}

/* A driver's name within the name of a setting or a section: passwd-file is passwd_file there. */
static const char *joined(struct arena *arena, const char *driver) {
    char *name = scrap_text(arena, "%s", driver);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
    return name;
}

const struct section_setting *dovecot_spelled(struct arena *arena, const struct sections *where,
                                              const struct section *section, const char *driver, const char *name) {
    const char *prefix = joined(arena, driver);
    const char *const forms[] = {name, scrap_text(arena, "passdb_%s", name), scrap_text(arena, "%s_%s", prefix, name),
                                 scrap_text(arena, "passdb_%s_%s", prefix, name)};
    const struct section_setting *found = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0] && found == NULL; i++)
        found = sections_find(where, section, forms[i]);
    return found;
}

/* A search for one setting of one passdb. */
struct search {
    struct arena *arena;
    const struct sections *where;
    const char *driver, *name;
};

static bool stands_in(const struct section *inner, const struct section *outer) {
    if (inner->outer == NULL || outer == NULL)
        return inner->outer == outer;
    return strcmp(inner->outer->path, outer->path) == 0;
}

/* In `passdb_DRIVER { … }` within a section, or in the section itself. */
static const struct section_setting *around(const struct search *search, const struct section *section) {
    const char *kind = scrap_text(search->arena, "passdb_%s", joined(search->arena, search->driver));
    const struct section_setting *found = NULL;
    for (size_t i = 0; i < search->where->section_count && found == NULL; i++) {
        const struct section *inner = search->where->section[i];
        if (strcmp(inner->kind, kind) == 0 && stands_in(inner, section))
            found = dovecot_spelled(search->arena, search->where, inner, search->driver, search->name);
    }
    return found != NULL ? found : dovecot_spelled(search->arena, search->where, section, search->driver, search->name);
}

static const struct section *group_of(const struct search *search, const struct section_setting *use) {
    const char *title = scrap_text(search->arena, "%s %s", use->name, use->value);
    for (size_t i = 0; i < search->where->section_count; i++) {
        const struct section *section = search->where->section[i];
        if (strcmp(section->kind, "group") == 0 && strcmp(section->title, title) == 0)
            return section;
    }
    return NULL;
}

/* What a section says, and else what the groups that it names say. */
static const struct section_setting *said_in(const struct search *search, const struct section *section) {
    const struct section_setting *found = around(search, section);
    for (size_t i = 0; i < search->where->count && found == NULL; i++) {
        const struct section_setting *use = &search->where->setting[i];
        bool here = use->section == NULL || section == NULL ? use->section == section
                                                            : strcmp(use->section->path, section->path) == 0;
        const struct section *group = use->name[0] == '@' && here ? group_of(search, use) : NULL;
        if (group != NULL)
            found = around(search, group);
    }
    return found;
}

const struct section_setting *dovecot_find(struct arena *arena, const struct sections *where,
                                           const struct dovecot_passdb *passdb, const char *name) {
    const struct search search = {.arena = arena, .where = where, .driver = passdb->driver, .name = name};
    const struct section *own = passdb->section;
    const struct section_setting *found = said_in(&search, own);
    for (const struct section *outer = own->outer; outer != NULL && found == NULL; outer = outer->outer)
        found = said_in(&search, outer);
    for (size_t i = 0; i < where->section_count && found == NULL; i++) {
        const struct section *same = where->section[i]; /* what a protocol changes in a passdb stands beside the rest */
        if (own->title[0] != '\0' && same->outer == NULL && strcmp(same->kind, own->kind) == 0 &&
            strcmp(same->title, own->title) == 0)
            found = said_in(&search, same);
    }
    return found != NULL ? found : said_in(&search, NULL);
}

/* Whether a setting turns the cache on for all that stands in a protocol's section, whatever the passdb itself says
 * outside it. */
static bool one_protocol_caches(const struct section_setting *setting) {
    const struct section *outer = setting->section;
    while (outer != NULL && strcmp(outer->kind, "protocol") != 0)
        outer = outer->outer;
    return strcmp(setting->name, "passdb_use_cache") == 0 && outer != NULL && strcasecmp(setting->value, "no") != 0;
}

static bool has_cache_key(struct arena *arena, const char *args) {
    struct words words = scrap_split(arena, args, " \t");
    for (size_t i = 0; i < words.count; i++)
        if (strncmp(words.word[i], "cache_key=", 10) == 0)
            return true;
    return false;
}

bool dovecot_cached(struct arena *arena, const struct sections *printed, const struct dovecot_passdb *passdb) {
    bool modern = dovecot_modern(printed);
    const struct section_setting *found = dovecot_find(arena, printed, passdb, modern ? "use_cache" : "args");
    if (!modern)
        return found != NULL && has_cache_key(arena, found->value);
    for (size_t i = 0; i < printed->count; i++)
        if (one_protocol_caches(&printed->setting[i]))
            return true;
    return found == NULL || strcasecmp(found->value, "no") != 0;
}
