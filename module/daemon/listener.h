/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets that the daemon listens on: made from the configuration or handed over by systemd, each with its
 * protocol and the peers that may speak there. */
#ifndef AUTHGATE_DAEMON_LISTENER_H
#define AUTHGATE_DAEMON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

struct server;
struct listeners;

/* Binds and listens on every socket of the server's configuration. To be called while still privileged. NULL, with
 * words in `fault`, where one cannot be had: nothing is listened on then. */
struct listeners *listeners_open(struct server *server, char *fault, size_t size);

/* Starts accepting; false where the loop refuses. */
bool listeners_start(struct listeners *listeners);

/* Accepts again, where accepting had stopped because descriptors ran out. Safe on NULL. */
void listeners_resume(struct listeners *listeners);

/* Accepts what has already connected, then closes every socket. The files stay for the next daemon, so that modules
 * find nobody listening, and try again, rather than no file. Connections that came from here may live on. */
void listeners_close(struct listeners *listeners);

/* Closes what is open and frees; only once no connection is left. Sets the pointer to NULL. Safe on NULL. */
void listeners_free(struct listeners **listeners);

#endif
