/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded into a program that a test runs: moves its clocks forward by the milliseconds that stand in the file that
 * CLOCK_SHIFT names, whenever the test changes them. For expiries that no test can wait for. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("CLOCK_SHIFT");
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        shift = mapped;
    close(file);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && shift != NULL) {
        now->tv_sec += (time_t)(*shift / 1000);
        now->tv_nsec += (long)(*shift % 1000) * 1000000;
        if (now->tv_nsec >= 1000000000) {
            now->tv_nsec -= 1000000000;
            now->tv_sec++;
        }
    }
    return result;
}

/* A moment of the shifted clock is an earlier one of the kernel's. */
__attribute__((visibility("default"))) int timerfd_settime(int timer, int flags, const struct itimerspec *when,
                                                           struct itimerspec *before) {
    static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "timerfd_settime");
    struct itimerspec moved = *when;
    if ((flags & TFD_TIMER_ABSTIME) != 0 && shift != NULL) {
        moved.it_value.tv_sec -= (time_t)(*shift / 1000);
        moved.it_value.tv_nsec -= (long)(*shift % 1000) * 1000000;
        if (moved.it_value.tv_nsec < 0) {
            moved.it_value.tv_nsec += 1000000000;
            moved.it_value.tv_sec--;
        }
    }
    return real(timer, flags, &moved, before);
}
