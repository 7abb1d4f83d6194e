/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at the saslauthd behind the gate: its options in files and in running processes. */
#ifndef AUTHGATE_CTL_DOCTOR_SASLAUTHD_H
#define AUTHGATE_CTL_DOCTOR_SASLAUTHD_H

#include "ctl/doctor.h"

/* One set of options: a file's, or a process's. */
struct saslauthd_options {
    struct place place;
    bool cache;            /* -c */
    const char *mechanism; /* pam, ldap …; NULL: not said here */
};

/* What is known of the saslauthd here. */
struct doctor_saslauthd {
    struct saslauthd_options *options;
    size_t count;
};

/* Ended by a row without a name. */
extern const struct doctor_check doctor_saslauthd_checks[];

/* Fills doctor->saslauthd where the gate or Postfix needs it. The configuration and Postfix must have been read. */
void doctor_saslauthd_read(struct doctor *doctor);

#endif
