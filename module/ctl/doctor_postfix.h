/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at Postfix: its smtpds, and libsasl2's smtpd.conf behind those that use Cyrus SASL. */
#ifndef AUTHGATE_CTL_DOCTOR_POSTFIX_H
#define AUTHGATE_CTL_DOCTOR_POSTFIX_H

#include "ctl/doctor.h"
#include "ctl/postfix_conf.h"
#include "ctl/sasl_conf.h"

/* What is known of the Postfix here. */
struct doctor_postfix {
    const char *fault; /* why it could not be examined; NULL: it could */
    struct postfix_conf conf;
    struct sasl_conf *sasl;
    size_t sasl_count;
};

/* Each ended by a row without a name. */
extern const struct doctor_check doctor_postfix_checks[];
extern const struct doctor_check doctor_sasl_checks[];

/* Fills doctor->postfix. */
void doctor_postfix_read(struct doctor *doctor);

/* Reads the smtpd.conf of every smtpd that uses Cyrus SASL. */
void doctor_sasl_read(struct doctor *doctor);

/* Whether Postfix could be examined. */
bool doctor_postfix_readable(const struct doctor *doctor);

/* Whether an smtpd offers AUTH, and by libsasl2. */
bool doctor_smtpd_auth(const struct doctor *doctor, const struct postfix_smtpd *smtpd);
bool doctor_smtpd_cyrus(const struct doctor *doctor, const struct postfix_smtpd *smtpd);

/* The gate's socket by the name that an smtpd gives it. Without a chroot it is not the one of PAM modules, which is
 * root's alone and takes requests about every service. */
const char *doctor_smtpd_gate(const struct postfix_smtpd *smtpd);

/* Whether somebody but root and the daemon may use a socket of that path; one that is not configured may be any. */
bool doctor_smtpd_admitted(const struct doctor *doctor, const char *path);

/* Where a path that an smtpd is given lies outside its chroot. */
const char *doctor_smtpd_path(struct doctor *doctor, const struct postfix_smtpd *smtpd, const char *path);

#endif
