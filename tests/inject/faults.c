/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands before libc for a module under test. Linked into the programs that load one (tests/pam, tests/sasl); must be
 * linked with -rdynamic and without _FORTIFY_SOURCE, whose functions have other names. */
#include "inject/faults.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

static enum { UNREAD, COUNT, ONCE, FROM } mode = UNREAD;
static int wanted;
static int calls;

static void read_mode(void) {
    const char *fault = getenv("FAULT");
    mode = COUNT;
    if (fault == NULL)
        return;
    mode = strncmp(fault, "from:", 5) == 0 ? FROM : ONCE;
    wanted = atoi(fault + 5);
}

bool faults_fail(const char *name) {
    if (mode == UNREAD)
        read_mode();
    calls++;
    bool fail = (mode == ONCE && calls == wanted) || (mode == FROM && calls >= wanted);
    if (fail) {
        char line[64];
        int length = snprintf(line, sizeof line, "fault %s\n", name);
        fwrite(line, 1, (size_t)length, stdout);
    }
    return fail;
}

bool faults_fail_from(const void *caller, const char *name) {
    Dl_info where;
    if (mode == UNREAD)
        read_mode();
    if (dladdr(caller, &where) == 0 || where.dli_fname == NULL)
        return false;
    for (size_t i = 0; faults_of[i] != NULL; i++)
        if (strstr(where.dli_fname, faults_of[i]) != NULL)
            return faults_fail(name);
    return false;
}

bool faults_begun(void) {
    return mode != UNREAD;
}

void faults_report(void) {
    printf("calls %d\n", calls);
}

static int failure(int error) {
    errno = error;
    return -1;
}

FAULTS_SHOWN int socket(int domain, int type, int protocol) {
    return FAULTS_FAIL("socket") ? failure(EMFILE) : FAULTS_NEXT(socket)(domain, type, protocol);
}

FAULTS_SHOWN int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    return FAULTS_FAIL("connect") ? failure(EPERM) : FAULTS_NEXT(connect)(descriptor, address, length);
}

FAULTS_SHOWN ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    return FAULTS_FAIL("send") ? failure(EPIPE) : FAULTS_NEXT(send)(descriptor, bytes, length, flags);
}

FAULTS_SHOWN ssize_t recv(int descriptor, void *bytes, size_t length, int flags) {
    return FAULTS_FAIL("recv") ? failure(ECONNRESET) : FAULTS_NEXT(recv)(descriptor, bytes, length, flags);
}

FAULTS_SHOWN int poll(struct pollfd *descriptors, nfds_t count, int timeout) {
    return FAULTS_FAIL("poll") ? failure(ENOMEM) : FAULTS_NEXT(poll)(descriptors, count, timeout);
}

FAULTS_SHOWN ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
    return FAULTS_FAIL("getrandom") ? failure(ENOSYS) : FAULTS_NEXT(getrandom)(bytes, length, flags);
}
