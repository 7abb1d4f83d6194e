/* SPDX-License-Identifier: BSD-2-Clause */
/* What an account has besides its secret: app passwords, recovery codes, remembered networks, locks. admin_protocol.h
 * has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_ACCOUNTS_H
#define AUTHGATE_DAEMON_ADMIN_ACCOUNTS_H

struct admin_job;

void admin_app_password_add(struct admin_job *job);
void admin_app_password_list(struct admin_job *job);
void admin_app_password_revoke(struct admin_job *job);
void admin_recovery_codes_new(struct admin_job *job);
void admin_networks_list(struct admin_job *job);
void admin_networks_forget(struct admin_job *job);
void admin_account_lock(struct admin_job *job);
void admin_account_unlock(struct admin_job *job);
void admin_throttle_end(struct admin_job *job);
void admin_account_forget(struct admin_job *job);

#endif
