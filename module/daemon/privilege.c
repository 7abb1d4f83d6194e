/* SPDX-License-Identifier: BSD-2-Clause */
/* Root to user, once and for good. Called by main before the loop starts; never while logins are served. */
#include "daemon/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define IDS_EXPECTED 65536 /* a namespace that maps fewer ids hides users of this host */

void privilege_harden(unsigned long descriptors) {
    struct rlimit none = {0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < descriptors) {
        files.rlim_cur = files.rlim_max < descriptors ? files.rlim_max : descriptors;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static bool become(const struct passwd *account) {
    if (initgroups(account->pw_name, account->pw_gid) != 0)
        return false;
    if (setresgid(account->pw_gid, account->pw_gid, account->pw_gid) != 0)
        return false;
    return setresuid(account->pw_uid, account->pw_uid, account->pw_uid) == 0;
}

bool privilege_drop(const char *user, char *fault, size_t size) {
    if (user == NULL || geteuid() != 0)
        return true;
    errno = 0;
    const struct passwd *account = getpwnam(user);
    if (account == NULL) {
        snprintf(fault, size, "there is no user %s; create it, or name another as `user`", user);
        return false;
    }
    if (account->pw_uid == 0)
        return true;
    if (!become(account)) {
        snprintf(fault, size, "cannot become user %s: %s", user, strerror(errno));
        return false;
    }
    if (setuid(0) == 0 || geteuid() == 0) {
        snprintf(fault, size, "became user %s but could become root again", user);
        return false;
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a change of ids may have reset it */
    return true;
}

bool privilege_peers_hidden(void) {
    FILE *map = fopen("/proc/self/uid_map", "re");
    if (map == NULL)
        return false; /* no /proc: no way to tell, and no namespace that systemd made */
    unsigned long inside, outside, count, mapped = 0;
    while (fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3)
        mapped += count;
    fclose(map);
    return mapped < IDS_EXPECTED;
}
