/* SPDX-License-Identifier: BSD-2-Clause */
/* The saslauthd rows: its cache, its PAM service, its socket. Where nothing here uses saslauthd, nothing is said. */
#include "ctl/doctor_saslauthd.h"

#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "ctl/doctor_postfix.h"
#include "ctl/pam_shape.h"

#define WITH_VALUE "ahmnOst" /* options of saslauthd(8) that take a value */
#define SERVICE    "smtp"    /* what smtpd calls itself to saslauthd */

static size_t options_count(const struct doctor *doctor) {
    return doctor->saslauthd != NULL ? doctor->saslauthd->count : 0;
}

static void look_cache(struct doctor *doctor) {
    for (size_t i = 0; i < options_count(doctor); i++)
        if (doctor->saslauthd->options[i].cache)
            doctor_find(doctor, doctor->saslauthd->options[i].place, "take -c out of its options and restart it",
                        "saslauthd -c accepts a password for hours after it was changed or its account was closed");
}

static bool by_pam(const struct doctor *doctor) {
    for (size_t i = 0; i < options_count(doctor); i++)
        if (doctor->saslauthd->options[i].mechanism != NULL &&
            strcasecmp(doctor->saslauthd->options[i].mechanism, "pam") == 0)
            return true;
    return false;
}

static void look_pam(struct doctor *doctor) {
    if (!by_pam(doctor))
        return;
    struct pam_stack stack = pam_stack_load(&doctor->arena, doctor->root, SERVICE);
    struct pam_shape shape = pam_shape_of(&stack);
    const struct pam_line *gate = shape.begin != NULL ? shape.begin : shape.commit;
    if (!stack.exists)
        doctor_find(doctor, (struct place){.file = stack.file},
                    "create it with `auth required pam_unix.so nodelay` and `account required pam_unix.so`, or what "
                    "checks passwords here",
                    "saslauthd asks PAM for the service " SERVICE
                    ", which has no file: passwords are checked by /etc/pam.d/other, or not at all");
    else if (gate != NULL)
        doctor_find(doctor, gate->place, "take the lines of pam_authgate.so out of this service",
                    "the gate stands before saslauthd already; asked once more here, it knows no address");
}

/* The gate says NO by itself to a right password from a wrong place, or with a wrong code, after a tick of its own. */
static void look_delay(struct doctor *doctor) {
    if (!by_pam(doctor))
        return;
    struct pam_stack stack = pam_stack_load(&doctor->arena, doctor->root, SERVICE);
    const struct pam_lines *lines = &stack.lines[PAM_TYPE_AUTH];
    for (size_t i = 0; i < lines->count; i++) {
        const struct pam_line *line = &lines->line[i];
        const char *module = line->kind == PAM_LINE_MODULE ? pam_line_module(line) : "";
        bool waits = strcmp(module, "pam_unix.so") == 0 && pam_line_argument(line, "nodelay") == NULL;
        if (waits || strcmp(module, "pam_faildelay.so") == 0)
            doctor_find(doctor, line->place,
                        waits ? "give pam_unix.so the argument nodelay, for all or in lines of " SERVICE "'s own"
                              : "take the line out, or give " SERVICE " lines of its own",
                        "%s lets saslauthd wait after a wrong password alone: a thief can tell by the time that a "
                        "password was right, though the gate refused it",
                        module);
    }
}

/* ---- the socket ---- */

/* Who a user is to the kernel. */
struct identity {
    uid_t uid;
    gid_t *groups; /* its own and those that it is a member of */
    size_t count;
};

static void add_group(struct doctor *doctor, struct identity *identity, gid_t group) {
    identity->groups = scrap_grow(&doctor->arena, identity->groups, identity->count, sizeof *identity->groups);
    identity->groups[identity->count++] = group;
}

/* Asks whomever this host asks: users and groups may come from a directory. */
static bool identify_here(struct doctor *doctor, const char *name, struct identity *identity) {
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        return false;
    identity->uid = user->pw_uid;
    gid_t own = user->pw_gid;
    int count = 0;
    (void)getgrouplist(name, own, NULL, &count);
    identity->groups = scrap_take(&doctor->arena, (size_t)count, sizeof *identity->groups);
    identity->count = getgrouplist(name, own, identity->groups, &count) >= 0 ? (size_t)count : 0;
    if (identity->count == 0) /* one was added in between */
        add_group(doctor, identity, own);
    return true;
}

/* The next line of a file of words between colons, which has three of them at least; false at its end. */
static bool next_entry(struct doctor *doctor, char **text, struct words *words) {
    for (char *line; *text != NULL && (line = scrap_line(text)) != NULL;) {
        *words = scrap_split(&doctor->arena, line, ":");
        if (words->count > 2)
            return true;
    }
    return false;
}

