/* SPDX-License-Identifier: BSD-2-Clause */
/* What authgatectl asks without changing anything: explain, account show, status. admin_protocol.h has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_POLICY_H
#define AUTHGATE_DAEMON_ADMIN_POLICY_H

struct admin_job;

void admin_explain(struct admin_job *job);
void admin_account_show(struct admin_job *job);
void admin_status(struct admin_job *job);

#endif
