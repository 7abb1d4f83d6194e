/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies a file into a sealed memfd. The reason: a library that maps the file itself dies of SIGBUS when somebody
 * rewrites it in place. Called by country/database.c, and to compare versions by the daemon. Never waits for a pipe or
 * a device, never creates a file that has a name. */
#include "country/sealed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3; some hosts refuse a memfd without it */
#endif

static int failed(struct buffer *fault, const char *what) {
    buffer_add_format(fault, "%s: %s", what, strerror(errno));
    return -1;
}

static int memory_file(void) {
    int memory = memfd_create("country", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (memory < 0 && errno == EINVAL) /* an older kernel */
        memory = memfd_create("country", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return memory;
}

static bool write_whole(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Copies until the end of the file, but no more than `length` bytes; returns how many, or -1. */
static ssize_t copy(int from, int to, size_t length) {
    char chunk[64 * 1024];
    size_t copied = 0;
    while (copied < length) {
        ssize_t got = read(from, chunk, length - copied < sizeof chunk ? length - copied : sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || !write_whole(to, chunk, (size_t)got))
            return -1;
        if (got == 0)
            break;
        copied += (size_t)got;
    }
    return (ssize_t)copied;
}

static bool fit(const struct stat *origin, size_t limit, struct buffer *fault) {
    if (!S_ISREG(origin->st_mode))
        buffer_add(fault, "it is not a regular file");
    else if (origin->st_size < 1)
        buffer_add(fault, "it is empty");
    else if ((uintmax_t)origin->st_size > limit)
        buffer_add_format(fault, "it has %jd bytes; at most %zu are read", (intmax_t)origin->st_size, limit);
    return fault->length == 0;
}

/* Fills `memory` from `file` and seals it. */
static bool fill(int memory, int file, struct stat *origin, size_t limit, struct buffer *fault) {
    struct stat after;
    if (fstat(file, origin) != 0) {
        failed(fault, "it cannot be read");
        return false;
    }
    if (!fit(origin, limit, fault))
        return false;
    ssize_t copied = copy(file, memory, (size_t)origin->st_size);
    if (copied < 0 || fstat(file, &after) != 0) {
        failed(fault, "it cannot be read into memory");
        return false;
    }
    if (copied != origin->st_size || !sealed_file_same(origin, &after)) {
        buffer_add(fault, "it changed while it was read");
        return false;
    }
    if (fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        failed(fault, "the memory that holds it cannot be sealed");
        return false;
    }
    return true;
}

int sealed_file_read(const char *path, size_t limit, struct stat *origin, struct buffer *fault) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return failed(fault, "it cannot be opened");
    int memory = memory_file();
    if (memory < 0)
        failed(fault, "there is no memory for it");
    else if (!fill(memory, file, origin, limit, fault)) {
        close(memory);
        memory = -1;
    }
    close(file);
    return memory;
}

static bool same_time(const struct timespec *one, const struct timespec *other) {
    return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

bool sealed_file_same(const struct stat *one, const struct stat *other) {
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
           same_time(&one->st_mtim, &other->st_mtim) && same_time(&one->st_ctim, &other->st_ctim);
}
