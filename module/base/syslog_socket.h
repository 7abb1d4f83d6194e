/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to the host's syslog that waits for it for a moment, not for as long as it likes as syslog(3) does. */
#ifndef AUTHGATE_BASE_SYSLOG_SOCKET_H
#define AUTHGATE_BASE_SYSLOG_SOCKET_H

#include <stdbool.h>

/* Connects anew. `name` (kept, not copied) is the program's. Where nobody listens yet the first line tries again. */
void syslog_socket_open(const char *name);

/* Closes the connection; a line that is sent afterwards makes another. */
void syslog_socket_close(void);

/* Hands one line over with facility mail. False where it was not taken: nobody is there, or whoever is there does not
 * read. Any thread may call it. */
bool syslog_socket_send(int priority, const char *line);

#endif
