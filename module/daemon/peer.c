/* SPDX-License-Identifier: BSD-2-Clause */
/* Names to ids at start, ids to yes or no at each connection. */
#include "daemon/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/configuration.h"

bool peer_ids(const struct socket_setting *setting, const char *daemon_user, struct peer_ids *ids) {
    *ids = (struct peer_ids){.owner = geteuid(), .group = getegid()};
    const char *user = setting->owner;
    if (user == NULL && ids->owner == 0)
        user = daemon_user;
    if (user != NULL) {
        const struct passwd *account = getpwnam(user);
        ids->no_user = account == NULL ? user : NULL;
        if (account == NULL)
            return false;
        ids->owner = account->pw_uid;
        if (setting->owner == NULL)
            ids->group = account->pw_gid;
    }
    if (setting->group != NULL) {
        const struct group *entry = getgrnam(setting->group);
        ids->no_group = entry == NULL ? setting->group : NULL;
        if (entry == NULL)
            return false;
        ids->group = entry->gr_gid;
    }
    return true;
}

bool peer_allowed(const struct socket_setting *setting, uid_t owner, gid_t group, const struct ucred *peer) {
    if (peer->uid == 0 || peer->uid == geteuid())
        return true;
    if (setting->kind == SOCKET_ADMIN)
        return false;
    if ((setting->mode & S_IWUSR) != 0 && peer->uid == owner)
        return true;
    if ((setting->mode & S_IWGRP) != 0 && peer->gid == group)
        return true;
    return (setting->mode & S_IWOTH) != 0;
}
