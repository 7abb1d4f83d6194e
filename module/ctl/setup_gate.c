/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds to authgate.conf the sockets that a smtpd looks for. The list `sockets` is found in the text by its brackets,
 * comments and strings passed over; where it is not written as one list in the main file, setup refuses. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/doctor_postfix.h"
#include "ctl/setup_plan.h"

#define SEEN_SASLAUTHD "/run/authgate/saslauthd"
#define POSTFIX_MODE   "group = \"postfix\"; mode = \"0660\";"
#define UPSTREAM       "/run/saslauthd/mux" /* what the gate takes where nothing is set */

/* Skips a comment or a string that starts at `text`; NULL where neither does. */
static const char *skip_quiet(const char *text) {
    if (*text == '#' || strncmp(text, "//", 2) == 0)
        return text + strcspn(text, "\n");
    if (strncmp(text, "/*", 2) == 0) {
        const char *end = strstr(text + 2, "*/");
        return end != NULL ? end + 2 : text + strlen(text);
    }
    if (*text != '"')
        return NULL;
    for (text++; *text != '\0' && *text != '"'; text++)
        text += *text == '\\' && text[1] != '\0';
    return *text == '"' ? text + 1 : text;
}

/* The opening bracket of the outermost `sockets`, or NULL. */
static const char *find_list(const char *text) {
    int depth = 0;
    while (*text != '\0') {
        const char *next = skip_quiet(text);
        if (next != NULL) {
            text = next;
            continue;
        }
        depth += strchr("({[", *text) != NULL ? 1 : strchr(")}]", *text) != NULL ? -1 : 0;
        if (depth == 0 && strncmp(text, "sockets", 7) == 0) {
            const char *after = text + 7 + strspn(text + 7, " \t\n");
            if (*after == '=' || *after == ':')
                after += 1 + strspn(after + 1, " \t\n");
            if (*after == '(')
                return after;
        }
        text++;
    }
    return NULL;
}

/* The last closing brace of the list that `open` opens: behind it something can be added. NULL where it is empty. */
static const char *last_entry(const char *open) {
    const char *last = NULL;
    int depth = 0;
    for (const char *text = open; *text != '\0';) {
        const char *next = skip_quiet(text);
        if (next != NULL) {
            text = next;
            continue;
        }
        depth += strchr("({[", *text) != NULL ? 1 : strchr(")}]", *text) != NULL ? -1 : 0;
        if (*text == '}' && depth == 1)
            last = text;
        if (depth == 0)
            return last;
        text++;
    }
    return NULL;
}

static bool known(const struct doctor *doctor, enum socket_kind kind, const char *path) {
    for (size_t i = 0; i < doctor->settings->socket_count; i++)
        if (doctor->settings->sockets[i].kind == kind && strcmp(doctor->settings->sockets[i].path, path) == 0)
            return true;
    return false;
}

/* What is to be added for one way in which smtpds see files. */
static const char *entries_for(struct setup_plan *plan, const struct postfix_smtpd *smtpd) {
    struct doctor *doctor = &plan->doctor;
    struct arena *arena = &doctor->arena;
    const char *gate = doctor_smtpd_path(doctor, smtpd, doctor_smtpd_gate(smtpd));
    const char *saslauthd = doctor_smtpd_path(doctor, smtpd, SEEN_SASLAUTHD);
    const char *text = "";
    if (!known(doctor, SOCKET_GATE, gate))
        text = scrap_text(arena,
                          ",\n  { kind = \"gate\"; path = \"%s\"; " POSTFIX_MODE "\n"
                          "    requests = [ \"ask\", \"smtpd_access_policy\" ]; services = [ \"smtp\" ]; }",
                          gate);
    if (!known(doctor, SOCKET_SASLAUTHD, saslauthd))
        text = scrap_text(arena, "%s,\n  { kind = \"saslauthd\"; path = \"%s\"; " POSTFIX_MODE "%s }", text, saslauthd,
                          smtpd->chroot ? "\n    seen_as = \"" SEEN_SASLAUTHD "\";" : "");
    return text;
}

static const char *entries(struct setup_plan *plan) {
    const struct postfix_conf *conf = &plan->doctor.postfix->conf;
    bool made[2] = {false, false};
    const char *text = "";
    for (size_t i = 0; i < conf->smtpd_count; i++) {
        const struct postfix_smtpd *smtpd = &conf->smtpd[i];
        if (made[smtpd->chroot] || !doctor_smtpd_cyrus(&plan->doctor, smtpd))
            continue;
        made[smtpd->chroot] = true;
        text = scrap_text(&plan->doctor.arena, "%s%s", text, entries_for(plan, smtpd));
    }
    return text;
}

static bool is_socket(struct doctor *doctor, const char *path) {
    struct stat status;
    return stat(doctor_path(doctor, path), &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Where the real saslauthd listens, if that is another place than the configuration's. */
static const char *other_upstream(struct doctor *doctor) {
    static const char *const places[] = {"/run/saslauthd/mux", "/var/spool/postfix/var/run/saslauthd/mux",
                                         "/var/spool/postfix/run/saslauthd/mux"};
    if (strcmp(doctor->settings->saslauthd_upstream, UPSTREAM) != 0 || is_socket(doctor, UPSTREAM))
        return NULL;
    for (size_t i = 1; i < sizeof places / sizeof places[0]; i++)
        if (is_socket(doctor, places[i]))
            return places[i];
    return NULL;
}

/* Replaces the whole text of a change by parts: up to `at`, `added`, and the rest. */
static void splice(struct setup_plan *plan, struct setup_change *change, const char *at, const char *added) {
    size_t length = strlen(at);
    change->added = scrap_text(&plan->doctor.arena, "%.*s%s%s%s", (int)(at - change->before), change->before, added, at,
                               length > 0 && at[length - 1] != '\n' ? "\n" : "");
    change->count = 0;
}

void setup_gate(struct setup_plan *plan) {
    struct doctor *doctor = &plan->doctor;
    const char *file = doctor->configuration_file;
    if (doctor->settings == NULL) {
        setup_refuse(plan, "%s has mistakes: see `authgatectl check`", file);
        return;
    }
    const char *added = entries(plan);
    const char *upstream = other_upstream(doctor);
    struct setup_change *change = added[0] != '\0' || upstream != NULL ? setup_change_of(plan, file) : NULL;
    if (change == NULL)
        return;
    const char *open = find_list(change->before);
    const char *last = open != NULL ? last_entry(open) : NULL;
    if (last == NULL) {
        setup_refuse(plan, "%s: `sockets` is not written as one list here; add by hand:%s", file, added);
        return;
    }
    splice(plan, change, last + 1, added);
    if (upstream != NULL)
        setup_append(plan, change, scrap_text(&doctor->arena, "saslauthd = { upstream = \"%s\"; };", upstream));
    if (added[0] != '\0')
        setup_advise(plan, "where systemd makes the sockets: %ssystemctl enable authgated-postfix.socket",
                     plan->doctor.postfix->sasl[0].smtpd->chroot
                         ? ""
                         : "copy unchrooted.conf from /usr/share/doc/authgate to "
                           "/etc/systemd/system/authgated-postfix.socket.d/, then systemctl daemon-reload and ");
    setup_advise(plan, "restart authgated: it opens its sockets at its start");
}
