/* SPDX-License-Identifier: BSD-2-Clause */
/* The country database in use: loaded at start, replaced when its file changes or a reload asks, kept where the new one
 * is bad. Reading happens on a worker; the loop only swaps. */
#ifndef AUTHGATE_DAEMON_COUNTRY_WATCH_H
#define AUTHGATE_DAEMON_COUNTRY_WATCH_H

#include <stdbool.h>

struct country_database;
struct country_watch;
struct facts;
struct server;

/* Loads `path` (NULL: no database is configured) and watches it. A database that cannot be used is said in the log, and
 * country rules cannot judge until it can. NULL where memory is short. */
struct country_watch *country_watch_start(struct server *server, const char *path);
void country_watch_stop(struct country_watch **watch);

/* Reads `path` again, whether or not it has changed. */
void country_watch_reload(struct country_watch *watch, const char *path);

/* Fills in the facts' country from their address, and whether that could be looked up at all. */
void country_watch_look_up(const struct country_watch *watch, struct facts *facts);

/* The database in use, or NULL; for `status`. Valid until the loop goes on. */
const struct country_database *country_watch_current(const struct country_watch *watch);

#endif
