/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins that `authgatectl doctor` tries on purpose: it announces a name, logs in by it with a random password, and
 * then asks what the gate has seen. Kept in memory for two minutes, a few names at a time. */
#ifndef AUTHGATE_DAEMON_TRIALS_H
#define AUTHGATE_DAEMON_TRIALS_H

struct admin_job;
struct login_record;
struct server;

/* The two requests of the admin socket (daemon/admin_protocol.h). */
void admin_trial_watch(struct admin_job *job);
void admin_trial_seen(struct admin_job *job);

/* A login has its record: counts it where its name is watched. */
void trials_see(struct server *server, const struct login_record *record);

#endif
