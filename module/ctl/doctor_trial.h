/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's trials: logins by names that nobody has, with random passwords, on every path that runs here. The daemon
 * counts what it sees of them. */
#ifndef AUTHGATE_CTL_DOCTOR_TRIAL_H
#define AUTHGATE_CTL_DOCTOR_TRIAL_H

#include "ctl/doctor.h"

/* Ended by a row without a name. */
extern const struct doctor_check doctor_trial_checks[];

/* Makes the trials and keeps what came of them in doctor->trial; remarks on each. Takes some seconds. */
void doctor_trial_run(struct doctor *doctor);

#endif
