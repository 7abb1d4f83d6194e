/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate protocol (DESIGN 3, authgate-protocol(7)) as the daemon speaks it with the modules. */
#ifndef AUTHGATE_DAEMON_GATE_PROTOCOL_H
#define AUTHGATE_DAEMON_GATE_PROTOCOL_H

struct protocol;
extern const struct protocol gate_protocol;

#endif
