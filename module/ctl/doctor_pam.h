/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at /etc/pam.d: every service that a mail program asks for, every authgate-* file, and `other`. */
#ifndef AUTHGATE_CTL_DOCTOR_PAM_H
#define AUTHGATE_CTL_DOCTOR_PAM_H

#include "ctl/doctor.h"

/* Ended by a row without a name. The other readers must have added their services before. */
extern const struct doctor_check doctor_pam_checks[];

/* Adds the services of the authgate-* files that nobody asked for yet. */
void doctor_pam_read(struct doctor *doctor);

#endif
