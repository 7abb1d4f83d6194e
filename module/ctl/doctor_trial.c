/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs in as an attacker would: `doveadm auth test` for each service of Dovecot, SMTP AUTH at each port of Postfix,
 * `testsaslauthd` at the gate's saslauthd sockets. What must be refused and is not, what the gate never saw, and what
 * it was told to be right, is a finding. Called by doctor; changes nothing but counters and the log. */
#include "ctl/doctor_trial.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/verdict.h"
#include "ctl/ask.h"
#include "ctl/doctor_dovecot.h"
#include "ctl/doctor_host.h"
#include "ctl/doctor_postfix.h"
#include "ctl/run.h"
#include "ctl/smtp_dialog.h"

#define ADDRESS     "192.0.2" /* for documentation: nobody's */
#define PATIENCE    20000
#define SEEN_WITHIN 2000
#define DOVEADM_NO  77
#define SECRET_SIZE 25

/* Where one login goes. */
struct path {
    const char *title; /* "Dovecot's service imap" */
    struct place place;
    bool counted; /* the daemon sees whatever comes this way */
};

static void make_words(char *text, size_t size) {
    unsigned char bytes[64];
    size_t length = size - 1 < sizeof bytes ? size - 1 : sizeof bytes;
    random_fill(bytes, length);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + bytes[i] % 26);
    text[length] = '\0';
}

/* ---- what the daemon saw ---- */

/* A trial and where its texts go. */
struct seeing {
    struct arena *arena;
    struct doctor_trial *trial;
};

static void take_seen(void *context, const struct message *record) {
    const struct seeing *seeing = context;
    struct doctor_trial *trial = seeing->trial;
    const char *name = record->value[FIELD_NAME], *reason = record->value[FIELD_REASON];
    if (name != NULL && trial->seen > 0) {
        trial->came_as = scrap_text(seeing->arena, "%s", name);
        trial->malformed = reason != NULL && strcmp(reason, reason_name(REASON_MALFORMED)) == 0;
    }
    const char *key = record->value[FIELD_KEY], *value = record->value[FIELD_VALUE];
    int64_t count = value != NULL ? strtoll(value, NULL, 10) : 0;
    if (key != NULL && strcmp(key, "seen") == 0)
        trial->seen = count;
    else if (key != NULL && strcmp(key, "right") == 0)
        trial->right = count;
    else if (key != NULL && strcmp(key, "uncommitted") == 0)
        trial->uncommitted = count;
}

static bool ask_about(struct doctor *doctor, const char *request, struct doctor_trial *trial) {
    struct message question = {{NULL}};
    struct seeing seeing = {.arena = &doctor->arena, .trial = trial};
    question.value[FIELD_REQUEST] = request;
    question.value[FIELD_NAME] = trial->watched;
    return ask(doctor->socket, &question, take_seen, &seeing) == STATUS_DONE;
}

/* The module's last word may come a moment after the server's answer. */
static void ask_what_was_seen(struct doctor *doctor, struct doctor_trial *trial) {
    int64_t deadline = clock_monotonic() + SEEN_WITHIN;
    while (ask_about(doctor, "trial-seen", trial) && trial->seen == 0 && clock_monotonic() < deadline)
        poll(NULL, 0, 50);
}

/* ---- one trial ---- */

typedef bool log_in(struct doctor *doctor, const struct path *path, struct doctor_trial *trial, void *context);

/* The domain that a path gave to a name that had none, "@" and all; "". */
static const char *given_domain(const struct doctor *doctor, const struct path *path, const char *name) {
    const struct doctor_trial *first = doctor->trial_count > 0 ? &doctor->trial[doctor->trial_count - 1] : NULL;
    bool same = first != NULL && first->title == path->title && first->came_as != NULL;
    const char *domain = same && strchr(name, '@') == NULL ? strrchr(first->came_as, '@') : NULL;
    return domain != NULL ? domain : "";
}

