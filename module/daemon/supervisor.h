/* SPDX-License-Identifier: BSD-2-Clause */
/* systemd's side of a service, where there is one: sockets handed over, readiness, the watchdog. Without libsystemd at
 * build time, or without systemd, nothing is handed over and nobody is told. */
#ifndef AUTHGATE_DAEMON_SUPERVISOR_H
#define AUTHGATE_DAEMON_SUPERVISOR_H

#include <stdint.h>

/* The listening socket handed over for `path` (bound to it, or with it as FileDescriptorName), non-blocking; -1 where
 * there is none. Each is given once. */
int supervisor_take_socket(const char *path);

/* Closes the sockets handed over that nobody took, saying so in the log. */
void supervisor_close_sockets(void);

void supervisor_ready(void);
void supervisor_reloading(void);
void supervisor_stopping(void);

/* How often to call supervisor_alive, in microseconds; 0 where nobody watches. */
uint64_t supervisor_watchdog(void);
void supervisor_alive(void);

#endif
