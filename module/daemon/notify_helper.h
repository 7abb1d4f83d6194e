/* SPDX-License-Identifier: BSD-2-Clause */
/* The helper process of notify.c. Knows nothing of the daemon but what comes through its socket: a program's path, a
 * NUL, and what the program is to read. */
#ifndef AUTHGATE_DAEMON_NOTIFY_HELPER_H
#define AUTHGATE_DAEMON_NOTIFY_HELPER_H

#define NOTIFY_MESSAGE_LIMIT 8192

/* Closes every descriptor but the three standard ones and `kept`. */
void notify_helper_close_others(int kept);

/* Runs one program after the other, each for `milliseconds` at most, until the other end is closed and all that came
 * has been told, or until SIGTERM. */
void notify_helper_run(int socket, int milliseconds);

#endif
