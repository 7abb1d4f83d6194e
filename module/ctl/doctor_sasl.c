/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows about smtpd.conf: whether libsasl2 loads our plugin and hands passwords to the gate and nowhere else, and
 * whether an smtpd finds the gate's sockets, in its chroot or out of it. */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/doctor_postfix.h"

static size_t conf_count(const struct doctor *doctor) {
    return doctor_postfix_readable(doctor) ? doctor->postfix->sasl_count : 0;
}

static struct place place(const struct sasl_conf *conf, const struct sasl_option *option) {
    return (struct place){.file = conf->file, .line = option != NULL ? option->line : 0};
}

static const char *text(const struct sasl_option *option) {
    return option != NULL ? option->value : "";
}

static bool by_saslauthd(const struct sasl_conf *conf) {
    return strcasecmp(text(sasl_option(conf, "pwcheck_method")), "saslauthd") == 0;
}

static bool by_auxprop(const struct sasl_conf *conf) {
    return strcasecmp(text(sasl_option(conf, "pwcheck_method")), "auxprop") == 0;
}

typedef void look_at_conf(struct doctor *doctor, const struct sasl_conf *conf);

static void each(struct doctor *doctor, look_at_conf *look) {
    for (size_t i = 0; i < conf_count(doctor); i++)
        if (doctor->postfix->sasl[i].file != NULL)
            look(doctor, &doctor->postfix->sasl[i]);
}

static void look_missing(struct doctor *doctor) {
    for (size_t i = 0; i < conf_count(doctor); i++)
        if (doctor->postfix->sasl[i].file == NULL)
            doctor_find(doctor, (struct place){.file = doctor->postfix->sasl[i].place},
                        "create it from the sample smtpd.conf of authgate",
                        "port %s uses Cyrus SASL without a configuration: libsasl2 checks passwords by itself, and the "
                        "plugin does nothing",
                        doctor->postfix->sasl[i].smtpd->name);
}

static void pwcheck_in(struct doctor *doctor, const struct sasl_conf *conf) {
    const struct sasl_option *option = sasl_option(conf, "pwcheck_method");
    if (!by_saslauthd(conf) && !by_auxprop(conf))
        doctor_find(doctor, place(conf, option), "pwcheck_method: saslauthd",
                    option == NULL ? "pwcheck_method is not set: libsasl2 takes its own%s"
                                   : "pwcheck_method %s goes round the gate when the gate says no",
                    text(option));
}

static void look_pwcheck(struct doctor *doctor) {
    each(doctor, pwcheck_in);
}

static void path_in(struct doctor *doctor, const struct sasl_conf *conf) {
    const struct sasl_option *option = sasl_option(conf, "saslauthd_path");
    bool ours = option != NULL && doctor_socket_known(doctor, SOCKET_SASLAUTHD, option->value);
    if (by_saslauthd(conf) && !ours && doctor->settings != NULL)
        doctor_find(doctor, place(conf, option),
                    "saslauthd_path: /run/authgate/saslauthd, and a socket of kind \"saslauthd\" in authgate.conf",
                    option == NULL ? "saslauthd_path is not set: passwords go to the real saslauthd%s, which asks "
                                     "nobody for a second factor"
                                   : "saslauthd_path %s is none of the gate's: passwords go past it",
                    text(option));
}

static void look_path(struct doctor *doctor) {
    each(doctor, path_in);
}

static void plugin_in(struct doctor *doctor, const struct sasl_conf *conf) {
    const struct sasl_option *option = sasl_option(conf, "auxprop_plugin");
    struct words words = scrap_split(&doctor->arena, text(option), " \t,");
    if (!words_have(&words, "authgate"))
        doctor_find(doctor, place(conf, option), "auxprop_plugin: authgate",
                    "auxprop_plugin does not name authgate: libsasl2 lets logins in without the plugin");
}

static void look_plugin(struct doctor *doctor) {
    each(doctor, plugin_in);
}

static void option_in(struct doctor *doctor, const struct sasl_conf *conf) {
    if (sasl_option(conf, "authgate_socket") == NULL)
        doctor_find(doctor, place(conf, NULL),
                    scrap_text(&doctor->arena, "authgate_socket: %s", doctor_smtpd_gate(conf->smtpd)),
                    "authgate_socket is not set: the plugin asks nobody");
}

