/* SPDX-License-Identifier: BSD-2-Clause */
/* The Dovecot rows: passdbs beside PAM, master users, the authentication cache, mechanisms without a password, service
 * names. Judges what doveconf has put together; never reads the files for values. */
#include "ctl/doctor_dovecot.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/dovecot_passdb.h"
#include "ctl/run.h"

#define PATIENCE        20000
#define DEFAULT_SERVICE "dovecot"

static bool readable(const struct doctor *doctor) {
    return doctor->dovecot != NULL && doctor->dovecot->fault == NULL;
}

static struct place locate(const struct doctor *doctor, const struct section *section, const char *name) {
    return sections_locate(&doctor->dovecot->files, section, name, doctor->dovecot_file);
}

/* Where the files have a passdb's setting, or else the passdb. */
static struct place place_of(struct doctor *doctor, const struct dovecot_passdb *passdb, const char *name) {
    const struct section_setting *found = dovecot_find(&doctor->arena, &doctor->dovecot->files, passdb, name);
    return found != NULL ? found->place : locate(doctor, passdb->section, "");
}

static const char *value_of(struct doctor *doctor, const struct dovecot_passdb *passdb, const char *name) {
    const struct section_setting *found = dovecot_find(&doctor->arena, &doctor->dovecot->printed, passdb, name);
    return found != NULL ? found->value : NULL;
}

static bool is(const char *value, const char *word) {
    return value != NULL && strcasecmp(value, word) == 0;
}

static bool next_passdb(struct doctor *doctor, size_t *at, struct dovecot_passdb *passdb) {
    return dovecot_next_passdb(&doctor->arena, &doctor->dovecot->printed, at, passdb);
}

/* ---- passdbs ---- */

/* The passdb or group that a section stands in; NULL: neither. */
static const struct section *owner_of(const struct section *section) {
    const struct section *outer = section->outer;
    while (outer != NULL && strcmp(outer->kind, "passdb") != 0 && strcmp(outer->kind, "group") != 0)
        outer = outer->outer;
    return outer;
}

/* Whether a section is a list of this name that may hold for a passdb: its own, a group's, or one for all of them. */
static bool may_be_list(const struct section *section, const struct dovecot_passdb *passdb, const char *name) {
    const struct section *owner = owner_of(section);
    size_t length = strlen(section->kind), tail = strlen(name);
    bool of_passdbs = length > tail && strncmp(section->kind, "passdb_", 7) == 0 &&
                      strcmp(section->kind + length - tail, name) == 0;
    if (owner != NULL && strcmp(owner->kind, "passdb") == 0 && owner != passdb->section)
        return false;
    return of_passdbs || (owner != NULL && strcmp(section->kind, name) == 0);
}

/* Whether a list of a passdb's is set: in 2.4 it may be a section of its own. */
static bool has_list(struct doctor *doctor, const struct dovecot_passdb *passdb, const char *name) {
    const struct sections *printed = &doctor->dovecot->printed;
    const char *value = value_of(doctor, passdb, name);
    for (size_t i = 0; i < printed->section_count; i++) {
        if (may_be_list(printed->section[i], passdb, name))
            return true;
    }
    return value != NULL && value[0] != '\0';
}

/* Whether nothing that this PAM passdb refuses goes on to the next. */
static bool ends_the_search(struct doctor *doctor, const struct dovecot_passdb *passdb) {
    const char *skip = value_of(doctor, passdb, "skip");
    return is(passdb->driver, "pam") && is(value_of(doctor, passdb, "result_failure"), "return-fail") &&
           is(value_of(doctor, passdb, "result_internalfail"), "return-fail") &&
           !has_list(doctor, passdb, "username_filter") && !has_list(doctor, passdb, "mechanisms") &&
           !has_list(doctor, passdb, "mechanisms_filter") && (skip == NULL || is(skip, "never"));
}

static bool says(struct doctor *doctor, const struct dovecot_passdb *passdb, const char *name, const char *word) {
    return is(value_of(doctor, passdb, name), word);
}

/* Whether a static passdb only adds fields to logins that another one judges. */
static bool adds_fields(struct doctor *doctor, const struct dovecot_passdb *passdb) {
    struct words words = scrap_split(&doctor->arena, value_of(doctor, passdb, "args"), " \t");
    return is(passdb->driver, "static") &&
           (words_have(&words, "noauthenticate") || words_have(&words, "noauthenticate=y") ||
            words_have(&words, "noauthenticate=yes"));
}

