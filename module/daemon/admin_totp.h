/* SPDX-License-Identifier: BSD-2-Clause */
/* Enrolment: `totp enroll|confirm|disable|import`. Secrets are made and sealed here, in the daemon. admin_protocol.h
 * has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_TOTP_H
#define AUTHGATE_DAEMON_ADMIN_TOTP_H

struct admin_job;

void admin_totp_enroll(struct admin_job *job);
void admin_totp_confirm(struct admin_job *job);
void admin_totp_disable(struct admin_job *job);
void admin_totp_import(struct admin_job *job);

#endif
