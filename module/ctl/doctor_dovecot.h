/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at Dovecot: what `doveconf -n` says, with the lines of the files that say it. */
#ifndef AUTHGATE_CTL_DOCTOR_DOVECOT_H
#define AUTHGATE_CTL_DOCTOR_DOVECOT_H

#include "ctl/doctor.h"

/* What is known of the Dovecot here. */
struct doctor_dovecot {
    const char *fault; /* why it could not be examined; NULL: it could */
    struct sections printed, files;
    struct words protocols; /* as PAM's services are named: imap, smtp … */
};

/* Ended by a row without a name. */
extern const struct doctor_check doctor_dovecot_checks[];

/* Fills doctor->dovecot, and adds the PAM services that it asks for. */
void doctor_dovecot_read(struct doctor *doctor);

#endif
