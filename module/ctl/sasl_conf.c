/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes an smtpd.conf apart: a name, a colon, a value. Of an option that stands twice libsasl2 takes the first. Called
 * by doctor and setup; judges nothing. */
#include "ctl/sasl_conf.h"

#include <string.h>
#include <strings.h>

const struct sasl_option *sasl_option(const struct sasl_conf *conf, const char *name) {
    for (size_t i = 0; i < conf->count; i++)
        if (strcasecmp(conf->option[i].name, name) == 0)
            return &conf->option[i];
    return NULL;
}

void sasl_options_read(struct arena *arena, struct sasl_conf *conf, char *text) {
    int number = 0;
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        number++;
        line = scrap_trim(line);
        char *colon = strchr(line, ':');
        if (line[0] == '#' || colon == NULL)
            continue;
        *colon = '\0';
        conf->option = scrap_grow(arena, conf->option, conf->count, sizeof *conf->option);
        conf->option[conf->count++] =
            (struct sasl_option){.name = scrap_trim(line), .value = scrap_trim(colon + 1), .line = number};
    }
}
