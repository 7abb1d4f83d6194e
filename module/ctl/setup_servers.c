/* SPDX-License-Identifier: BSD-2-Clause */
/* The few lines that Dovecot, PAM, libsasl2 and saslauthd need. Each part changes what it understands, leaves what is
 * right already, and refuses the rest in words. Called by setup. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/doctor_dovecot.h"
#include "ctl/doctor_postfix.h"
#include "ctl/doctor_saslauthd.h"
#include "ctl/dovecot_passdb.h"
#include "ctl/setup_plan.h"

/* ---- Dovecot ---- */

static const char *printed(struct doctor *doctor, const struct dovecot_passdb *passdb, const char *name) {
    const struct section_setting *setting = dovecot_find(&doctor->arena, &doctor->dovecot->printed, passdb, name);
    return setting != NULL ? setting->value : NULL;
}

/* Finds the one passdb, if it is PAM and the only one that lets anybody in. */
static bool only_pam(struct setup_plan *plan, struct dovecot_passdb *found) {
    struct doctor *doctor = &plan->doctor;
    struct dovecot_passdb passdb;
    for (size_t at = 0; dovecot_next_passdb(&doctor->arena, &doctor->dovecot->printed, &at, &passdb);) {
        const char *deny = printed(doctor, &passdb, "deny");
        if (deny != NULL && strcasecmp(deny, "yes") == 0)
            continue;
        if (strcasecmp(passdb.driver, "pam") != 0 || passdb.section->outer != NULL || found->section != NULL) {
            setup_refuse(plan, "Dovecot's passdb %s: only a single PAM passdb can be set up; see pam_authgate(8)",
                         found->section != NULL ? "stands beside another" : passdb.driver);
            return false;
        }
        *found = passdb;
    }
    if (found->section == NULL)
        setup_refuse(plan, "Dovecot has no passdb");
    return found->section != NULL;
}

/* The service's name among a passdb's args, its other options kept. */
static const char *args_with(struct arena *arena, const char *args) {
    struct words words = scrap_split(arena, args, " \t");
    const char *made = "args =";
    for (size_t i = 0; i < words.count; i++)
        if (strchr(words.word[i], '=') != NULL || words.word[i][0] == '-')
            made = scrap_text(arena, "%s %s", made, words.word[i]);
    return scrap_text(arena, "%s authgate-%%s", made);
}

/* The line that names the service: its setting keeps the name that it has there. */
static const char *service_line(struct setup_plan *plan, const struct dovecot_passdb *pam,
                                const struct section_setting *setting) {
    struct arena *arena = &plan->doctor.arena;
    if (!dovecot_modern(&plan->doctor.dovecot->printed))
        return args_with(arena, printed(&plan->doctor, pam, "args"));
    const char *full = strcmp(pam->section->title, "pam") == 0 ? "service_name" : "passdb_pam_service_name";
    return scrap_text(arena, "%s = authgate-%%{protocol}", setting != NULL ? setting->name : full);
}

static void name_service(struct setup_plan *plan, const struct dovecot_passdb *pam) {
    struct doctor *doctor = &plan->doctor;
    const struct sections *files = &doctor->dovecot->files;
    bool modern = dovecot_modern(&doctor->dovecot->printed);
    const char *name = modern ? "service_name" : "args";
    const struct section_setting *setting = dovecot_spelled(&doctor->arena, files, pam->section, "pam", name);
    const struct section_setting *driver = sections_find(files, pam->section, "driver");
    const char *old = printed(doctor, pam, name), *wanted = service_line(plan, pam, setting);
    if (old != NULL && strcmp(old, strchr(wanted, '=') + 2) == 0)
        return;
    struct place section_place = sections_locate(files, pam->section, "", doctor->dovecot_file);
    struct place place = setting != NULL ? setting->place : driver != NULL ? driver->place : section_place;
    bool strange = place.line == 0 || (driver == NULL && !modern);
    if (strange || (driver != NULL && strcasecmp(driver->value, "pam") != 0)) {
        setup_refuse(plan, "%s:%d: this passdb is written in a way that setup does not understand; set %s by hand",
                     place.file, place.line, wanted);
        return;
    }
    struct setup_change *change = setup_change_of(plan, place.file);
    if (change != NULL && setting != NULL)
        setup_replace(plan, change, place.line, wanted);
    else if (change != NULL)
        setup_insert(plan, change, place.line, driver == NULL ? scrap_text(&doctor->arena, "  %s", wanted) : wanted);
}

