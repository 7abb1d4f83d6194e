/* SPDX-License-Identifier: BSD-2-Clause */
/* The few file operations beside SQLite's own: each durable or failed. Called by the keeper, the seal and copies of a
 * store. */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

/* Closes without losing the errno of what failed before. */
static bool closed(int descriptor, bool done) {
    int saved = errno;
    close(descriptor);
    errno = saved;
    return done;
}

static bool write_all(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t put = write(descriptor, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static int make(const char *path, int flags) {
    return open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

bool file_write(const char *path, const char *bytes, size_t length) {
    int descriptor = make(path, O_TRUNC);
    return descriptor >= 0 && closed(descriptor, write_all(descriptor, bytes, length) && fsync(descriptor) == 0);
}

bool file_create(const char *path) {
    int descriptor = make(path, O_EXCL);
    return descriptor >= 0 && closed(descriptor, true);
}

static bool sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    struct buffer text;
    buffer_init(&text, folder, sizeof folder);
    if (!buffer_add(&text, path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    int descriptor = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return descriptor >= 0 && closed(descriptor, fsync(descriptor) == 0);
}

bool file_rename(const char *from, const char *to) {
    return rename(from, to) == 0 && sync_folder_of(to);
}

bool file_sync(const char *path) {
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return descriptor >= 0 && closed(descriptor, fsync(descriptor) == 0);
}

bool file_lengthen(const char *path, off_t length) {
    static const char zeros[1 << 16];
    int descriptor = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    off_t at = descriptor < 0 ? -1 : lseek(descriptor, 0, SEEK_END);
    bool done = at >= 0;
    while (done && at < length) {
        size_t part = length - at < (off_t)sizeof zeros ? (size_t)(length - at) : sizeof zeros;
        done = write_all(descriptor, zeros, part);
        at += (off_t)part;
    }
    return descriptor >= 0 && closed(descriptor, done && fsync(descriptor) == 0);
}

bool file_reserve(const char *path, off_t size) {
    int descriptor = make(path, O_EXCL);
    if (descriptor < 0)
        return false;
    int fault = posix_fallocate(descriptor, 0, size);
    close(descriptor);
    if (fault != 0) {
        unlink(path);
        errno = fault;
    }
    return fault == 0;
}
