/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says of itself to `authgatectl status`. */
#ifndef AUTHGATE_DAEMON_SERVER_STATUS_H
#define AUTHGATE_DAEMON_SERVER_STATUS_H

struct records;
struct server;

/* Adds record=status, socket and counter, as admin_protocol.h has them. */
void server_status_add(const struct server *server, struct records *records);

#endif