/* A cache that PAM's logins are expressly kept out of may stay. */
static void end_cache(struct setup_plan *plan, const struct dovecot_passdb *pam) {
    struct doctor *doctor = &plan->doctor;
    if (dovecot_modern(&doctor->dovecot->printed) && !dovecot_cached(&doctor->arena, &doctor->dovecot->printed, pam))
        return;
    const struct section_setting *size = sections_find(&doctor->dovecot->printed, NULL, "auth_cache_size");
    const struct section_setting *setting = sections_find(&doctor->dovecot->files, NULL, "auth_cache_size");
    if (size == NULL || strtol(size->value, NULL, 10) == 0)
        return;
    struct setup_change *change = setting != NULL ? setup_change_of(plan, setting->place.file) : NULL;
    if (change != NULL)
        setup_replace(plan, change, setting->place.line, "auth_cache_size = 0");
    else
        setup_refuse(plan, "auth_cache_size is set in no file that setup can find");
}

void setup_dovecot(struct setup_plan *plan) {
    const struct doctor *doctor = &plan->doctor;
    if (doctor->dovecot == NULL || doctor->dovecot->fault != NULL) {
        setup_refuse(plan, "Dovecot: %s", doctor->dovecot == NULL ? "there is none here" : doctor->dovecot->fault);
        return;
    }
    struct dovecot_passdb pam = {.section = NULL};
    if (!only_pam(plan, &pam))
        return;
    name_service(plan, &pam);
    end_cache(plan, &pam);
    setup_advise(plan, "doveadm reload");
}

/* ---- PAM ---- */

#define STACK_HEAD                                                                                                     \
    "# authgate-%s: %s. See pam_authgate(8).\n"                                                                        \
    "# Only a right password may reach the commit line: keep the order and the control words.\n"                       \
    "auth     [success=done ignore=ignore default=die]  pam_authgate.so defer\n"
#define STACK_COMMIT                                                                                                   \
    "auth     required                                   pam_authgate.so commit\n"                                     \
    "account  required                                   pam_authgate.so\n"
#define DEBIAN_AUTH    "@include common-auth\n"
#define DEBIAN_ACCOUNT                                                                                                 \
    "@include common-account\n"                                                                                        \
    "session  include                                    common-session\n"
#define RHEL_AUTH                                                                                                      \
    "auth     [success=1 default=ignore]                 pam_unix.so\n"                                                \
    "auth     requisite                                  pam_deny.so\n"                                                \
    "auth     required                                   pam_permit.so\n"
#define RHEL_ACCOUNT                                                                                                   \
    "account  include                                    password-auth\n"                                              \
    "session  include                                    password-auth\n"

void setup_pam(struct setup_plan *plan) {
    static const char *const services[][2] = {{"imap", "IMAP"},         {"pop3", "POP3"},
                                              {"smtp", "SMTP AUTH"},    {"submission", "Dovecot's submission service"},
                                              {"sieve", "ManageSieve"}, {"doveadm", "`doveadm auth test`"}};
    struct doctor *doctor = &plan->doctor;
    bool debian = access(doctor_path(doctor, "/etc/pam.d/common-auth"), F_OK) == 0;
    if (!debian && access(doctor_path(doctor, "/etc/pam.d/password-auth"), F_OK) != 0) {
        setup_refuse(plan, "/etc/pam.d has neither common-auth (Debian) nor password-auth (RHEL)");
        return;
    }
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        const char *path = scrap_text(&doctor->arena, "%s/etc/pam.d/authgate-%s", doctor->root, services[i][0]);
        if (access(path, F_OK) != 0)
            setup_create(plan, path,
                         scrap_text(&doctor->arena, STACK_HEAD "%s" STACK_COMMIT "%s", services[i][0], services[i][1],
                                    debian ? DEBIAN_AUTH : RHEL_AUTH, debian ? DEBIAN_ACCOUNT : RHEL_ACCOUNT));
    }
}

/* ---- libsasl2 ---- */

static const struct {
    const char *name, *value; /* NULL: what the smtpd is to be told */
} sasl_options[] = {
    {"pwcheck_method", "saslauthd"}, {"saslauthd_path", "/run/authgate/saslauthd"},
    {"mech_list", "PLAIN LOGIN"},    {"auxprop_plugin", "authgate"},
    {"authgate_socket", NULL},
};
enum { SASL_OPTION_COUNT = sizeof sasl_options / sizeof sasl_options[0] };

static const char *option_value(const struct sasl_conf *conf, size_t option) {
    const char *value = sasl_options[option].value;
    return value != NULL ? value : doctor_smtpd_gate(conf->smtpd);
}

static void make_smtpd_conf(struct setup_plan *plan, const struct sasl_conf *conf) {
    const char *text = "# The gate stands between libsasl2 and saslauthd. See authgate-sasl(8).\n";
    for (size_t i = 0; i < SASL_OPTION_COUNT; i++)
        text = scrap_text(&plan->doctor.arena, "%s%s: %s\n", text, sasl_options[i].name, option_value(conf, i));
    setup_create(plan, conf->place, text);
}