/* Announces the name, logs in, asks. `log_in` says on its own why it could not. */
static void try_name(struct doctor *doctor, const struct path *path, const char *name, log_in *try, void *context) {
    char password[SECRET_SIZE];
    make_words(password, sizeof password);
    struct doctor_trial trial = {.title = path->title, .place = path->place, .name = name, .counted = path->counted};
    trial.watched = name == doctor->account
                        ? scrap_text(&doctor->arena, "%s%s", name, given_domain(doctor, path, name))
                        : name;
    trial.password = scrap_text(&doctor->arena, "%s", password);
    progress_step(&doctor->progress, doctor->trial_count, 0);
    if (!ask_about(doctor, "trial-watch", &trial) || !try(doctor, path, &trial, context))
        return;
    ask_what_was_seen(doctor, &trial);
    doctor->trial = scrap_grow(&doctor->arena, doctor->trial, doctor->trial_count, sizeof *doctor->trial);
    doctor->trial[doctor->trial_count++] = trial;
    const char *outcome = trial.let_in ? "let in" : trial.later ? "put off" : "refused";
    doctor_remark(doctor, true, "%s as %s with a random password: %s; the gate saw %" PRId64 " login%s", path->title,
                  name, outcome, trial.seen, trial.seen == 1 ? "" : "s");
}

/* A name that nobody has; one that can be no name, so that the gate refuses it at once; and the administrator's own. */
static void try_path(struct doctor *doctor, const struct path *path, log_in *try, void *context) {
    char word[2][11];
    size_t before = doctor->trial_count;
    make_words(word[0], sizeof word[0]);
    make_words(word[1], sizeof word[1]);
    try_name(doctor, path, scrap_text(&doctor->arena, "authgate-doctor-%s", word[0]), try, context);
    if (doctor->trial_count == before)
        return;
    try_name(doctor, path, scrap_text(&doctor->arena, ".authgate-doctor-%s", word[1]), try, context);
    if (doctor->account != NULL)
        try_name(doctor, path, doctor->account, try, context);
}

/* ---- Dovecot ---- */

/* Dovecot lets an address wait longer with each failure, up to 15 s: each trial comes from another one. */
static const char *some_address(struct doctor *doctor) {
    unsigned char byte = 0;
    random_fill(&byte, sizeof byte);
    return scrap_text(&doctor->arena, "rip=" ADDRESS ".%d", 1 + byte % 254);
}

/* Where nobody answers, doveadm ends as it does where the password is wrong. */
static bool unanswered(const struct run *run) {
    return run->out[0] == '\0' && strstr(run->first, "connect(") != NULL;
}

static bool by_doveadm(struct doctor *doctor, const struct path *path, struct doctor_trial *trial, void *context) {
    const char *service = scrap_text(&doctor->arena, "service=%s", (const char *)context);
    const char *const command[] = {"doveadm", "-c", doctor->dovecot_file, "auth",      "test",          "-x",
                                   service,   "-x", some_address(doctor), trial->name, trial->password, NULL};
    struct run run = run_program(&doctor->arena, command, PATIENCE);
    trial->let_in = run.status == 0;
    if (run.there && (run.status == 0 || (run.status == DOVEADM_NO && !unanswered(&run))))
        return true;
    doctor_remark(doctor, false, "%s: %s", path->title,
                  !run.there             ? "there is no doveadm"
                  : run.first[0] != '\0' ? run.first
                                         : "doveadm gave no answer");
    return false;
}

static struct place passdb_place(const struct doctor *doctor) {
    const struct sections *files = &doctor->dovecot->files;
    for (size_t i = 0; i < files->section_count; i++)
        if (strcmp(files->section[i]->kind, "passdb") == 0)
            return files->section[i]->place;
    return (struct place){.file = doctor->dovecot_file};
}

static void try_dovecot(struct doctor *doctor) {
    if (doctor->dovecot == NULL || doctor->dovecot->fault != NULL)
        return;
    const struct words *protocols = &doctor->dovecot->protocols;
    for (size_t i = 0; i < protocols->count; i++) {
        const char *protocol = protocols->word[i];
        const struct path path = {.title = scrap_text(&doctor->arena, "Dovecot's service %s", protocol),
                                  .place = passdb_place(doctor),
                                  .counted = true};
        try_path(doctor, &path, by_doveadm, (void *)(uintptr_t)protocol);
    }
}

/* ---- Postfix ---- */

struct port {
    const struct postfix_smtpd *smtpd;
    const char *host, *number;
    bool wrapped; /* TLS from the first byte */
};