/* Below a root there are only the files: this host's users are not that one's. */
static bool identify_below(struct doctor *doctor, const char *name, struct identity *identity) {
    struct words words;
    char *text = scrap_read(&doctor->arena, doctor_path(doctor, "/etc/passwd"));
    bool known = false;
    while (!known && next_entry(doctor, &text, &words))
        known = strcmp(words.word[0], name) == 0;
    if (!known)
        return false;
    identity->uid = (uid_t)strtoul(words.word[2], NULL, 10);
    if (words.count > 3)
        add_group(doctor, identity, (gid_t)strtoul(words.word[3], NULL, 10));
    text = scrap_read(&doctor->arena, doctor_path(doctor, "/etc/group"));
    while (next_entry(doctor, &text, &words)) {
        struct words members = scrap_split(&doctor->arena, words.count > 3 ? words.word[3] : "", ",");
        if (words_have(&members, name))
            add_group(doctor, identity, (gid_t)strtoul(words.word[2], NULL, 10));
    }
    return true;
}

static bool identify(struct doctor *doctor, const char *name, struct identity *identity) {
    *identity = (struct identity){.groups = NULL};
    return doctor->root[0] == '\0' ? identify_here(doctor, name, identity) : identify_below(doctor, name, identity);
}

/* What the administrator calls a group; "GROUP" where it has no name. */
static const char *group_name(struct doctor *doctor, gid_t id) {
    struct words words;
    const struct group *group = doctor->root[0] == '\0' ? getgrgid(id) : NULL;
    if (group != NULL)
        return scrap_text(&doctor->arena, "%s", group->gr_name);
    char *text = scrap_read(&doctor->arena, doctor_path(doctor, "/etc/group"));
    while (next_entry(doctor, &text, &words))
        if ((gid_t)strtoul(words.word[2], NULL, 10) == id)
            return words.word[0];
    return "GROUP";
}

/* The permission bits of a file that hold for a user. */
static mode_t bits_for(const struct identity *user, const struct stat *status) {
    if (user->uid == status->st_uid)
        return status->st_mode >> 6;
    for (size_t i = 0; i < user->count; i++)
        if (user->groups[i] == status->st_gid)
            return status->st_mode >> 3;
    return status->st_mode;
}

/* What on the way to a socket keeps the daemon's user off: a folder or the socket itself. NULL: nothing, or the user is
 * root or is not known. */
static const char *closed_part(struct doctor *doctor, const char *path) {
    const char *name = doctor->settings->user != NULL ? doctor->settings->user : "root";
    struct identity user;
    if (!identify(doctor, name, &user) || user.uid == 0)
        return NULL;
    for (const char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        const char *part = slash != NULL ? scrap_part(&doctor->arena, path, (size_t)(slash - path)) : path;
        struct stat status;
        if (stat(doctor_path(doctor, part), &status) != 0)
            return NULL;
        if ((bits_for(&user, &status) & (slash != NULL ? 1U : 2U)) == 0)
            return part;
    }
    return NULL;
}

static void look_reach(struct doctor *doctor, const char *path) {
    struct stat status;
    const char *part = closed_part(doctor, path), *user = doctor->settings->user;
    if (part == NULL || stat(doctor_path(doctor, part), &status) != 0)
        return;
    const char *fix =
        scrap_text(&doctor->arena, "usermod -aG %s %s, and restart authgated", group_name(doctor, status.st_gid), user);
    doctor_find(doctor, (struct place){.file = doctor->configuration_file}, fix,
                "the gate hands passwords on to %s, and its user %s may not use %s: every login by SMTP is put off",
                path, user, part);
}

static void look_upstream(struct doctor *doctor) {
    struct stat status;
    if (doctor->saslauthd == NULL || doctor->settings == NULL)
        return;
    const char *path = doctor_path(doctor, doctor->settings->saslauthd_upstream);
    if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        look_reach(doctor, doctor->settings->saslauthd_upstream);
    else
        doctor_find(doctor, (struct place){.file = doctor->configuration_file},
                    "start saslauthd, or set saslauthd.upstream to its socket",
                    "the gate hands passwords on to %s, and no socket is there: every login by SMTP is put off", path);
}

const struct doctor_check doctor_saslauthd_checks[] = {
    {"saslauthd-cache", DOCTOR_WEAK, look_cache, "saslauthd remembers passwords (-c)"},
    {"saslauthd-pam", DOCTOR_OUTAGE, look_pam, "saslauthd's PAM service has no file, or asks the gate again"},
    {"saslauthd-delay", DOCTOR_WEAK, look_delay, "saslauthd's PAM service waits after wrong passwords alone"},
    {"saslauthd-upstream", DOCTOR_OUTAGE, look_upstream,
     "saslauthd's socket is not where the gate looks for it, or out of its reach"},
    {NULL, DOCTOR_NOTE, NULL, NULL},
};

