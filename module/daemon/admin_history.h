/* SPDX-License-Identifier: BSD-2-Clause */
/* What authgatectl asks about past logins: one page of the history for each question, so that a report of any length
 * keeps neither the daemon nor its memory. admin_protocol.h has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_HISTORY_H
#define AUTHGATE_DAEMON_ADMIN_HISTORY_H

struct admin_job;

void admin_history(struct admin_job *job);

#endif
