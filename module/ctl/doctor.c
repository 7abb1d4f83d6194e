/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl doctor: reads everything once, lets every row of every table look, tries the paths where it can, and
 * prints what was found. Changes nothing. */
#include "ctl/doctor.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "ctl/doctor_dovecot.h"
#include "ctl/doctor_host.h"
#include "ctl/doctor_pam.h"
#include "ctl/doctor_postfix.h"
#include "ctl/doctor_saslauthd.h"
#include "ctl/doctor_trial.h"
#include "ctl/grid.h"
#include "ctl/host.h"
#include "ctl/json.h"
#include "ctl/verb.h"

static const struct doctor_check *const tables[] = {
    doctor_pam_checks,       doctor_dovecot_checks, doctor_postfix_checks, doctor_sasl_checks,
    doctor_saslauthd_checks, doctor_host_checks,    doctor_trial_checks,
};
static const char *const weights[] = {
    [DOCTOR_NOTE] = "note", [DOCTOR_OUTAGE] = "outage", [DOCTOR_WEAK] = "weak", [DOCTOR_BYPASS] = "bypass"};

/* ---- what the files share ---- */

void doctor_find(struct doctor *doctor, struct place place, const char *fix, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *what = scrap_format(&doctor->arena, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < doctor->count; i++) { /* files that several services include say it once */
        const struct doctor_finding *before = &doctor->finding[i];
        if (before->check == doctor->check && before->place.line == place.line && strcmp(before->what, what) == 0 &&
            before->place.file != NULL && place.file != NULL && strcmp(before->place.file, place.file) == 0)
            return;
    }
    doctor->finding = scrap_grow(&doctor->arena, doctor->finding, doctor->count, sizeof *doctor->finding);
    doctor->finding[doctor->count++] =
        (struct doctor_finding){.check = doctor->check, .place = place, .what = what, .fix = fix};
}

void doctor_remark(struct doctor *doctor, bool proven, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *what = scrap_format(&doctor->arena, format, arguments);
    va_end(arguments);
    doctor->remark = scrap_grow(&doctor->arena, doctor->remark, doctor->remark_count, sizeof *doctor->remark);
    doctor->remark[doctor->remark_count++] = (struct doctor_remark){.proven = proven, .what = what};
}

const char *doctor_path(struct doctor *doctor, const char *path) {
    return scrap_text(&doctor->arena, "%s%s", doctor->root, path);
}

const char *doctor_multiarch(struct doctor *doctor, const char *name) {
    static const char *const patterns[] = {"/usr/lib/*/", "/lib/*/"};
    for (size_t i = 0; i < 2; i++) {
        glob_t found;
        const char *pattern = scrap_text(&doctor->arena, "%s%s%s", doctor->root, patterns[i], name);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        const char *first = scrap_text(&doctor->arena, "%s", found.gl_pathv[0]);
        globfree(&found);
        return first;
    }
    return NULL;
}

void doctor_add_service(struct doctor *doctor, const char *name, const char *program, struct place place) {
    for (size_t i = 0; i < doctor->service_count; i++)
        if (strcmp(doctor->service[i].name, name) == 0)
            return;
    doctor->service = scrap_grow(&doctor->arena, doctor->service, doctor->service_count, sizeof *doctor->service);
    doctor->service[doctor->service_count++] =
        (struct doctor_service){.name = name, .program = program, .place = place};
}

bool doctor_socket_known(const struct doctor *doctor, enum socket_kind kind, const char *path) {
    for (size_t i = 0; doctor->settings != NULL && i < doctor->settings->socket_count; i++) {
        const struct socket_setting *setting = &doctor->settings->sockets[i];
        const char *name = setting->seen_as != NULL ? setting->seen_as : setting->path;
        if (setting->kind == kind && strcmp(name, path) == 0)
            return true;
    }
    return false;
}

bool doctor_everywhere(struct doctor *doctor, const char *networks) {
    struct words words = scrap_split(&doctor->arena, networks, " \t,");
    struct prefix prefix;
    for (size_t i = 0; i < words.count; i++)
        if (prefix_parse(words.word[i], &prefix) == PREFIX_OK && prefix.bits == 0)
            return true;
    return false;
}

/* ---- what was found ---- */

static size_t count_grave(const struct doctor *doctor) {
    size_t count = 0;
    for (size_t i = 0; i < doctor->count; i++)
        count += doctor->finding[i].check->weight != DOCTOR_NOTE;
    return count;
}

static void print_finding(const struct doctor_finding *finding) {
    if (finding->place.file != NULL) {
        grid_print_text(finding->place.file);
        printf(finding->place.line > 0 ? ":%d: " : ": ", finding->place.line);
    }
    printf("%s: ", weights[finding->check->weight]);
    grid_print_text(finding->what);
    printf(" [%s]\n", finding->check->name);
    if (finding->fix != NULL) {
        printf("    fix: ");
        grid_print_text(finding->fix);
        putchar('\n');
    }
}

