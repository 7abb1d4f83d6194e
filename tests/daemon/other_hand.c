/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into an authgated that a test starts: the moment that its socket is bound (OTHER_HAND=bind) or has its
 * final name (OTHER_HAND=rename), the file that OTHER_HAND_PUTS names takes the socket's place, as the owner of the
 * folder could do. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int (*real_rename)(const char *, const char *);

static void find_rename(void) {
    if (real_rename == NULL)
        *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
}

static void put(const char *moment, const char *place) {
    const char *wanted = getenv("OTHER_HAND"), *file = getenv("OTHER_HAND_PUTS");
    find_rename();
    if (wanted == NULL || file == NULL || strcmp(wanted, moment) != 0 || real_rename(file, place) == 0)
        return;
    perror(file);
    abort();
}

__attribute__((visibility("default"))) int bind(int descriptor, const struct sockaddr *address, socklen_t length) {
    static int (*real)(int, const struct sockaddr *, socklen_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "bind");
    int result = real(descriptor, address, length);
    if (result == 0 && address->sa_family == AF_UNIX)
        put("bind", ((const struct sockaddr_un *)(const void *)address)->sun_path);
    return result;
}

__attribute__((visibility("default"))) int rename(const char *from, const char *to) {
    find_rename();
    int result = real_rename(from, to);
    if (result == 0 && strstr(to, ".sock") != NULL)
        put("rename", to);
    return result;
}