/* ---- reading ---- */

static struct saslauthd_options *add(struct doctor *doctor, const char *file, int line) {
    struct doctor_saslauthd *saslauthd = doctor->saslauthd;
    saslauthd->options = scrap_grow(&doctor->arena, saslauthd->options, saslauthd->count, sizeof *saslauthd->options);
    saslauthd->options[saslauthd->count] = (struct saslauthd_options){.place = {.file = file, .line = line}};
    return &saslauthd->options[saslauthd->count++];
}

/* Reads words as getopt would. */
static void read_words(struct saslauthd_options *options, const struct words *words, size_t from) {
    for (size_t i = from; i < words->count; i++) {
        const char *letter = words->word[i];
        if (letter[0] != '-')
            continue;
        while (*++letter != '\0') {
            options->cache = options->cache || *letter == 'c';
            if (strchr(WITH_VALUE, *letter) == NULL)
                continue;
            const char *value = letter[1] != '\0' ? letter + 1 : i + 1 < words->count ? words->word[++i] : "";
            options->mechanism = *letter == 'a' ? value : options->mechanism;
            break;
        }
    }
}

static char *unquote(char *value) {
    size_t length = strlen(value);
    if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
        value[length - 1] = '\0';
        return value + 1;
    }
    return value;
}

/* A file of assignments, as Debian (OPTIONS, MECHANISMS) and RHEL (FLAGS, MECH) have it; no copy that somebody left. */
static void read_file(struct doctor *doctor, const char *file) {
    bool copy = strpbrk(strrchr(file, '/'), ".~#") != NULL;
    char *text = copy ? NULL : scrap_read(&doctor->arena, file);
    int number = 0;
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        number++;
        line = scrap_trim(line);
        char *equals = strchr(line, '=');
        if (line[0] == '#' || equals == NULL)
            continue;
        *equals = '\0';
        char *value = unquote(scrap_trim(equals + 1));
        if (strcmp(line, "OPTIONS") == 0 || strcmp(line, "FLAGS") == 0) {
            struct words words = scrap_split(&doctor->arena, value, " \t");
            read_words(add(doctor, file, number), &words, 0);
        } else if (strcmp(line, "MECHANISMS") == 0 || strcmp(line, "MECH") == 0) {
            add(doctor, file, number)->mechanism = value;
        }
    }
}

/* A process's command line, if that is saslauthd's. Its children have the same, and count once. */
static void read_process(struct doctor *doctor, const char *file) {
    char line[4096];
    FILE *stream = fopen(file, "re");
    if (stream == NULL)
        return;
    size_t length = fread(line, 1, sizeof line - 1, stream);
    fclose(stream);
    line[length] = '\0';
    const char *slash = strrchr(line, '/');
    if (strcmp(slash != NULL ? slash + 1 : line, "saslauthd") != 0)
        return;
    for (size_t i = 0; i < length; i++)
        if (line[i] == '\0')
            line[i] = '\n';
    struct words words = scrap_split(&doctor->arena, line, "\n");
    struct saslauthd_options options = {.place = {.file = file}};
    read_words(&options, &words, 1);
    for (size_t i = 0; i < doctor->saslauthd->count; i++) {
        const struct saslauthd_options *before = &doctor->saslauthd->options[i];
        if (before->cache == options.cache && strstr(before->place.file, "/proc/") != NULL)
            return;
    }
    *add(doctor, file, 0) = options;
}

static void each_file(struct doctor *doctor, const char *pattern, void (*read)(struct doctor *, const char *)) {
    glob_t found;
    if (glob(doctor_path(doctor, pattern), 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        read(doctor, scrap_text(&doctor->arena, "%s", found.gl_pathv[i]));
    globfree(&found);
}

static bool wanted(const struct doctor *doctor) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++)
        if (doctor->settings->sockets[i].kind == SOCKET_SASLAUTHD)
            return true;
    for (size_t i = 0; doctor_postfix_readable(doctor) && i < doctor->postfix->sasl_count; i++) {
        const struct sasl_conf *conf = &doctor->postfix->sasl[i];
        const struct sasl_option *method = sasl_option(conf, "pwcheck_method");
        if (conf->file == NULL || (method != NULL && strstr(method->value, "saslauthd") != NULL))
            return true; /* where there is no smtpd.conf yet, the one that setup writes names it */
    }
    return false;
}

void doctor_saslauthd_read(struct doctor *doctor) {
    if (!wanted(doctor))
        return;
    doctor->saslauthd = scrap_take(&doctor->arena, 1, sizeof *doctor->saslauthd);
    each_file(doctor, "/etc/default/saslauthd*", read_file);
    each_file(doctor, "/etc/sysconfig/saslauthd", read_file);
    each_file(doctor, "/proc/[0-9]*/cmdline", read_process);
}
