/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings that hold as they were when the daemon started, whatever a reload finds: sockets, user, store,
 * secret_key_file, history and raw_for. */
#ifndef AUTHGATE_DAEMON_STANDING_H
#define AUTHGATE_DAEMON_STANDING_H

#include <stddef.h>

struct settings;
struct standing;

/* Keeps what they are now; NULL where memory is short. */
struct standing *standing_keep(const struct settings *settings);

/* Frees it and sets the pointer to NULL. Safe on NULL. */
void standing_free(struct standing **standing);

/* Logs a warning for each of them that other settings have otherwise. How many these are. */
size_t standing_complain(const struct standing *standing, const struct settings *settings);

#endif
