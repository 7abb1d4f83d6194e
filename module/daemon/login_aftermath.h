/* SPDX-License-Identifier: BSD-2-Clause */
/* What a login that has ended brings about: a stolen password is recorded, an account in other hands is locked, a
 * network that tries too much is told of (DESIGN 4: `stolen`, `compromise`, throttling). Changes no verdict. */
#ifndef AUTHGATE_DAEMON_LOGIN_AFTERMATH_H
#define AUTHGATE_DAEMON_LOGIN_AFTERMATH_H

#include "daemon/throttle.h"

struct login;
struct server;

/* The password was right; the login's record has the verdict. */
void login_aftermath_right(const struct login *login);

/* A wrong password began this throttling; THROTTLE_NOT: it began none. */
void login_aftermath_throttled(const struct login *login, enum throttle_state began);

/* The daemon ends: waits a second at most for locks under way, so that they are told of too. What the store has not
 * answered by then is never answered: it must be closed next. */
void login_aftermath_finish(struct server *server);

#endif
