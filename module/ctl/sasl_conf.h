/* SPDX-License-Identifier: BSD-2-Clause */
/* An smtpd.conf as libsasl2 reads it: options, one a line. */
#ifndef AUTHGATE_CTL_SASL_CONF_H
#define AUTHGATE_CTL_SASL_CONF_H

#include <stddef.h>

#include "ctl/scrap.h"

struct postfix_smtpd;

/* libsasl2's configuration of one or more smtpds. */
struct sasl_option {
    const char *name;
    const char *value;
    int line;
};

struct sasl_conf {
    const char *file; /* NULL: there is none, and this is where it could be: */
    const char *place;
    const struct postfix_smtpd *smtpd; /* the first that uses it */
    struct sasl_option *option;
    size_t count;
};

/* Adds the options of a text, which is changed; NULL adds none. */
void sasl_options_read(struct arena *arena, struct sasl_conf *conf, char *text);

/* The value of an option, NULL where it is not set. */
const struct sasl_option *sasl_option(const struct sasl_conf *conf, const char *name);

#endif
