/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the kernel's clocks. Called by main loops and module entry points; never by what decides. */
#include "base/clock.h"

#include <time.h>

int64_t clock_monotonic(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}
