/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may speak on a socket: the file's mode says so to the kernel, and SO_PEERCRED says it again here, because a mode
 * can be changed behind our back and an inherited socket has one that somebody else chose. */
#ifndef AUTHGATE_DAEMON_PEER_H
#define AUTHGATE_DAEMON_PEER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct socket_setting;

struct peer_ids {
    uid_t owner;
    gid_t group;
    const char *no_user, *no_group; /* the name, of the setting or the daemon's user, that is not known; else NULL */
};

/* Looks up the ids that a socket's `owner` and `group` name; where unset, the ids that the daemon will have. False
 * where a name is not known. */
bool peer_ids(const struct socket_setting *setting, const char *daemon_user, struct peer_ids *ids);

/* Whether this peer may use a socket of this owner, group and mode. Root and the daemon itself always may; an admin
 * socket is for them alone. */
bool peer_allowed(const struct socket_setting *setting, uid_t owner, gid_t group, const struct ucred *peer);

#endif
