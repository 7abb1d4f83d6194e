/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done once a login's outcome is known: the memory of its ref, its one line, and what is counted of it. */
#ifndef AUTHGATE_DAEMON_LOGIN_OUTCOME_H
#define AUTHGATE_DAEMON_LOGIN_OUTCOME_H

#include <stdbool.h>

#include "base/verdict.h"
#include "store/history.h"

struct login;

/* Remembers the answer to a commit for the time in which a module may ask again. What could not be judged is not
 * remembered: it is judged when it is asked again. */
void login_outcome_remember(const struct login *login, enum verdict verdict, enum reason reason);

/* Writes the login's line, counts it and sees to what follows from it; an app password that was accepted is a right
 * password. To be called before the answer is sent, so that what a client was told stands in the log. A login that goes
 * on over another connection has its line there. */
void login_outcome_record(struct login *login, enum verdict verdict, enum reason reason,
                          enum history_password password);

#endif
