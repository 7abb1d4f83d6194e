/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix's policy delegation (request=smtpd_access_policy): which logins the gate let through lately, and the answers
 * for mail of clients that have authenticated. */
#ifndef AUTHGATE_DAEMON_POSTFIX_POLICY_H
#define AUTHGATE_DAEMON_POSTFIX_POLICY_H

#include <stdbool.h>

#include "daemon/login.h"
#include "wire/message.h"

struct facts;
struct postfix_policy;
struct server;

/* The table of logins that were let through. NULL where memory or randomness is short. */
struct postfix_policy *postfix_policy_create(void);
void postfix_policy_destroy(struct postfix_policy **policy);

/* A login was let through: it is known for the next 24 hours. Logins that can send no mail are passed over. */
void postfix_policy_accepted(struct server *server, const char *account, const struct facts *facts);

/* Whether a login of this account from this very address was let through (an unknown one is only the same as another
 * unknown one); true also where that cannot be told or is not asked for: within an hour of the start, while the table
 * overflows, without postfix_policy.require_login. */
bool postfix_policy_knows(struct server *server, const char *account, const struct facts *facts);

/* Whether the request is about a client that has authenticated. */
bool postfix_policy_concerns(const struct message *request);

/* The message that login_judge is to judge for such a request; it borrows the request's values. */
struct message postfix_policy_login(const struct message *request);

/* The `action` for Postfix, written to `text`; NULL where there is none to give and the connection is to be closed. */
#define POSTFIX_POLICY_ACTION_SIZE 128
const char *postfix_policy_action(const struct login_answer *answer, char text[POSTFIX_POLICY_ACTION_SIZE]);

#endif
