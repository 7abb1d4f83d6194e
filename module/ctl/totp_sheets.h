/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolment of a whole group, a sheet for each account. */
#ifndef AUTHGATE_CTL_TOTP_SHEETS_H
#define AUTHGATE_CTL_TOTP_SHEETS_H

#include "ctl/verb.h"

/* Makes a secret for each account of a group that has none confirmed and writes its sheet to `folder`. `issuer` may be
 * NULL. */
enum status totp_sheets_enroll(const struct invocation *invocation, const char *group, const char *folder,
                               const char *issuer);

#endif