static bool by_smtp(struct doctor *doctor, const struct path *path, struct doctor_trial *trial, void *context) {
    const struct port *port = context;
    const char *const who[2] = {trial->name, trial->password};
    enum smtp_cover cover = port->wrapped ? SMTP_TLS : SMTP_CLEAR;
    struct smtp_attempt attempt = smtp_try(&doctor->arena, port->host, port->number, cover, who);
    if (cover == SMTP_CLEAR && attempt.outcome == SMTP_NO_AUTH && attempt.starttls)
        attempt = smtp_try(&doctor->arena, port->host, port->number, SMTP_STARTTLS, who);
    trial->let_in = attempt.outcome == SMTP_LET_IN;
    trial->later = attempt.outcome == SMTP_LATER;
    trial->mechanisms = attempt.mechanisms;
    if (attempt.outcome == SMTP_UNREACHABLE || attempt.outcome == SMTP_NO_AUTH)
        doctor_remark(doctor, false, "%s: %s", path->title,
                      attempt.outcome == SMTP_NO_AUTH ? "offers no AUTH PLAIN" : "nobody answers at loopback");
    return attempt.outcome != SMTP_UNREACHABLE && attempt.outcome != SMTP_NO_AUTH;
}

static void try_postfix(struct doctor *doctor) {
    for (size_t i = 0; doctor_postfix_readable(doctor) && i < doctor->postfix->conf.smtpd_count; i++) {
        const struct postfix_conf *conf = &doctor->postfix->conf;
        const struct postfix_smtpd *smtpd = &conf->smtpd[i];
        if (strcmp(smtpd->type, "inet") != 0 || !doctor_smtpd_auth(doctor, smtpd))
            continue;
        const char *colon = strrchr(smtpd->name, ':');
        struct port port = {.smtpd = smtpd, .host = "127.0.0.1", .number = postfix_port(smtpd)};
        if (colon != NULL && smtpd->name[0] != '[')
            port.host = scrap_part(&doctor->arena, smtpd->name, (size_t)(colon - smtpd->name));
        port.wrapped = strcmp(postfix_value(conf, smtpd, "smtpd_tls_wrappermode"), "yes") == 0;
        const struct path path = {.title = scrap_text(&doctor->arena, "Postfix's port %s", smtpd->name),
                                  .place = postfix_place(&doctor->arena, conf, smtpd, "smtpd_sasl_auth_enable"),
                                  .counted = true};
        try_path(doctor, &path, by_smtp, &port);
    }
}

/* ---- the gate's own saslauthd sockets ---- */

static bool by_testsaslauthd(struct doctor *doctor, const struct path *path, struct doctor_trial *trial,
                             void *context) {
    const struct socket_setting *setting = context;
    const char *const command[] = {"testsaslauthd", "-u", trial->name,   "-p", trial->password, "-s",
                                   "smtp",          "-f", setting->path, NULL};
    struct run run = run_program(&doctor->arena, command, PATIENCE);
    trial->let_in = run.status == 0;
    if (!run.there)
        doctor_remark(doctor, false, "%s: there is no testsaslauthd", path->title);
    return run.there;
}

static void try_saslauthd(struct doctor *doctor) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++) {
        const struct socket_setting *setting = &doctor->settings->sockets[i];
        if (setting->kind != SOCKET_SASLAUTHD)
            continue;
        const struct path path = {.title = scrap_text(&doctor->arena, "the saslauthd socket %s", setting->path),
                                  .place = {.file = doctor->configuration_file, .line = setting->line}};
        try_path(doctor, &path, by_testsaslauthd, (void *)(uintptr_t)setting);
    }
}

void doctor_trial_run(struct doctor *doctor) {
    if (!doctor->trials)
        return;
    if (!doctor_daemon_there(doctor)) {
        doctor_remark(doctor, false, "logins on purpose: no daemon is there to say what it sees of them");
        return;
    }
    progress_start(&doctor->progress, "of the logins on purpose");
    try_dovecot(doctor);
    try_postfix(doctor);
    try_saslauthd(doctor);
    progress_end(&doctor->progress);
}

/* ---- the rows ---- */