/* Whether a passdb other than PAM can never let anybody in by itself. */
static bool harmless(struct doctor *doctor, const struct dovecot_passdb *passdb) {
    const char *success = value_of(doctor, passdb, "result_success");
    return is(passdb->driver, "pam") || says(doctor, passdb, "deny", "yes") || says(doctor, passdb, "master", "yes") ||
           says(doctor, passdb, "skip", "unauthenticated") || is(success, "continue") || is(success, "continue-fail") ||
           is(success, "return-fail") || adds_fields(doctor, passdb);
}

/* The section that a passdb is asked in: those of a protocol come before those that stand for all of them. In 2.4 one
 * that has a name which is known outside is that one. */
static const char *asked_in(struct doctor *doctor, const struct dovecot_passdb *passdb) {
    const struct sections *printed = &doctor->dovecot->printed;
    const struct section *own = passdb->section;
    for (size_t i = 0; own->title[0] != '\0' && i < printed->section_count; i++) {
        const struct section *same = printed->section[i];
        if (same->outer == NULL && strcmp(same->kind, "passdb") == 0 && strcmp(same->title, own->title) == 0)
            return "";
    }
    return own->outer != NULL ? own->outer->path : "";
}

/* Whether a PAM passdb stands before this one in the same section; `ending`: one that ends the search. */
static bool behind_pam(struct doctor *doctor, const struct dovecot_passdb *passdb, bool ending) {
    struct dovecot_passdb before;
    for (size_t at = 0; next_passdb(doctor, &at, &before) && before.section != passdb->section;)
        if (is(before.driver, "pam") && strcmp(asked_in(doctor, &before), asked_in(doctor, passdb)) == 0 &&
            (!ending || ends_the_search(doctor, &before)))
            return true;
    return false;
}

static void look_beside(struct doctor *doctor) {
    struct dovecot_passdb passdb;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);)
        if (!harmless(doctor, &passdb) && !behind_pam(doctor, &passdb, true))
            doctor_find(doctor, place_of(doctor, &passdb, "driver"),
                        "remove it, or give the PAM passdb before it `result_failure = return-fail` and "
                        "`result_internalfail = return-fail`",
                        "the %s passdb lets logins in %s, without asking the gate", passdb.driver,
                        behind_pam(doctor, &passdb, false) ? "that PAM has refused" : "before PAM is asked");
}

/* A passdb whose refusals are told to be successes. */
static void look_results(struct doctor *doctor) {
    static const char *const results[] = {"result_failure", "result_internalfail"};
    struct dovecot_passdb passdb;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);)
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
            if (says(doctor, &passdb, results[i], "return-ok") || says(doctor, &passdb, results[i], "continue-ok"))
                doctor_find(doctor, place_of(doctor, &passdb, results[i]),
                            scrap_text(&doctor->arena, "%s = return-fail", results[i]),
                            "who is refused by this %s passdb is let in", passdb.driver);
}

static void look_master(struct doctor *doctor) {
    struct dovecot_passdb passdb;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);)
        if (is(value_of(doctor, &passdb, "master"), "yes"))
            doctor_find(doctor, place_of(doctor, &passdb, "master"), "remove it while nobody needs it",
                        "master users of this %s passdb log in as anybody%s", passdb.driver,
                        is(passdb.driver, "pam") ? ", judged by the master's policy and not the account's"
                                                 : ", without asking the gate");
}

/* ---- settings that stand anywhere ---- */

