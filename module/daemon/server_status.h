/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says of itself to `authgatectl status`. */
#ifndef AUTHGATE_DAEMON_SERVER_STATUS_H
#define AUTHGATE_DAEMON_SERVER_STATUS_H

#include <stddef.h>

struct records;
struct server;

/* Adds record=status, socket and counter, as admin_protocol.h has them. */
void server_status_add(const struct server *server, struct records *records);

/* The word for how the store is, and why (of `size` bytes). */
const char *server_status_store(const struct server *server, char *why, size_t size);

#endif