static void change_smtpd_conf(struct setup_plan *plan, const struct sasl_conf *conf) {
    const struct sasl_option *method = sasl_option(conf, "pwcheck_method");
    struct setup_change *change = NULL;
    if (method == NULL || strcasecmp(method->value, "saslauthd") != 0) {
        setup_refuse(plan, "%s: pwcheck_method is %s; only saslauthd can be set up, see authgate-sasl(8)", conf->file,
                     method != NULL ? method->value : "not set");
        return;
    }
    for (size_t i = 0; i < SASL_OPTION_COUNT; i++) {
        const struct sasl_option *option = sasl_option(conf, sasl_options[i].name);
        const char *value = option_value(conf, i);
        const char *wanted = scrap_text(&plan->doctor.arena, "%s: %s", sasl_options[i].name, value);
        if (option != NULL && strcasecmp(option->value, value) == 0)
            continue;
        change = change != NULL ? change : setup_change_of(plan, conf->file);
        if (change != NULL && option != NULL)
            setup_replace(plan, change, option->line, wanted);
        else if (change != NULL)
            setup_append(plan, change, wanted);
    }
}

/* Whether smtpds see the gate's sockets by different names: then one smtpd.conf cannot name them. */
static bool mixed(const struct doctor *doctor) {
    const struct postfix_conf *conf = &doctor->postfix->conf;
    bool seen[2] = {false, false};
    for (size_t i = 0; i < conf->smtpd_count; i++)
        if (doctor_smtpd_cyrus(doctor, &conf->smtpd[i]))
            seen[conf->smtpd[i].chroot] = true;
    return seen[0] && seen[1];
}

void setup_postfix(struct setup_plan *plan) {
    const struct doctor *doctor = &plan->doctor;
    if (!doctor_postfix_readable(doctor)) {
        setup_refuse(plan, "Postfix: %s", doctor->postfix == NULL ? "there is none here" : doctor->postfix->fault);
        return;
    }
    if (mixed(doctor)) {
        setup_refuse(plan,
                     "%s/master.cf: some smtpds are chrooted and some are not: they find the gate by different "
                     "names; let all be the one or the other",
                     doctor->postfix_folder);
        return;
    }
    for (size_t i = 0; i < doctor->postfix->sasl_count; i++) {
        const struct sasl_conf *conf = &doctor->postfix->sasl[i];
        if (conf->file != NULL)
            change_smtpd_conf(plan, conf);
        else
            make_smtpd_conf(plan, conf);
    }
    if (doctor->postfix->sasl_count == 0)
        return;
    setup_saslauthd(plan);
    setup_gate(plan);
    setup_advise(plan, "postfix reload");
    setup_advise(plan, "in main.cf: smtpd_data_restrictions = check_policy_service unix:%s",
                 doctor_smtpd_gate(doctor->postfix->sasl[0].smtpd));
}

/* ---- saslauthd ---- */

/* Takes the letter c out of a word of options, and the word where nothing else is in it. */
static const char *without_cache(struct arena *arena, const char *line) {
    const char *dash = line;
    while ((dash = strpbrk(dash, " \t\"'=")) != NULL) {
        dash += strspn(dash, " \t\"'=");
        size_t length = strcspn(dash, " \t\"'");
        const char *letter = dash[0] == '-' ? memchr(dash, 'c', length) : NULL;
        const char *valued = dash[0] == '-' ? strpbrk(dash, "ahmnOst") : NULL;
        if (letter == NULL || (valued != NULL && valued < letter))
            continue;
        if (length > 2)
            return scrap_text(arena, "%.*s%s", (int)(letter - line), line, letter + 1);
        const char *rest = dash + length;
        return scrap_text(arena, "%.*s%s", (int)(dash - line), line, rest + strspn(rest, " \t"));
    }
    return NULL;
}

void setup_saslauthd(struct setup_plan *plan) {
    const struct doctor_saslauthd *saslauthd = plan->doctor.saslauthd;
    bool changed = false;
    for (size_t i = 0; saslauthd != NULL && i < saslauthd->count; i++) {
        const struct saslauthd_options *options = &saslauthd->options[i];
        if (!options->cache || options->place.line == 0)
            continue;
        struct setup_change *change = setup_change_of(plan, options->place.file);
        const char *line = change != NULL ? change->line[options->place.line - 1] : NULL;
        const char *text = line != NULL ? without_cache(&plan->doctor.arena, line) : NULL;
        changed = changed || text != NULL;
        if (text != NULL)
            setup_replace(plan, change, options->place.line, text + strspn(text, " \t"));
        else if (line != NULL)
            setup_refuse(plan, "%s:%d: take -c out of saslauthd's options by hand", options->place.file,
                         options->place.line);
    }
    if (changed)
        setup_advise(plan, "systemctl restart saslauthd");
}
