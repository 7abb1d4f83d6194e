/* SPDX-License-Identifier: BSD-2-Clause */
/* What a begin says: its words put where the rules and the log find them, and which login it is by its ref. */
#ifndef AUTHGATE_DAEMON_LOGIN_OPENING_H
#define AUTHGATE_DAEMON_LOGIN_OPENING_H

#include <stdbool.h>

struct login;
struct message;

/* Takes the words of a complete `begin`, or of a message like it. False where the account's name cannot be, or memory
 * is short. */
bool login_opening_read(struct login *login, const struct message *begin);

/* Gives the login its ref: a new one, or the one that the begin repeats because its module lost the connection before
 * the answer to commit. To be called after login_opening_read. False where the ref is another login's, or there is no
 * randomness. */
bool login_opening_name(struct login *login, const struct message *begin);

/* Wipes what was typed. */
void login_opening_forget(struct login *login);

#endif
