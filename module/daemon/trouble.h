/* SPDX-License-Identifier: BSD-2-Clause */
/* Trouble with the store or the history: into the log, and to the administrator's program. */
#ifndef AUTHGATE_DAEMON_TROUBLE_H
#define AUTHGATE_DAEMON_TROUBLE_H

/* The complaint of a store or a history; `context` is the struct server. */
void trouble_tell(void *context, int priority, const char *line);

#endif
