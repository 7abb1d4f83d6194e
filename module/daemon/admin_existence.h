/* SPDX-License-Identifier: BSD-2-Clause */
/* Which accounts there still are, by `account_exists`: for `report orphans`. admin_protocol.h has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_EXISTENCE_H
#define AUTHGATE_DAEMON_ADMIN_EXISTENCE_H

struct admin_job;

void admin_account_list(struct admin_job *job);
void admin_account_exists(struct admin_job *job);

#endif
