/* SPDX-License-Identifier: BSD-2-Clause */
/* The Postfix rows: who may send mail without AUTH where only users should, mechanisms without a name, clients that may
 * say where they come from. What libsasl2 is told is doctor_sasl.c's. */
#include "ctl/doctor_postfix.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/run.h"

#define PATIENCE 20000

bool doctor_postfix_readable(const struct doctor *doctor) {
    return doctor->postfix != NULL && doctor->postfix->fault == NULL;
}

static const char *value(const struct doctor *doctor, const struct postfix_smtpd *smtpd, const char *name) {
    return postfix_value(&doctor->postfix->conf, smtpd, name);
}

static struct place place(struct doctor *doctor, const struct postfix_smtpd *smtpd, const char *name) {
    return postfix_place(&doctor->arena, &doctor->postfix->conf, smtpd, name);
}

static size_t smtpd_count(const struct doctor *doctor) {
    return doctor_postfix_readable(doctor) ? doctor->postfix->conf.smtpd_count : 0;
}

bool doctor_smtpd_auth(const struct doctor *doctor, const struct postfix_smtpd *smtpd) {
    return strcasecmp(value(doctor, smtpd, "smtpd_sasl_auth_enable"), "yes") == 0;
}

bool doctor_smtpd_cyrus(const struct doctor *doctor, const struct postfix_smtpd *smtpd) {
    return doctor_smtpd_auth(doctor, smtpd) && strcasecmp(value(doctor, smtpd, "smtpd_sasl_type"), "dovecot") != 0;
}

const char *doctor_smtpd_gate(const struct postfix_smtpd *smtpd) {
    return smtpd->chroot ? "/run/authgate/gate.sock" : "/run/authgate/smtpd.sock";
}

static bool somebody(const struct doctor *doctor, const char *name) {
    const char *daemon = doctor->settings->user;
    return name != NULL && strcmp(name, "root") != 0 && (daemon == NULL || strcmp(name, daemon) != 0);
}

bool doctor_smtpd_admitted(const struct doctor *doctor, const char *path) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++) {
        const struct socket_setting *setting = &doctor->settings->sockets[i];
        if (strcmp(setting->path, path) == 0)
            return (setting->mode & 0002) != 0 || ((setting->mode & 0020) != 0 && somebody(doctor, setting->group)) ||
                   ((setting->mode & 0200) != 0 && somebody(doctor, setting->owner));
    }
    return true;
}

const char *doctor_smtpd_path(struct doctor *doctor, const struct postfix_smtpd *smtpd, const char *path) {
    const char *queue = value(doctor, smtpd, "queue_directory");
    return smtpd->chroot ? scrap_text(&doctor->arena, "%s%s", queue, path) : path;
}

static void look_unread(struct doctor *doctor) {
    if (doctor->postfix != NULL && doctor->postfix->fault != NULL)
        doctor_find(doctor, (struct place){.file = doctor->postfix_folder}, "see what `postconf -n` says",
                    "Postfix's configuration cannot be examined: %s", doctor->postfix->fault);
}

/* ---- ports for users ---- */

static bool for_users(const struct postfix_smtpd *smtpd) {
    static const char *const ports[] = {"submission", "submissions", "smtps", "587", "465"};
    const char *port = postfix_port(smtpd);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (strcmp(smtpd->type, "inet") == 0 && strcmp(port, ports[i]) == 0)
            return true;
    return false;
}

/* Whether a list of restrictions lets nobody by whom nothing in it has named. */
static bool ends_in_reject(struct doctor *doctor, const char *restrictions) {
    struct words words = scrap_split(&doctor->arena, restrictions, " \t,");
    for (size_t i = 0; i < words.count; i++) {
        if (strcmp(words.word[i], "reject") == 0 || strcmp(words.word[i], "defer") == 0)
            return true;
        if (strcmp(words.word[i], "permit") == 0)
            return false;
    }
    return false;
}