static const struct section_setting *next_setting(struct doctor *doctor, size_t *at, const char *name) {
    const struct sections *printed = &doctor->dovecot->printed;
    while (*at < printed->count) {
        const struct section_setting *setting = &printed->setting[(*at)++];
        if (strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

/* Whether what a PAM passdb has let in may be answered from the cache. */
static bool caches_pam(struct doctor *doctor) {
    struct dovecot_passdb passdb;
    for (size_t at = 0; next_passdb(doctor, &at, &passdb);)
        if (is(passdb.driver, "pam") && dovecot_cached(&doctor->arena, &doctor->dovecot->printed, &passdb))
            return true;
    return false;
}

/* In 2.4 PAM's logins are kept out of the cache where that is said; in 2.3 where nothing is said, which is one word
 * from the contrary. */
static void look_cache(struct doctor *doctor) {
    const struct section_setting *setting;
    bool modern = readable(doctor) && dovecot_modern(&doctor->dovecot->printed);
    bool caches = readable(doctor) && caches_pam(doctor);
    for (size_t at = 0; readable(doctor) && (setting = next_setting(doctor, &at, "auth_cache_size")) != NULL;)
        if (strtol(setting->value, NULL, 10) != 0 && (caches || !modern))
            doctor_find(doctor, locate(doctor, setting->section, setting->name),
                        modern ? "auth_cache_size = 0, or use_cache = no in every PAM passdb" : "auth_cache_size = 0",
                        caches ? "the authentication cache answers logins from anywhere that the gate never sees"
                               : "with a cache_key in the PAM passdb's args, the authentication cache would answer "
                                 "logins that the gate never sees");
}

/* What a setting adds to a list: `auth_mechanisms = plain login`, or in 2.4 `plain = yes` in a section of that name. */
static struct words listed(struct doctor *doctor, const struct section_setting *setting, const char *name) {
    if (strcmp(setting->name, name) == 0)
        return scrap_split(&doctor->arena, setting->value, " \t,");
    bool inside = setting->section != NULL && strcmp(setting->section->kind, name) == 0;
    return scrap_split(&doctor->arena, inside && is(setting->value, "yes") ? setting->name : NULL, " \t,");
}

static bool asks_for_a_password(const char *mechanism) {
    return strcasecmp(mechanism, "plain") == 0 || strcasecmp(mechanism, "login") == 0;
}

static void look_mechanisms(struct doctor *doctor) {
    for (size_t at = 0; readable(doctor) && at < doctor->dovecot->printed.count; at++) {
        const struct section_setting *setting = &doctor->dovecot->printed.setting[at];
        struct words words = listed(doctor, setting, "auth_mechanisms");
        for (size_t i = 0; i < words.count; i++)
            if (!asks_for_a_password(words.word[i]))
                doctor_find(doctor, locate(doctor, setting->section, setting->name), "auth_mechanisms = plain login",
                            "%s proves who somebody is without handing PAM a password, so the gate is not asked",
                            words.word[i]);
    }
}

static void look_trusted(struct doctor *doctor) {
    static const char *const names[] = {"login_trusted_networks", "haproxy_trusted_networks"};
    for (size_t at = 0; readable(doctor) && at < 2 * doctor->dovecot->printed.count; at++) {
        const struct section_setting *setting = &doctor->dovecot->printed.setting[at / 2];
        struct words words = listed(doctor, setting, names[at % 2]);
        for (size_t i = 0; i < words.count; i++)
            if (doctor_everywhere(doctor, words.word[i]))
                doctor_find(doctor, locate(doctor, setting->section, setting->name),
                            "name the hosts that log in for others, and no more",
                            "%s lets every client say itself where it comes from", names[at % 2]);
    }
}

/* ---- names ---- */

static bool has_one_of(const char *text, const char *const words[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

/* Whether a format keeps the part before the @ and nothing of the rest. */
static bool takes_the_domain_off(const char *format) {
    static const char *const names[] = {"%n", "%Ln", "%{username", "%{user | username", "%{user|username"};
    static const char *const domains[] = {"@", "%d", "%Ld", "domain", "%u", "%Lu", "%{user}", "%{user | lower"};
    return has_one_of(format, names, sizeof names / sizeof names[0]) &&
           !has_one_of(format, domains, sizeof domains / sizeof domains[0]);
}

static void look_domain(struct doctor *doctor) {
    const struct section_setting *setting;
    size_t served = doctor->settings != NULL ? doctor->settings->naming.domain_count : 0;
    for (size_t at = 0; readable(doctor) && (setting = next_setting(doctor, &at, "auth_username_format")) != NULL;)
        if (served > 1 && takes_the_domain_off(setting->value))
            doctor_find(doctor, locate(doctor, setting->section, setting->name),
                        dovecot_modern(&doctor->dovecot->printed) ? "auth_username_format = %{user | lower}"
                                                                  : "auth_username_format = %Lu",
                        "%s takes the domain off a name: the accounts of every domain are judged as if they were "
                        "default_domain's",
                        setting->value);
}

/* ---- the services that it asks PAM for ---- */

/* Replaces every `from` in the text. */
static const char *replace(struct arena *arena, const char *text, const char *from, const char *to) {
    const char *found = strstr(text, from);
    if (found == NULL)
        return text;
    const char *rest = replace(arena, found + strlen(from), from, to);
    return scrap_text(arena, "%.*s%s%s", (int)(found - text), text, to, rest);
}

/* The service name as it is set, variables and all. */
static const char *pattern_of(struct doctor *doctor, const struct dovecot_passdb *passdb) {
    const char *name = value_of(doctor, passdb, "service_name");
    struct words words = scrap_split(&doctor->arena, value_of(doctor, passdb, "args"), " \t");
    for (size_t i = 0; i < words.count; i++)
        if (words.word[i][0] != '-' && strchr(words.word[i], '=') == NULL)
            name = strcmp(words.word[i], "*") == 0 ? "%s" : words.word[i];
    return name != NULL ? name : DEFAULT_SERVICE;
}

/* What Dovecot makes of it: each version knows its own variables, and 2.4 takes %s as it stands. */
static const char *service_of(struct doctor *doctor, const char *pattern, const char *protocol) {
    static const char *const old[] = {"%{service}", "%Ls", "%s"};
    if (dovecot_modern(&doctor->dovecot->printed))
        return replace(&doctor->arena, pattern, "%{protocol}", protocol);
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        pattern = replace(&doctor->arena, pattern, old[i], protocol);
    return pattern;
}

/* The one protocol that a section is for, or NULL. */
static const char *protocol_of(const struct section *section) {
    for (; section != NULL; section = section->outer)
        if (strcmp(section->kind, "protocol") == 0 && strpbrk(section->title, "! \t") == NULL)
            return section->title;
    return NULL;
}

/* The next thing that says what service PAM is asked for: a PAM passdb, or what a protocol says of every one. */
static bool next_asker(struct doctor *doctor, size_t *at, struct dovecot_passdb *asker) {
    const struct sections *printed = &doctor->dovecot->printed;
    for (; *at < printed->section_count; ++*at) {
        const struct section *section = printed->section[*at];
        size_t passdb_at = *at;
        bool passdb = strcmp(section->kind, "passdb") == 0 && next_passdb(doctor, &passdb_at, asker);
        if (strcmp(section->kind, "passdb_pam") == 0 && section->outer != NULL)
            *asker = (struct dovecot_passdb){.section = section, .driver = "pam"};
        else if (!passdb || !is(asker->driver, "pam"))
            continue;
        ++*at;
        return true;
    }
    return false;
}

static bool told_apart(struct doctor *doctor, const char *pattern, const char *protocol) {
    const char *one = service_of(doctor, pattern, protocol != NULL ? protocol : "imap");
    const char *other = service_of(doctor, pattern, "smtp");
    if (strncmp(one, "authgate-", 9) != 0 || strchr(one, '%') != NULL)
        return false;
    return protocol != NULL ? strcmp(one + 9, protocol) == 0 : strcmp(one, other) != 0;
}

static struct place place_of_name(struct doctor *doctor, const struct dovecot_passdb *asker) {
    return place_of(doctor, asker, dovecot_modern(&doctor->dovecot->printed) ? "service_name" : "args");
}

/* What a login fails by that this row does not judge: a wrong stack is pam_authgate's business. */
static void look_service(struct doctor *doctor) {
    struct dovecot_passdb asker;
    for (size_t at = 0; readable(doctor) && next_asker(doctor, &at, &asker);) {
        const char *pattern = pattern_of(doctor, &asker);
        bool modern = dovecot_modern(&doctor->dovecot->printed);
        if (!told_apart(doctor, pattern, protocol_of(asker.section)))
            doctor_find(doctor, place_of_name(doctor, &asker),
                        modern ? "service_name = authgate-%{protocol}" : "args = authgate-%s",
                        "Dovecot asks PAM for the service %s, not for authgate- and the name of each protocol",
                        pattern);
    }
}

static void look_unread(struct doctor *doctor) {
    if (doctor->dovecot != NULL && doctor->dovecot->fault != NULL)
        doctor_find(doctor, (struct place){.file = doctor->dovecot_file},
                    "see what `doveconf -n` says, and run doctor as root",
                    "Dovecot's configuration cannot be examined: %s", doctor->dovecot->fault);
}

const struct doctor_check doctor_dovecot_checks[] = {
    {"dovecot-unread", DOCTOR_WEAK, look_unread, "doveconf does not say how Dovecot is set up"},
    {"dovecot-passdb-beside", DOCTOR_BYPASS, look_beside, "a passdb other than PAM lets logins in"},
    {"dovecot-results", DOCTOR_BYPASS, look_results, "a passdb lets in whom it has refused"},
    {"dovecot-master", DOCTOR_BYPASS, look_master, "master users log in as anybody"},
    {"dovecot-cache", DOCTOR_BYPASS, look_cache, "the authentication cache may answer for the gate"},
    {"dovecot-mechanisms", DOCTOR_BYPASS, look_mechanisms, "mechanisms that skip the password"},
    {"dovecot-service-name", DOCTOR_BYPASS, look_service, "the PAM service is not that of the protocol"},
    {"dovecot-domain", DOCTOR_WEAK, look_domain, "names lose their domain on the way to the gate"},
    {"dovecot-trusted", DOCTOR_WEAK, look_trusted, "every client may say where it comes from"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};

/* ---- reading ---- */

static void add_protocol(struct doctor *doctor, const char *name) {
    struct words *protocols = &doctor->dovecot->protocols;
    if (words_have(protocols, name) || strcasecmp(name, "lmtp") == 0)
        return;
    protocols->word = scrap_grow(&doctor->arena, protocols->word, protocols->count, sizeof *protocols->word);
    protocols->word[protocols->count++] = name;
}

static void add_protocols(struct doctor *doctor) {
    const struct sections *printed = &doctor->dovecot->printed;
    const struct section_setting *set = sections_find(printed, NULL, "protocols");
    struct words words = scrap_split(&doctor->arena, set != NULL ? set->value : "", " \t,");
    for (size_t i = 0; i < words.count; i++)
        add_protocol(doctor, words.word[i]);
    for (size_t i = 0; i < printed->count; i++)
        if (printed->setting[i].section != NULL && strcmp(printed->setting[i].section->kind, "protocols") == 0 &&
            is(printed->setting[i].value, "yes"))
            add_protocol(doctor, printed->setting[i].name);
    if (doctor->dovecot->protocols.count == 0) {
        add_protocol(doctor, "imap");
        add_protocol(doctor, "pop3");
    }
    add_protocol(doctor, "doveadm");
}

static bool outside(const char *path) {
    return strchr(path, '/') != NULL && strncmp(path, "login/", 6) != 0 && strncmp(path, "token-login/", 12) != 0;
}

/* Whether Dovecot checks passwords for a mail server: a socket of the auth service outside its own folder. */
static bool serves_others(const struct sections *printed) {
    for (size_t i = 0; i < printed->section_count; i++) {
        const struct section *section = printed->section[i];
        if (section->outer == NULL || strcmp(section->outer->path, "/service auth") != 0)
            continue;
        const struct section_setting *path = sections_find(printed, section, "path");
        if (strcmp(section->kind, "inet_listener") == 0 ||
            (strcmp(section->kind, "unix_listener") == 0 && outside(path != NULL ? path->value : section->title)))
            return true;
    }
    return false;
}

static void add_services(struct doctor *doctor) {
    struct dovecot_passdb asker;
    const struct words *protocols = &doctor->dovecot->protocols;
    for (size_t at = 0; next_asker(doctor, &at, &asker);) {
        const char *pattern = pattern_of(doctor, &asker), *only = protocol_of(asker.section);
        for (size_t i = 0; i < protocols->count; i++) {
            const char *name = service_of(doctor, pattern, protocols->word[i]);
            if (strpbrk(name, "%/") == NULL && (only == NULL || strcasecmp(only, protocols->word[i]) == 0))
                doctor_add_service(doctor, name, "Dovecot", place_of_name(doctor, &asker));
        }
    }
}

void doctor_dovecot_read(struct doctor *doctor) {
    if (access(doctor->dovecot_file, F_OK) != 0)
        return;
    doctor->dovecot = scrap_take(&doctor->arena, 1, sizeof *doctor->dovecot);
    struct run run = run_program(&doctor->arena,
                                 (const char *const[]){"doveconf", "-c", doctor->dovecot_file, "-n", NULL}, PATIENCE);
    if (!run.there)
        doctor->dovecot->fault = "doveconf cannot be run";
    else if (run.status != 0)
        doctor->dovecot->fault = run.first[0] != '\0' ? run.first : "doveconf failed";
    else
        doctor->dovecot->printed = sections_parse(&doctor->arena, run.out, doctor->dovecot_file);
    doctor->dovecot->files = sections_load(&doctor->arena, doctor->dovecot_file);
    if (doctor->dovecot->fault != NULL)
        return;
    add_protocols(doctor);
    if (serves_others(&doctor->dovecot->printed))
        add_protocol(doctor, "smtp");
    add_services(doctor);
}