static void look_option(struct doctor *doctor) {
    each(doctor, option_in);
}

/* Mechanisms by which the gate can judge what it is to judge. */
static bool mechanism_right(const struct sasl_conf *conf, const char *word) {
    static const char *const stored[] = {"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    if (strcasecmp(word, "PLAIN") == 0 || strcasecmp(word, "LOGIN") == 0)
        return true;
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++)
        if (strcasecmp(word, stored[i]) == 0)
            return by_auxprop(conf);
    return false;
}

static void mechanisms_in(struct doctor *doctor, const struct sasl_conf *conf) {
    const struct sasl_option *option = sasl_option(conf, "mech_list");
    struct words words = scrap_split(&doctor->arena, text(option), " \t,");
    if (words.count == 0)
        doctor_find(doctor, place(conf, option), "mech_list: PLAIN LOGIN",
                    "mech_list is not set: every mechanism that is installed is offered");
    for (size_t i = 0; i < words.count; i++)
        if (!mechanism_right(conf, words.word[i]))
            doctor_find(doctor, place(conf, option), "mech_list: PLAIN LOGIN",
                        "%s skips the password check that the gate stands in", words.word[i]);
}

static void look_mechanisms(struct doctor *doctor) {
    each(doctor, mechanisms_in);
}

static void auxprop_in(struct doctor *doctor, const struct sasl_conf *conf) {
    if (by_auxprop(conf))
        doctor_find(doctor, place(conf, sasl_option(conf, "pwcheck_method")), "pwcheck_method: saslauthd",
                    "libsasl2 checks the passwords itself: neither codes nor app passwords can be used here");
}

static void look_auxprop(struct doctor *doctor) {
    each(doctor, auxprop_in);
}

static bool plugin_there(struct doctor *doctor) {
    return access(doctor_path(doctor, "/usr/lib64/sasl2/libauthgate.so"), F_OK) == 0 ||
           access(doctor_path(doctor, "/usr/lib/sasl2/libauthgate.so"), F_OK) == 0 ||
           doctor_multiarch(doctor, "sasl2/libauthgate.so") != NULL;
}

static void look_file(struct doctor *doctor) {
    for (size_t i = 0; i < conf_count(doctor) && !plugin_there(doctor); i++)
        doctor_find(doctor, place(&doctor->postfix->sasl[i], NULL),
                    "install it (the package libsasl2-modules-authgate)",
                    "libauthgate.so is not where libsasl2 looks for plugins: logins are let in without it");
}

/* ---- sockets ---- */

static bool is_socket(struct doctor *doctor, const char *path) {
    struct stat status;
    return stat(doctor_path(doctor, path), &status) == 0 && S_ISSOCK(status.st_mode);
}

static void socket_of(struct doctor *doctor, const struct sasl_conf *conf, const struct postfix_smtpd *smtpd,
                      const char *name) {
    const struct sasl_option *option = sasl_option(conf, name);
    const char *path = option != NULL ? doctor_smtpd_path(doctor, smtpd, option->value) : NULL;
    bool gate = strcmp(name, "authgate_socket") == 0;
    if (path == NULL)
        return;
    if (!is_socket(doctor, path))
        doctor_find(doctor, place(conf, option),
                    scrap_text(&doctor->arena,
                               "add { kind = \"%s\"; path = \"%s\"; group = \"postfix\"; mode = "
                               "\"0660\"; … } to `sockets`, and have authgated listen there",
                               gate ? "gate" : "saslauthd", path),
                    "the smtpd of port %s %s looks for %s, and no socket is there: every login is refused", smtpd->name,
                    smtpd->chroot ? "is chrooted and" : "is not chrooted and", path);
    else if (!doctor_smtpd_admitted(doctor, path))
        doctor_find(doctor, place(conf, option),
                    gate && !smtpd->chroot ? "authgate_socket: /run/authgate/smtpd.sock, and that socket in `sockets`, "
                                             "as in authgate-sasl(8)"
                                           : "give that socket group = \"postfix\", mode = \"0660\"",
                    "the smtpd of port %s %s looks for %s, which only root and the daemon may use: every login is "
                    "refused",
                    smtpd->name, smtpd->chroot ? "is chrooted and" : "is not chrooted and", path);
}

