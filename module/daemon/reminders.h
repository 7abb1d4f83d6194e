/* SPDX-License-Identifier: BSD-2-Clause */
/* Reminds of exceptions that are about to end: when a configuration comes into force, and once a day. */
#ifndef AUTHGATE_DAEMON_REMINDERS_H
#define AUTHGATE_DAEMON_REMINDERS_H

struct reminders;
struct server;

/* Reminds now and every 24 hours. NULL where memory is short. */
struct reminders *reminders_start(struct server *server);

/* Reminds now: the configuration is another one. */
void reminders_give(struct server *server);

/* Sets the pointer to NULL. Safe on NULL. */
void reminders_stop(struct reminders **reminders);

#endif
