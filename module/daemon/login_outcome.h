/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done once a login's outcome is known: the memory of its ref, its one line, and what is counted of it. */
#ifndef AUTHGATE_DAEMON_LOGIN_OUTCOME_H
#define AUTHGATE_DAEMON_LOGIN_OUTCOME_H

#include <stdbool.h>

#include "base/verdict.h"

struct login;

/* What is known of the password by now. */
enum password_known {
    PASSWORD_UNKNOWN, /* begin ended it, or the check failed for another reason */
    PASSWORD_WRONG,
    PASSWORD_RIGHT, /* an app password that was accepted counts as one */
};

/* Remembers the answer to a commit for the time in which a module may ask again. What could not be judged is not
 * remembered: it is judged when it is asked again. */
void login_outcome_remember(const struct login *login, enum verdict verdict, enum reason reason);

/* Writes the login's line and counts it. To be called before the answer is sent, so that what a client was told stands
 * in the log. A login that goes on over another connection has its line there. */
void login_outcome_record(struct login *login, enum verdict verdict, enum reason reason, enum password_known password);

#endif
