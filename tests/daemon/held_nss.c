/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into an authgated that a test starts: a directory that is as slow as the test wants. Looking up a user
 * whose name begins with "held" waits until there is a byte to read in the pipe that HELD_NSS names; such a user does
 * not exist then. All others are looked up as ever. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* False where there was no byte. */
static int take_one(void) {
    char byte;
    int pipe = open(getenv("HELD_NSS"), O_RDONLY | O_CLOEXEC);
    ssize_t got;
    do
        got = pipe >= 0 ? read(pipe, &byte, 1) : -1;
    while (got < 0 && errno == EINTR);
    if (pipe >= 0)
        close(pipe);
    return got == 1;
}

__attribute__((visibility("default"))) int getpwnam_r(const char *name, struct passwd *entry, char *bytes, size_t size,
                                                      struct passwd **result) {
    static int (*real)(const char *, struct passwd *, char *, size_t, struct passwd **);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "getpwnam_r");
    if (strncmp(name, "held", 4) != 0)
        return real(name, entry, bytes, size, result);
    *result = NULL;
    return take_one() ? 0 : EIO;
}
