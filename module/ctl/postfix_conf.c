/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes postconf's three listings apart. Values are postconf's; the files are read for line numbers alone. Called by
 * doctor and setup. */
#include "ctl/postfix_conf.h"

#include <string.h>

static void add(struct arena *arena, struct postfix_conf *conf, const char *service, char *line) {
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return;
    *equals = '\0';
    conf->parameter = scrap_grow(arena, conf->parameter, conf->parameter_count, sizeof *conf->parameter);
    conf->parameter[conf->parameter_count++] =
        (struct postfix_parameter){.service = service, .name = scrap_trim(line), .value = scrap_trim(equals + 1)};
}

void postfix_add_main(struct arena *arena, struct postfix_conf *conf, char *text) {
    for (char *line; (line = scrap_line(&text)) != NULL;)
        add(arena, conf, NULL, line);
}

/* Lines such as `submission/inet/NAME = VALUE`; the service may be an address with a colon, never with a slash. */
void postfix_add_overrides(struct arena *arena, struct postfix_conf *conf, char *text) {
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        char *type = strchr(line, '/');
        char *name = type != NULL ? strchr(type + 1, '/') : NULL;
        if (name == NULL)
            continue;
        *name = '\0';
        add(arena, conf, line, name + 1);
    }
}

void postfix_add_services(struct arena *arena, struct postfix_conf *conf, char *text) {
    enum { NAME, TYPE, CHROOT = 4, COMMAND = 7, COLUMNS };
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        struct words words = scrap_split(arena, line, " \t");
        if (words.count < COLUMNS || strcmp(words.word[COMMAND], "smtpd") != 0)
            continue;
        conf->smtpd = scrap_grow(arena, conf->smtpd, conf->smtpd_count, sizeof *conf->smtpd);
        conf->smtpd[conf->smtpd_count++] = (struct postfix_smtpd){
            .name = words.word[NAME], .type = words.word[TYPE], .chroot = strcmp(words.word[CHROOT], "y") == 0};
    }
}

static bool of_service(const char *service, const struct postfix_smtpd *smtpd) {
    size_t length = strlen(smtpd->name);
    return strncmp(service, smtpd->name, length) == 0 && service[length] == '/' &&
           strcmp(service + length + 1, smtpd->type) == 0;
}

static const struct postfix_parameter *find(const struct postfix_conf *conf, const struct postfix_smtpd *smtpd,
                                            const char *name) {
    for (size_t i = 0; i < conf->parameter_count; i++) {
        const struct postfix_parameter *parameter = &conf->parameter[i];
        bool wanted = smtpd != NULL ? parameter->service != NULL && of_service(parameter->service, smtpd)
                                    : parameter->service == NULL;
        if (wanted && strcmp(parameter->name, name) == 0)
            return parameter;
    }
    return NULL;
}

const char *postfix_value(const struct postfix_conf *conf, const struct postfix_smtpd *smtpd, const char *name) {
    const struct postfix_parameter *found = smtpd != NULL ? find(conf, smtpd, name) : NULL;
    if (found == NULL)
        found = find(conf, NULL, name);
    return found != NULL ? found->value : "";
}

/* Whether a line begins with a name and '='. */
static bool sets(const char *line, const char *name) {
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 && line[length + strspn(line + length, " \t")] == '=';
}

static int line_in_main(struct arena *arena, const char *file, const char *name) {
    char *text = scrap_read(arena, file);
    int number = 0, found = 0;
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        number++;
        if (sets(line, name))
            found = number;
    }
    return found;
}

/* Whether a line of a service has `-o NAME=` or `-o { NAME =`. */
static bool overrides(const char *line, const char *name) {
    for (const char *at = line; *at != '\0' && (at = strstr(at, name)) != NULL; at++)
        if (at > line && strchr(" \t{", at[-1]) != NULL && sets(at, name))
            return true;
    return false;
}

/* The line of a service's entry that overrides `name`; 0, and then *entry may be the entry's own. */
static int line_in_master(struct arena *arena, const char *file, const struct postfix_smtpd *smtpd, const char *name,
                          int *entry) {
    char *text = scrap_read(arena, file);
    int number = 0;
    bool inside = false;
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        number++;
        if (line[0] != '#' && line[0] != '\0' && strchr(" \t", line[0]) == NULL) {
            struct words words = scrap_split(arena, line, " \t");
            inside =
                words.count > 1 && strcmp(words.word[0], smtpd->name) == 0 && strcmp(words.word[1], smtpd->type) == 0;
            *entry = inside ? number : *entry;
        }
        if (inside && line[0] != '#' && overrides(line, name))
            return number;
    }
    return 0;
}

struct place postfix_place(struct arena *arena, const struct postfix_conf *conf, const struct postfix_smtpd *smtpd,
                           const char *name) {
    const char *master = scrap_text(arena, "%s/master.cf", conf->folder);
    const char *main_cf = scrap_text(arena, "%s/main.cf", conf->folder);
    int entry = 0;
    int line = smtpd != NULL ? line_in_master(arena, master, smtpd, name, &entry) : 0;
    if (line > 0)
        return (struct place){.file = master, .line = line};
    line = line_in_main(arena, main_cf, name);
    if (line > 0 || entry == 0)
        return (struct place){.file = main_cf, .line = line};
    return (struct place){.file = master, .line = entry};
}

const char *postfix_port(const struct postfix_smtpd *smtpd) {
    const char *colon = strrchr(smtpd->name, ':');
    return colon != NULL ? colon + 1 : smtpd->name;
}
