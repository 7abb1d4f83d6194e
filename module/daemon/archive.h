/* SPDX-License-Identifier: BSD-2-Clause */
/* The history of logins as the loop drives it. Without one nothing is remembered and nothing is missing but reports. */
#ifndef AUTHGATE_DAEMON_ARCHIVE_H
#define AUTHGATE_DAEMON_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

struct archive;
struct history;
struct server;

/* Opens the configuration's `history` and lets the loop drive it, once privileges have been dropped. NULL, with words
 * in `fault`, where it can never work. Only to be called where a history is configured. */
struct archive *archive_open(struct server *server, char *fault, size_t size);

/* Writes what is left and sets the pointer to NULL. Safe on NULL. */
void archive_close(struct archive **archive);

/* The history, or NULL for a NULL archive. */
struct history *archive_history(const struct archive *archive);

#endif