static void sockets_in(struct doctor *doctor, const struct sasl_conf *conf) {
    const struct postfix_conf *postfix = &doctor->postfix->conf;
    bool told[2] = {false, false}; /* chrooted or not: the ports do not matter */
    for (size_t i = 0; i < postfix->smtpd_count; i++) {
        const struct postfix_smtpd *smtpd = &postfix->smtpd[i];
        if (told[smtpd->chroot] || !doctor_smtpd_cyrus(doctor, smtpd))
            continue;
        told[smtpd->chroot] = true;
        socket_of(doctor, conf, smtpd, "authgate_socket");
        if (by_saslauthd(conf))
            socket_of(doctor, conf, smtpd, "saslauthd_path");
    }
}

static void look_sockets(struct doctor *doctor) {
    each(doctor, sockets_in);
}

const struct doctor_check doctor_sasl_checks[] = {
    {"sasl-conf", DOCTOR_BYPASS, look_missing, "libsasl2 has no configuration for smtpd"},
    {"sasl-pwcheck", DOCTOR_BYPASS, look_pwcheck, "a pwcheck_method that goes round the gate"},
    {"sasl-saslauthd-path", DOCTOR_BYPASS, look_path, "a saslauthd_path that is not the gate's"},
    {"sasl-plugin", DOCTOR_BYPASS, look_plugin, "the plugin is not named in auxprop_plugin"},
    {"sasl-plugin-socket", DOCTOR_BYPASS, look_option, "the plugin is told no socket"},
    {"sasl-plugin-file", DOCTOR_BYPASS, look_file, "libauthgate.so is not installed"},
    {"sasl-mechanisms", DOCTOR_BYPASS, look_mechanisms, "mechanisms that skip the password"},
    {"sasl-socket", DOCTOR_OUTAGE, look_sockets,
     "no socket that smtpd may use where it looks, in its chroot or out of it"},
    {"sasl-auxprop", DOCTOR_NOTE, look_auxprop, "libsasl2 checks passwords itself, so that no codes can be used"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};

/* ---- reading ---- */

static struct sasl_conf *find_read(struct doctor *doctor, const char *file) {
    for (size_t i = 0; i < doctor->postfix->sasl_count; i++)
        if (strcmp(doctor->postfix->sasl[i].place, file) == 0)
            return &doctor->postfix->sasl[i];
    return NULL;
}

static void add_conf(struct doctor *doctor, const struct postfix_smtpd *smtpd, const char *file, char *contents) {
    struct doctor_postfix *postfix = doctor->postfix;
    if (find_read(doctor, file) != NULL)
        return;
    postfix->sasl = scrap_grow(&doctor->arena, postfix->sasl, postfix->sasl_count, sizeof *postfix->sasl);
    struct sasl_conf *conf = &postfix->sasl[postfix->sasl_count++];
    *conf = (struct sasl_conf){.file = contents != NULL ? file : NULL, .place = file, .smtpd = smtpd};
    sasl_options_read(&doctor->arena, conf, contents);
}

static void read_for(struct doctor *doctor, const struct postfix_smtpd *smtpd) {
    const char *name = postfix_value(&doctor->postfix->conf, smtpd, "smtpd_sasl_path");
    const char *folders = postfix_value(&doctor->postfix->conf, smtpd, "cyrus_sasl_config_path");
    if (folders[0] == '\0')
        folders = "/etc/postfix/sasl:/etc/sasl2:/usr/lib64/sasl2:/usr/lib/sasl2";
    struct words words = scrap_split(&doctor->arena, folders, ":");
    const char *first = NULL;
    for (size_t i = 0; i < words.count; i++) {
        const char *path = scrap_text(&doctor->arena, "%s/%s.conf", words.word[i], name[0] != '\0' ? name : "smtpd");
        const char *file = doctor_path(doctor, path);
        char *contents = scrap_read(&doctor->arena, file);
        first = first != NULL ? first : file;
        if (contents != NULL) {
            add_conf(doctor, smtpd, file, contents);
            return;
        }
    }
    if (first != NULL)
        add_conf(doctor, smtpd, first, NULL);
}

void doctor_sasl_read(struct doctor *doctor) {
    const struct postfix_conf *conf = &doctor->postfix->conf;
    for (size_t i = 0; i < conf->smtpd_count; i++)
        if (doctor_smtpd_cyrus(doctor, &conf->smtpd[i]))
            read_for(doctor, &conf->smtpd[i]);
}
