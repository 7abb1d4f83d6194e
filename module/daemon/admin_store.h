/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as a whole and the key that seals what it holds: `key rotate`, `store backup|restore|accept`.
 * admin_protocol.h has the messages. */
#ifndef AUTHGATE_DAEMON_ADMIN_STORE_H
#define AUTHGATE_DAEMON_ADMIN_STORE_H

struct admin_job;

void admin_key_rotate(struct admin_job *job);
void admin_key_retire(struct admin_job *job);
void admin_key_use(struct admin_job *job);
void admin_key_reseal(struct admin_job *job);
void admin_key_check(struct admin_job *job);

void admin_store_backup(struct admin_job *job);
void admin_store_restore(struct admin_job *job);
void admin_store_accept(struct admin_job *job);

#endif
