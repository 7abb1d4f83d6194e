/* SPDX-License-Identifier: BSD-2-Clause */
/* The module's log lines. None holds a password, a code, an app password or a mark. */
#ifndef AUTHGATE_PAM_REPORT_H
#define AUTHGATE_PAM_REPORT_H

#include <security/pam_modules.h>

#include "pam/login.h"

/* One line `what: ref=… user=… service=… address=… reason=…` with a syslog priority. `login` may be NULL. */
void report(const pam_handle_t *pamh, int priority, const char *what, const struct login *login);

/* One line `what: TEXT`, TEXT escaped. */
void report_text(const pam_handle_t *pamh, int priority, const char *what, const char *text);

#endif
