/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that speaks to systemd. Optional at build: HAVE_LIBSYSTEMD comes from the Makefile. */
#include "daemon/supervisor.h"

#ifdef HAVE_LIBSYSTEMD
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define HANDED_LIMIT 32

struct handed {
    int descriptor; /* -1: taken */
    char *name;
};

static struct handed handed[HANDED_LIMIT];
static int handed_count = -1;

static void read_environment(void) {
    if (handed_count >= 0)
        return;
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    handed_count = 0;
    for (int i = 0; i < count; i++) {
        char *name = names != NULL ? names[i] : NULL;
        if (handed_count < HANDED_LIMIT)
            handed[handed_count++] = (struct handed){.descriptor = SD_LISTEN_FDS_START + i, .name = name};
        else
            free(name);
    }
    free(names);
}

static int make_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags >= 0)
        fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
    return descriptor;
}

int supervisor_take_socket(const char *path) {
    read_environment();
    for (int i = 0; i < handed_count; i++) {
        int descriptor = handed[i].descriptor;
        if (descriptor < 0)
            continue;
        bool named = handed[i].name != NULL && strcmp(handed[i].name, path) == 0;
        if (sd_is_socket_unix(descriptor, SOCK_STREAM, 1, path, 0) <= 0 &&
            (!named || sd_is_socket_unix(descriptor, SOCK_STREAM, 1, NULL, 0) <= 0))
            continue;
        handed[i].descriptor = -1;
        return make_nonblocking(descriptor);
    }
    return -1;
}

void supervisor_close_sockets(void) {
    read_environment();
    for (int i = 0; i < handed_count; i++) {
        if (handed[i].descriptor >= 0) {
            log_message(LOG_WARNING, "systemd handed over a socket (%s) that `sockets` does not name; closed",
                        handed[i].name != NULL ? handed[i].name : "no name");
            close(handed[i].descriptor);
        }
        free(handed[i].name);
        handed[i] = (struct handed){.descriptor = -1};
    }
}

void supervisor_ready(void) {
    sd_notify(0, "READY=1");
}

void supervisor_reloading(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void supervisor_stopping(void) {
    sd_notify(0, "STOPPING=1");
}

uint64_t supervisor_watchdog(void) {
    uint64_t limit = 0;
    return sd_watchdog_enabled(0, &limit) > 0 ? limit / 2 : 0;
}

void supervisor_alive(void) {
    sd_notify(0, "WATCHDOG=1");
}

#else

int supervisor_take_socket(const char *path) {
    (void)path;
    return -1;
}

void supervisor_close_sockets(void) {
}

void supervisor_ready(void) {
}

void supervisor_reloading(void) {
}

void supervisor_stopping(void) {
}

uint64_t supervisor_watchdog(void) {
    return 0;
}

void supervisor_alive(void) {
}

#endif
