/* SPDX-License-Identifier: BSD-2-Clause */
/* The Dovecot rows: passdbs beside PAM, master users, the authentication cache, mechanisms without a password, service
 * names. Judges what doveconf has put together; never reads the files for values. */
#include "ctl/doctor_dovecot.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/run.h"

#define PATIENCE        20000
#define DEFAULT_SERVICE "dovecot"
#define SERVICE_FIX     "args = authgate-%s (Dovecot 2.4: service_name = authgate-%{protocol})"

struct passdb {
    const struct section *section;
    const char *driver;
};

static bool readable(const struct doctor *doctor) {
    return doctor->dovecot != NULL && doctor->dovecot->fault == NULL;
}

static struct place locate(const struct doctor *doctor, const struct section *section, const char *name) {
    return sections_locate(&doctor->dovecot->files, section, name, doctor->dovecot_file);
}

/* A setting of a passdb, which 2.4 may call passdb_NAME. */
static const char *value_of(struct doctor *doctor, const struct section *section, const char *name) {
    const struct sections *printed = &doctor->dovecot->printed;
    const struct section_setting *found = sections_find(printed, section, name);
    if (found == NULL)
        found = sections_find(printed, section, scrap_text(&doctor->arena, "passdb_%s", name));
    return found != NULL ? found->value : NULL;
}

static bool is(const char *value, const char *word) {
    return value != NULL && strcasecmp(value, word) == 0;
}

static bool next_passdb(struct doctor *doctor, size_t *at, struct passdb *passdb) {
    const struct sections *printed = &doctor->dovecot->printed;
    for (; *at < printed->section_count; ++*at) {
        const struct section *section = printed->section[*at];
        if (strcmp(section->kind, "passdb") != 0)
            continue;
        const char *driver = value_of(doctor, section, "driver");
        *passdb = (struct passdb){.section = section, .driver = driver != NULL ? driver : section->title};
        ++*at;
        return true;
    }
    return false;
}

/* ---- passdbs ---- */

static bool empty(const char *value) {
    return value == NULL || value[0] == '\0';
}

/* Whether nothing that this PAM passdb refuses goes on to the next. */
static bool ends_the_search(struct doctor *doctor, const struct passdb *passdb) {
    const struct section *section = passdb->section;
    const char *skip = value_of(doctor, section, "skip");
    return is(passdb->driver, "pam") && is(value_of(doctor, section, "result_failure"), "return-fail") &&
           is(value_of(doctor, section, "result_internalfail"), "return-fail") &&
           empty(value_of(doctor, section, "username_filter")) && empty(value_of(doctor, section, "mechanisms")) &&
           (skip == NULL || is(skip, "never"));
}

/* Whether a passdb other than PAM can never let anybody in by itself. */
static bool harmless(struct doctor *doctor, const struct passdb *passdb) {
    const struct section *section = passdb->section;
    const char *success = value_of(doctor, section, "result_success");
    return is(passdb->driver, "pam") || is(value_of(doctor, section, "deny"), "yes") ||
           is(value_of(doctor, section, "master"), "yes") || is(value_of(doctor, section, "skip"), "unauthenticated") ||
           is(success, "continue-fail") || is(success, "return-fail");
}

static void look_beside(struct doctor *doctor) {
    struct passdb passdb;
    bool pam = false, ended = false;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);) {
        if (!harmless(doctor, &passdb) && !ended)
            doctor_find(doctor, locate(doctor, passdb.section, "driver"),
                        "remove it, or give the PAM passdb before it `result_failure = return-fail` and "
                        "`result_internalfail = return-fail`",
                        "the %s passdb lets logins in %s, without asking the gate", passdb.driver,
                        pam ? "that PAM has refused" : "before PAM is asked");
        ended = ended || ends_the_search(doctor, &passdb);
        pam = pam || is(passdb.driver, "pam");
    }
}

