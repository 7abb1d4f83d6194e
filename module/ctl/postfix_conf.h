/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix's configuration as postconf puts it together, with the lines of main.cf and master.cf that say it. */
#ifndef AUTHGATE_CTL_POSTFIX_CONF_H
#define AUTHGATE_CTL_POSTFIX_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/scrap.h"
#include "policy/mistake.h"

struct postfix_parameter {
    const char *service; /* "submission/inet", or NULL: main.cf's or built in */
    const char *name;
    const char *value; /* variables expanded */
};

/* One smtpd of master.cf. */
struct postfix_smtpd {
    const char *name; /* submission */
    const char *type; /* inet */
    bool chroot;
};

struct postfix_conf {
    const char *folder; /* main.cf's */
    struct postfix_parameter *parameter;
    size_t parameter_count;
    struct postfix_smtpd *smtpd;
    size_t smtpd_count;
};

/* Each adds what postconf printed (changed in place): by -x and names, by -xP, by -M. */
void postfix_add_main(struct arena *arena, struct postfix_conf *conf, char *text);
void postfix_add_overrides(struct arena *arena, struct postfix_conf *conf, char *text);
void postfix_add_services(struct arena *arena, struct postfix_conf *conf, char *text);

/* A parameter as it is for one smtpd (NULL: main.cf's), "" where nobody set it. */
const char *postfix_value(const struct postfix_conf *conf, const struct postfix_smtpd *smtpd, const char *name);

/* The line that sets it: in master.cf, else in main.cf, else master.cf's line of the service. */
struct place postfix_place(struct arena *arena, const struct postfix_conf *conf, const struct postfix_smtpd *smtpd,
                           const char *name);

/* The port of an inet service without its address: "submission" of "127.0.0.1:submission". */
const char *postfix_port(const struct postfix_smtpd *smtpd);

#endif