static void look_entered(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++)
        if (doctor->trial[i].let_in)
            doctor_find(doctor, doctor->trial[i].place, "see the findings above; until then, stop this service",
                        "%s let %s in with a random password", doctor->trial[i].title, doctor->trial[i].name);
}

static void look_unseen(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++)
        if (doctor->trial[i].counted && doctor->trial[i].seen == 0 && doctor->trial[i].name[0] != '.' &&
            !doctor->trial[i].later)
            doctor_find(doctor, doctor->trial[i].place, "see the findings above",
                        "%s: a login as %s never reached the gate", doctor->trial[i].title, doctor->trial[i].name);
}

static void look_put_off(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++)
        if (doctor->trial[i].later && doctor->trial[i].seen == 0 && doctor->trial[i].name[0] != '.')
            doctor_find(doctor, doctor->trial[i].place, "see the findings above, and the mail log",
                        "%s: a login as %s was put off (try again later) without the gate having seen it",
                        doctor->trial[i].title, doctor->trial[i].name);
}

#define ONE_DOMAIN                                                                                                     \
    "let default_domain in authgate.conf, auth_default_realm in Dovecot and smtpd_sasl_local_domain in Postfix be "    \
    "the same domain, or leave the latter two out"

static bool made_up(const struct doctor *doctor, const struct doctor_trial *trial) {
    return trial->name != doctor->account && trial->name[0] != '.' && trial->came_as != NULL;
}

static void look_name(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++)
        if (made_up(doctor, &doctor->trial[i]) && doctor->trial[i].malformed)
            doctor_find(doctor, doctor->trial[i].place, ONE_DOMAIN ", or add it to domains",
                        "%s: the name %s reaches the gate as %s, which no account here can be: whoever types no domain "
                        "is refused",
                        doctor->trial[i].title, doctor->trial[i].name, doctor->trial[i].came_as);
}

static void look_domain(struct doctor *doctor) {
    const char *wanted = doctor->settings != NULL ? doctor->settings->naming.default_domain : NULL;
    for (size_t i = 0; wanted != NULL && i < doctor->trial_count; i++) {
        const struct doctor_trial *trial = &doctor->trial[i];
        const char *domain = made_up(doctor, trial) && !trial->malformed ? strrchr(trial->came_as, '@') : NULL;
        if (domain != NULL && strcmp(domain + 1, wanted) != 0)
            doctor_find(doctor, trial->place, ONE_DOMAIN,
                        "%s: whoever types no domain is one of %s there, and of default_domain %s elsewhere: another "
                        "account, with another policy",
                        trial->title, domain + 1, wanted);
    }
}

static void look_right(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++)
        if (doctor->trial[i].right > 0 || doctor->trial[i].uncommitted > 0)
            doctor_find(doctor, doctor->trial[i].place, "see the findings above",
                        "%s: the gate was told that the random password of %s was right", doctor->trial[i].title,
                        doctor->trial[i].name);
}

static void look_offers(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->trial_count; i++) {
        const struct doctor_trial *trial = &doctor->trial[i];
        struct words words = scrap_split(&doctor->arena, trial->mechanisms, " ");
        for (size_t j = 0; j < words.count; j++)
            if (strcmp(words.word[j], "PLAIN") != 0 && strcmp(words.word[j], "LOGIN") != 0)
                doctor_find(doctor, trial->place, "mech_list: PLAIN LOGIN, or auth_mechanisms = plain login",
                            "%s offers AUTH %s", trial->title, words.word[j]);
    }
}

const struct doctor_check doctor_trial_checks[] = {
    {"trial-entered", DOCTOR_BYPASS, look_entered, "a login with a random password was let in"},
    {"trial-unseen", DOCTOR_BYPASS, look_unseen, "a login never reached the gate"},
    {"trial-commit", DOCTOR_BYPASS, look_right, "the gate was told that a random password was right"},
    {"trial-later", DOCTOR_OUTAGE, look_put_off, "a login was put off before it reached the gate"},
    {"trial-name", DOCTOR_OUTAGE, look_name, "a name reaches the gate as one that it does not serve"},
    {"trial-domain", DOCTOR_WEAK, look_domain, "a name reaches the gate with another domain than its own"},
    {"trial-mechanisms", DOCTOR_WEAK, look_offers, "a port offers more than PLAIN and LOGIN"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};
