/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of protocols. The listener asks it once for each socket. */
#include "daemon/protocols.h"

#include <stddef.h>

#include "daemon/admin_protocol.h"
#include "daemon/connection.h"
#include "daemon/gate_protocol.h"
#include "daemon/saslauthd_protocol.h"

const struct protocol *protocol_for(enum socket_kind kind) {
    static const struct protocol *const protocols[] = {
        [SOCKET_GATE] = &gate_protocol,
        [SOCKET_SASLAUTHD] = &saslauthd_protocol,
        [SOCKET_ADMIN] = &admin_protocol,
    };
    size_t index = (size_t)kind;
    return index < sizeof protocols / sizeof protocols[0] ? protocols[index] : NULL;
}
