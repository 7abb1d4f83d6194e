/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/postfix_conf.o ctl/sasl_conf.o ctl/scrap.o ctl/verb.o -Wl,--wrap=scrap_read */
/* Any bytes as what postconf prints, as main.cf and master.cf, and as libsasl2's smtpd.conf: what is set is found with
 * its value, and its place is a line of the file or none. */
#include "ctl/postfix_conf.h"
#include "ctl/sasl_conf.h"
#include "made_files.h"

static char *take(struct arena *arena, const char *name) {
    char *text = __wrap_scrap_read(arena, name);
    return text != NULL ? text : scrap_text(arena, "%s", "");
}

static void check_place(struct arena *arena, const struct postfix_conf *conf, const struct postfix_smtpd *smtpd,
                        const char *name) {
    struct place place = postfix_place(arena, conf, smtpd, name);
    require(place.file != NULL && place.line >= 0 && place.line <= made_lines());
}

static void try_postfix(struct arena *arena) {
    struct postfix_conf conf = {.folder = "/etc/postfix"};
    postfix_add_main(arena, &conf, take(arena, "x"));
    postfix_add_overrides(arena, &conf, take(arena, "xP"));
    postfix_add_services(arena, &conf, take(arena, "M"));
    for (size_t i = 0; i < conf.parameter_count && i < 16; i++) {
        const struct postfix_parameter *parameter = &conf.parameter[i];
        if (parameter->service == NULL)
            require(strlen(postfix_value(&conf, NULL, parameter->name)) < SIZE_MAX);
        check_place(arena, &conf, NULL, parameter->name);
        for (size_t j = 0; j < conf.smtpd_count && j < 16; j++) {
            require(postfix_value(&conf, &conf.smtpd[j], parameter->name) != NULL);
            check_place(arena, &conf, &conf.smtpd[j], parameter->name);
        }
    }
    for (size_t i = 0; i < conf.smtpd_count; i++)
        require(strchr(postfix_port(&conf.smtpd[i]), ':') == NULL);
}

static void try_sasl(struct arena *arena) {
    struct sasl_conf conf = {.count = 0};
    sasl_options_read(arena, &conf, take(arena, "smtpd.conf"));
    for (size_t i = 0; i < conf.count; i++) {
        require(sasl_option(&conf, conf.option[i].name) <= &conf.option[i]);
        require(conf.option[i].line >= 1 && conf.option[i].line <= made_lines());
        require(strlen(conf.option[i].value) < SIZE_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct arena arena = {NULL, false};
    made_split((const char *)bytes, size);
    try_postfix(&arena);
    try_sasl(&arena);
    arena_clear(&arena);
    return 0;
}
