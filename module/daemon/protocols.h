/* SPDX-License-Identifier: BSD-2-Clause */
/* Which protocol each kind of socket speaks. A new protocol is one file and one row in protocols.c. */
#ifndef AUTHGATE_DAEMON_PROTOCOLS_H
#define AUTHGATE_DAEMON_PROTOCOLS_H

#include "policy/configuration.h"

struct protocol;

/* The protocol of a kind of socket, or NULL where this version has none. */
const struct protocol *protocol_for(enum socket_kind kind);

#endif