static enum status print_text(const struct doctor *doctor) {
    for (int weight = DOCTOR_BYPASS; weight >= DOCTOR_NOTE; weight--)
        for (size_t i = 0; i < doctor->count; i++)
            if ((int)doctor->finding[i].check->weight == weight)
                print_finding(&doctor->finding[i]);
    for (size_t i = 0; i < doctor->remark_count; i++) {
        printf("%s: ", doctor->remark[i].proven ? "tried" : "not tried");
        grid_print_text(doctor->remark[i].what);
        putchar('\n');
    }
    size_t grave = count_grave(doctor), notes = doctor->count - grave;
    if (grave == 0)
        printf("nothing was found that lets a login pass the gate by or weakens it");
    else
        printf("%zu finding%s", grave, grave == 1 ? "" : "s");
    if (notes > 0)
        printf(", %zu note%s", notes, notes == 1 ? "" : "s");
    putchar('\n');
    return grave == 0 ? STATUS_DONE : STATUS_NO;
}

static enum status print_json(const struct doctor *doctor) {
    struct json *document = json_make_object();
    size_t grave = count_grave(doctor);
    json_put_flag(document, "clean", grave == 0);
    struct json *list = json_put_list(document, "findings");
    for (size_t i = 0; i < doctor->count; i++) {
        const struct doctor_finding *finding = &doctor->finding[i];
        struct json *object = json_append_object(list);
        json_put_text(object, "check", finding->check->name);
        json_put_text(object, "weight", weights[finding->check->weight]);
        json_put_text(object, "file", finding->place.file);
        if (finding->place.line > 0)
            json_put_number(object, "line", finding->place.line);
        json_put_text(object, "what", finding->what);
        json_put_text(object, "fix", finding->fix);
    }
    list = json_put_list(document, "trials");
    for (size_t i = 0; i < doctor->remark_count; i++) {
        struct json *object = json_append_object(list);
        json_put_flag(object, "tried", doctor->remark[i].proven);
        json_put_text(object, "what", doctor->remark[i].what);
    }
    return json_print(&document, grave == 0 ? STATUS_DONE : STATUS_NO);
}

/* ---- the verb ---- */

static enum status print_table(const struct invocation *invocation) {
    struct grid grid = {.columns = 3};
    struct json *document = invocation->json ? json_make_list() : NULL;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (const struct doctor_check *check = tables[i]; check->name != NULL; check++) {
            if (document == NULL) {
                grid_add(&grid, (const char *const[]){check->name, weights[check->weight], check->help});
                continue;
            }
            struct json *object = json_append_object(document);
            json_put_text(object, "check", check->name);
            json_put_text(object, "weight", weights[check->weight]);
            json_put_text(object, "help", check->help);
        }
    if (document != NULL)
        return json_print(&document, STATUS_DONE);
    grid_print(&grid);
    return STATUS_DONE;
}

static void read_files(struct doctor *doctor) {
    doctor->configuration = configuration_load(doctor->configuration_file, &doctor->mistakes);
    doctor->settings = doctor->configuration != NULL ? configuration_settings(doctor->configuration) : NULL;
    doctor_dovecot_read(doctor);
    doctor_postfix_read(doctor);
    doctor_saslauthd_read(doctor);
    doctor_pam_read(doctor);
}

static void look(struct doctor *doctor) {
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        for (doctor->check = tables[i]; doctor->check->name != NULL; doctor->check++)
            doctor->check->look(doctor);
}

void doctor_read(struct doctor *doctor, const struct invocation *invocation) {
    struct arena *arena = &doctor->arena;
    bool usual = strcmp(invocation->configuration, CTL_DEFAULT_CONFIGURATION) == 0;
    doctor->trials = doctor->trials && doctor->root == NULL;
    if (doctor->root == NULL)
        doctor->root = "";
    doctor->configuration_file = usual ? doctor_path(doctor, CTL_DEFAULT_CONFIGURATION) : invocation->configuration;
    if (doctor->dovecot_file == NULL)
        doctor->dovecot_file = scrap_text(arena, "%s/etc/dovecot/dovecot.conf", doctor->root);
    if (doctor->postfix_folder == NULL)
        doctor->postfix_folder = scrap_text(arena, "%s/etc/postfix", doctor->root);
    read_files(doctor);
    const char *named = host_admin_socket(invocation, doctor->configuration);
    doctor->socket = invocation->socket != NULL ? named : doctor_path(doctor, named);
}

void doctor_end(struct doctor *doctor) {
    mistakes_clear(&doctor->mistakes);
    configuration_free(&doctor->configuration);
    arena_clear(&doctor->arena);
}

static enum status run(struct invocation *invocation) {
    struct doctor doctor = {.trials = !verb_take_flag(invocation, "--no-trial")};
    bool list = verb_take_flag(invocation, "--list");
    const struct verb_option options[] = {
        {"root", &doctor.root},
        {"dovecot", &doctor.dovecot_file},
        {"postfix", &doctor.postfix_folder},
        {"account", &doctor.account},
        {NULL, NULL},
    };
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    if (list)
        return print_table(invocation);
    doctor_read(&doctor, invocation);
    doctor_trial_run(&doctor);
    look(&doctor);
    enum status status = invocation->json ? print_json(&doctor) : print_text(&doctor);
    doctor_end(&doctor);
    return status;
}

const struct verb doctor_verb = {
    .name = "doctor",
    .arguments = "[--account A] [--no-trial] [--list] [--root DIR] [--dovecot FILE] [--postfix DIR]",
    .help = "what in PAM, Dovecot and Postfix would let a login pass the gate by, each with file, line and fix",
    .run = run,
};
