/* SPDX-License-Identifier: BSD-2-Clause */
/* What the process may do: it binds as root, then becomes its own user for good, and leaves no core. */
#ifndef AUTHGATE_DAEMON_PRIVILEGE_H
#define AUTHGATE_DAEMON_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

/* No core file, no ptrace by the same user, as many descriptors as the host allows (at most `descriptors`). */
void privilege_harden(unsigned long descriptors);

/* Becomes `user` with its groups; a no-op for a process that is not root or where `user` is NULL. False, with words in
 * `fault`, where there is no such user or the way back stayed open. */
bool privilege_drop(const char *user, char *fault, size_t size);

/* Whether this process sits in a user namespace that hides most users' ids, so that SO_PEERCRED would name everybody
 * `nobody` (systemd's PrivateUsers=yes). */
bool privilege_peers_hidden(void);

#endif