static void look_master(struct doctor *doctor) {
    struct passdb passdb;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);)
        if (is(value_of(doctor, passdb.section, "master"), "yes"))
            doctor_find(doctor, locate(doctor, passdb.section, "master"), "remove it while nobody needs it",
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

static void look_cache(struct doctor *doctor) {
    const struct section_setting *setting;
    for (size_t at = 0; readable(doctor) && (setting = next_setting(doctor, &at, "auth_cache_size")) != NULL;)
        if (strtol(setting->value, NULL, 10) != 0)
            doctor_find(doctor, locate(doctor, setting->section, setting->name), "auth_cache_size = 0",
                        "the authentication cache answers logins from anywhere that the gate never sees");
}

static bool asks_for_a_password(const char *mechanism) {
    return strcasecmp(mechanism, "plain") == 0 || strcasecmp(mechanism, "login") == 0;
}

static void look_mechanisms(struct doctor *doctor) {
    const struct section_setting *setting;
    for (size_t at = 0; readable(doctor) && (setting = next_setting(doctor, &at, "auth_mechanisms")) != NULL;) {
        struct words words = scrap_split(&doctor->arena, setting->value, " \t,");
        for (size_t i = 0; i < words.count; i++)
            if (!asks_for_a_password(words.word[i]))
                doctor_find(doctor, locate(doctor, setting->section, setting->name), "auth_mechanisms = plain login",
                            "%s proves who somebody is without handing PAM a password, so the gate is not asked",
                            words.word[i]);
    }
}

static void look_trusted(struct doctor *doctor) {
    static const char *const names[] = {"login_trusted_networks", "haproxy_trusted_networks"};
    for (size_t i = 0; i < 2; i++) {
        const struct section_setting *setting;
        for (size_t at = 0; readable(doctor) && (setting = next_setting(doctor, &at, names[i])) != NULL;)
            if (doctor_everywhere(doctor, setting->value))
                doctor_find(doctor, locate(doctor, setting->section, setting->name),
                            "name the hosts that log in for others, and no more",
                            "%s lets every client say itself where it comes from", names[i]);
    }
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
static const char *pattern_of(struct doctor *doctor, const struct section *section) {
    const char *args = value_of(doctor, section, "args");
    const char *name = value_of(doctor, section, "service_name");
    if (name == NULL)
        name = value_of(doctor, section, "pam_service_name");
    struct words words = scrap_split(&doctor->arena, args, " \t");
    for (size_t i = 0; i < words.count; i++)
        if (words.word[i][0] != '-' && strchr(words.word[i], '=') == NULL)
            name = strcmp(words.word[i], "*") == 0 ? "%s" : words.word[i];
    return name != NULL ? name : DEFAULT_SERVICE;
}

static const char *service_of(struct arena *arena, const char *pattern, const char *protocol) {
    static const char *const variables[] = {"%{protocol}", "%{service}", "%Ls", "%s"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        pattern = replace(arena, pattern, variables[i], protocol);
    return pattern;
}

/* What a login fails by that this row does not judge: a wrong stack is pam_authgate's business. */
static void look_service(struct doctor *doctor) {
    struct passdb passdb;
    for (size_t at = 0; readable(doctor) && next_passdb(doctor, &at, &passdb);) {
        if (!is(passdb.driver, "pam"))
            continue;
        const char *pattern = pattern_of(doctor, passdb.section);
        const char *one = service_of(&doctor->arena, pattern, "imap");
        const char *other = service_of(&doctor->arena, pattern, "smtp");
        bool told_apart = strncmp(one, "authgate-", 9) == 0 && strcmp(one, other) != 0 && strchr(one, '%') == NULL;
        const char *name = value_of(doctor, passdb.section, "args") != NULL ? "args" : "service_name";
        if (!told_apart)
            doctor_find(doctor, locate(doctor, passdb.section, name), SERVICE_FIX,
                        "Dovecot asks PAM for the service %s, not for authgate-imap, authgate-smtp and so on", pattern);
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
    {"dovecot-master", DOCTOR_BYPASS, look_master, "master users log in as anybody"},
    {"dovecot-cache", DOCTOR_BYPASS, look_cache, "the authentication cache answers for the gate"},
    {"dovecot-mechanisms", DOCTOR_BYPASS, look_mechanisms, "mechanisms that skip the password"},
    {"dovecot-service-name", DOCTOR_BYPASS, look_service, "the PAM service is not authgate-%s"},
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

/* Whether Dovecot checks passwords for a mail server: a socket of the auth service outside its own folder. */
static bool serves_others(const struct sections *printed) {
    for (size_t i = 0; i < printed->section_count; i++) {
        const struct section *section = printed->section[i];
        bool of_auth = section->outer != NULL && strcmp(section->outer->path, "/service auth") == 0;
        if (of_auth && (strcmp(section->kind, "inet_listener") == 0 ||
                        (strcmp(section->kind, "unix_listener") == 0 && strchr(section->title, '/') != NULL &&
                         strncmp(section->title, "login/", 6) != 0)))
            return true;
    }
    return false;
}

static void add_services(struct doctor *doctor) {
    struct passdb passdb;
    const struct words *protocols = &doctor->dovecot->protocols;
    for (size_t at = 0; next_passdb(doctor, &at, &passdb);) {
        const char *pattern = pattern_of(doctor, passdb.section);
        for (size_t i = 0; is(passdb.driver, "pam") && i < protocols->count; i++) {
            const char *name = service_of(&doctor->arena, pattern, protocols->word[i]);
            if (strpbrk(name, "%/") == NULL)
                doctor_add_service(doctor, name, "Dovecot", locate(doctor, passdb.section, "args"));
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
