/* SPDX-License-Identifier: BSD-2-Clause */
/* The lock lies on the file itself, and each replacement is locked before it takes the place: whoever opens the name
 * meets a locked file at any moment of a replacement. Called by `key rotate`. Leaves no file of its own behind. */
#include "ctl/held_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ctl/secret_file.h"
#include "ctl/verb.h"

static bool fail(const char *path, const char *what) {
    verb_fail(STATUS_NO, "%s %s: %s", path, what, strerror(errno));
    return false;
}

static bool same_file(const struct stat *one, const struct stat *other) {
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Opens and locks what has the name now. */
static bool lock(struct held_file *held, const char *busy) {
    held->descriptor = open(held->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (held->descriptor < 0 || fstat(held->descriptor, &held->status) != 0)
        return fail(held->path, "cannot be read");
    if (flock(held->descriptor, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return fail(held->path, "cannot be locked");
    verb_fail(STATUS_NO, "%s is locked: %s", held->path, busy);
    return false;
}

static bool read_it(struct held_file *held, struct stat *status) {
    ssize_t length = secret_file_read(held->path, held->bytes, sizeof held->bytes, status);
    held->length = length > 0 ? (size_t)length : 0;
    if (length == 0)
        verb_fail(STATUS_NO, "%s is empty", held->path);
    return length > 0;
}

bool held_file_take(struct held_file *held, const char *path, const char *busy) {
    *held = (struct held_file){.path = path, .descriptor = -1};
    for (;;) {
        struct stat status;
        if (!lock(held, busy) || !read_it(held, &status)) {
            held_file_release(held);
            return false;
        }
        if (same_file(&held->status, &status))
            return true;
        held_file_release(held); /* it was replaced between opening and locking: the lock is one on no file */
    }
}

static bool unchanged(const struct held_file *held) {
    struct held_file now = {.path = held->path, .descriptor = -1};
    struct stat status;
    bool same = read_it(&now, &status) && same_file(&status, &held->status) && now.length == held->length &&
                memcmp(now.bytes, held->bytes, held->length) == 0;
    explicit_bzero(now.bytes, sizeof now.bytes);
    if (!same)
        verb_fail(STATUS_NO, "%s was changed by somebody else meanwhile and is left as it is", held->path);
    return same;
}

/* Fills the replacement; the descriptor that holds its lock, or -1, said on stderr. */
static int fill(const struct held_file *held, const struct secret_file *fresh, const void *bytes, size_t length) {
    int descriptor = fcntl(fileno(fresh->out), F_DUPFD_CLOEXEC, 0);
    bool whole = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0 &&
                 fwrite(bytes, 1, length, fresh->out) == length && fflush(fresh->out) == 0 &&
                 fchown(descriptor, held->status.st_uid, held->status.st_gid) == 0 &&
                 fchmod(descriptor, held->status.st_mode & 0777) == 0;
    if (whole)
        return descriptor;
    fail(held->path, "cannot be written");
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

static void hold(struct held_file *held, int descriptor, const void *bytes, size_t length) {
    close(held->descriptor);
    held->descriptor = descriptor;
    fstat(descriptor, &held->status);
    explicit_bzero(held->bytes, sizeof held->bytes);
    memcpy(held->bytes, bytes, length);
    held->length = length;
}

bool held_file_replace(struct held_file *held, const void *bytes, size_t length) {
    struct secret_file fresh;
    errno = EFBIG;
    if (length > HELD_FILE_LIMIT)
        return fail(held->path, "cannot be written");
    if (!secret_file_open(&fresh, held->path, true))
        return false;
    int descriptor = fill(held, &fresh, bytes, length);
    bool whole = descriptor >= 0 && unchanged(held);
    bool placed = secret_file_close(&fresh, whole) && whole;
    if (placed)
        hold(held, descriptor, bytes, length);
    else if (descriptor >= 0)
        close(descriptor);
    return placed;
}

void held_file_release(struct held_file *held) {
    explicit_bzero(held->bytes, sizeof held->bytes);
    if (held->descriptor >= 0)
        close(held->descriptor);
    held->descriptor = -1;
}
