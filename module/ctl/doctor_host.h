/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor's look at the gate itself: its configuration, daemon, sockets, store, country database, and the clock. */
#ifndef AUTHGATE_CTL_DOCTOR_HOST_H
#define AUTHGATE_CTL_DOCTOR_HOST_H

#include <stdint.h>

#include "ctl/doctor.h"

/* Ended by a row without a name. */
extern const struct doctor_check doctor_host_checks[];

/* Whether a daemon listens at the admin socket. */
bool doctor_daemon_there(const struct doctor *doctor);

#endif