static bool users_only(struct doctor *doctor, const struct postfix_smtpd *smtpd) {
    static const char *const lists[] = {"smtpd_client_restrictions", "smtpd_helo_restrictions",
                                        "smtpd_sender_restrictions", "smtpd_relay_restrictions",
                                        "smtpd_recipient_restrictions"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (ends_in_reject(doctor, value(doctor, smtpd, lists[i])))
            return true;
    return false;
}

static void look_submission(struct doctor *doctor) {
    for (size_t i = 0; i < smtpd_count(doctor); i++) {
        const struct postfix_smtpd *smtpd = &doctor->postfix->conf.smtpd[i];
        if (!for_users(smtpd))
            continue;
        if (!doctor_smtpd_auth(doctor, smtpd))
            doctor_find(doctor, place(doctor, smtpd, "smtpd_sasl_auth_enable"), "-o smtpd_sasl_auth_enable=yes",
                        "port %s is for users and offers no AUTH", smtpd->name);
        else if (!users_only(doctor, smtpd))
            doctor_find(doctor, place(doctor, smtpd, "smtpd_relay_restrictions"),
                        "-o smtpd_relay_restrictions=permit_sasl_authenticated,reject",
                        "port %s is for users and takes mail without AUTH", smtpd->name);
    }
}

static void look_anonymous(struct doctor *doctor) {
    for (size_t i = 0; i < smtpd_count(doctor); i++) {
        const struct postfix_smtpd *smtpd = &doctor->postfix->conf.smtpd[i];
        struct words words = scrap_split(&doctor->arena, value(doctor, smtpd, "smtpd_sasl_security_options"), " \t,");
        if (doctor_smtpd_auth(doctor, smtpd) && !words_have(&words, "noanonymous"))
            doctor_find(doctor, place(doctor, smtpd, "smtpd_sasl_security_options"),
                        "smtpd_sasl_security_options = noanonymous",
                        "port %s lets clients authenticate as nobody at all (ANONYMOUS)", smtpd->name);
    }
}

static void look_xclient(struct doctor *doctor) {
    for (size_t i = 0; i < smtpd_count(doctor); i++) {
        const struct postfix_smtpd *smtpd = &doctor->postfix->conf.smtpd[i];
        const char *hosts = value(doctor, smtpd, "smtpd_authorized_xclient_hosts");
        if (doctor_everywhere(doctor, hosts) || strstr(hosts, "static:") != NULL)
            doctor_find(doctor, place(doctor, smtpd, "smtpd_authorized_xclient_hosts"), "name the proxies, and no more",
                        "every client of port %s may say itself where it comes from (XCLIENT)", smtpd->name);
    }
}

/* ---- the policy service ---- */

static bool asks_the_gate(struct doctor *doctor, const struct postfix_smtpd *smtpd) {
    static const char *const lists[] = {"smtpd_client_restrictions",     "smtpd_helo_restrictions",
                                        "smtpd_sender_restrictions",     "smtpd_relay_restrictions",
                                        "smtpd_recipient_restrictions",  "smtpd_data_restrictions",
                                        "smtpd_end_of_data_restrictions"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct words words = scrap_split(&doctor->arena, value(doctor, smtpd, lists[i]), " \t,{}");
        for (size_t j = 0; j + 1 < words.count; j++) {
            const char *service = words.word[j + 1];
            const char *path = strchr(service, ':') != NULL ? strchr(service, ':') + 1 : service;
            const char *whole = path[0] == '/' ? path : scrap_text(&doctor->arena, "/%s", path);
            const char *outside = doctor_smtpd_path(doctor, smtpd, whole);
            if (strcmp(words.word[j], "check_policy_service") == 0 && doctor_smtpd_admitted(doctor, outside) &&
                (doctor_socket_known(doctor, SOCKET_GATE, whole) || doctor_socket_known(doctor, SOCKET_GATE, outside)))
                return true;
        }
    }
    return false;
}

static void look_policy(struct doctor *doctor) {
    for (size_t i = 0; i < smtpd_count(doctor); i++) {
        const struct postfix_smtpd *smtpd = &doctor->postfix->conf.smtpd[i];
        if (doctor_smtpd_cyrus(doctor, smtpd) && !asks_the_gate(doctor, smtpd))
            doctor_find(doctor, place(doctor, smtpd, "smtpd_relay_restrictions"),
                        scrap_text(&doctor->arena, "smtpd_data_restrictions = check_policy_service unix:%s",
                                   doctor_smtpd_gate(smtpd)),
                        "port %s does not ask the gate about mail: should libsasl2 lose the plugin one day, nothing "
                        "else stops logins that it did not see",
                        smtpd->name);
    }
}

const struct doctor_check doctor_postfix_checks[] = {
    {"postfix-unread", DOCTOR_WEAK, look_unread, "postconf does not say how Postfix is set up"},
    {"postfix-anonymous", DOCTOR_BYPASS, look_anonymous, "the mechanism ANONYMOUS is allowed"},
    {"postfix-submission", DOCTOR_WEAK, look_submission, "a submission port without AUTH restrictions"},
    {"postfix-xclient", DOCTOR_WEAK, look_xclient, "every client may say where it comes from"},
    {"postfix-policy", DOCTOR_NOTE, look_policy, "Postfix does not ask the gate about mail"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};

/* ---- reading ---- */

/* All that is asked for by name: to put every parameter together takes postconf seconds. */
static const char *const names[] = {
    "queue_directory",
    "smtpd_sasl_auth_enable",
    "smtpd_sasl_type",
    "smtpd_sasl_path",
    "cyrus_sasl_config_path",
    "smtpd_sasl_security_options",
    "smtpd_authorized_xclient_hosts",
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
    "smtpd_tls_wrappermode",
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

/* What postconf prints when it is run with one more option, and names; NULL where it fails. */
static char *postconf(struct doctor *doctor, const char *option, bool named) {
    const char *command[5 + NAME_COUNT] = {"postconf", "-c", doctor->postfix_folder, option};
    if (named)
        memcpy(command + 4, names, sizeof names);
    struct run run = run_program(&doctor->arena, command, PATIENCE);
    if (!run.there)
        doctor->postfix->fault = "postconf cannot be run";
    else if (run.status != 0)
        doctor->postfix->fault = run.first[0] != '\0' ? run.first : "postconf failed";
    return doctor->postfix->fault == NULL ? run.out : NULL;
}

void doctor_postfix_read(struct doctor *doctor) {
    if (access(scrap_text(&doctor->arena, "%s/master.cf", doctor->postfix_folder), F_OK) != 0)
        return;
    doctor->postfix = scrap_take(&doctor->arena, 1, sizeof *doctor->postfix);
    struct postfix_conf *conf = &doctor->postfix->conf;
    conf->folder = doctor->postfix_folder;
    char *all = postconf(doctor, "-x", true);
    char *overrides = all != NULL ? postconf(doctor, "-xP", false) : NULL;
    char *services = overrides != NULL ? postconf(doctor, "-M", false) : NULL;
    if (services == NULL)
        return;
    postfix_add_main(&doctor->arena, conf, all);
    postfix_add_overrides(&doctor->arena, conf, overrides);
    postfix_add_services(&doctor->arena, conf, services);
    doctor_sasl_read(doctor);
}
