/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of an edit. Root works here in folders that only root should write to; all the same no link is followed and
 * no existing file is written over in place. Called by `account edit`. */
#include "ctl/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buffer.h"
#include "ctl/verb.h"

#define SIZE_LIMIT (1024L * 1024) /* bytes of an account's file: far more than any policy needs */

static bool fail(const char *what, const char *path) {
    verb_fail(STATUS_NO, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

/* Writes the path of a file beside `target`: .NAME.ending */
static bool name_beside(const char *target, const char *ending, char path[PATH_MAX]) {
    const char *slash = strrchr(target, '/');
    const char *name = slash != NULL ? slash + 1 : target;
    struct buffer buffer;
    buffer_init(&buffer, path, PATH_MAX);
    return buffer_add_bytes(&buffer, target, (size_t)(name - target)) && buffer_add(&buffer, ".") &&
           buffer_add(&buffer, name) && buffer_add(&buffer, ending);
}

/* Takes the lock. The file may have been removed by the last holder between opening and locking, hence the loop. */
static bool take_lock(struct draft *draft) {
    for (int turn = 0; turn < 100; turn++) {
        struct stat held, named;
        int descriptor = open(draft->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (descriptor < 0)
            return fail("create", draft->lock);
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            close(descriptor);
            verb_fail(STATUS_NO, "%s is being edited by somebody else", draft->target);
            return false;
        }
        if (fstat(descriptor, &held) == 0 && lstat(draft->lock, &named) == 0 && held.st_ino == named.st_ino) {
            draft->lock_descriptor = descriptor;
            return true;
        }
        close(descriptor);
    }
    return false;
}

static bool write_all(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool copy_bytes(int from, int to) {
    char chunk[65536];
    long all = 0;
    ssize_t got;
    while ((got = read(from, chunk, sizeof chunk)) > 0) {
        all += got;
        if (all > SIZE_LIMIT) {
            errno = EFBIG;
            return false;
        }
        if (!write_all(to, chunk, (size_t)got))
            return false;
    }
    return got == 0;
}

/* Makes a new file at `path`, replacing what an editor that was killed may have left there. */
static int create(const char *path, mode_t mode) {
    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

static bool make_copy(struct draft *draft, const char *beginning) {
    int to = create(draft->copy, 0600);
    if (to < 0)
        return fail("create", draft->copy);
    bool done;
    if (draft->existed) {
        int from = open(draft->target, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        done = from >= 0 && copy_bytes(from, to);
        if (from >= 0)
            close(from);
    } else {
        done = write_all(to, beginning, strlen(beginning));
    }
    if (!done)
        fail("copy to", draft->copy);
    close(to);
    return done;
}

bool draft_open(struct draft *draft, const char *target, const char *like, const char *beginning) {
    *draft = (struct draft){.lock_descriptor = -1, .beginning = beginning};
    struct buffer buffer;
    buffer_init(&buffer, draft->target, sizeof draft->target);
    errno = ENAMETOOLONG;
    if (!buffer_add(&buffer, target) || !name_beside(target, ".edit", draft->copy) ||
        !name_beside(target, ".new", draft->staged) || !name_beside(target, ".lock", draft->lock))
        return fail("edit", target);
    if (!take_lock(draft))
        return false;
    draft->existed = lstat(target, &draft->original) == 0;
    if (draft->existed && !S_ISREG(draft->original.st_mode)) {
        verb_fail(STATUS_NO, "%s is no regular file", target);
        return false;
    }
    if (!draft->existed && (errno != ENOENT || stat(like, &draft->original) != 0))
        return fail("look at", target);
    return make_copy(draft, beginning);
}

static bool same_text(const char *one, const char *other) {
    FILE *first = fopen(one, "re");
    FILE *second = fopen(other, "re");
    bool same = first != NULL && second != NULL;
    int character = 0;
    while (same && character != EOF) {
        character = getc(first);
        same = character == getc(second);
    }
    if (first != NULL)
        fclose(first);
    if (second != NULL)
        fclose(second);
    return same;
}

static bool has_text(const char *path, const char *text) {
    FILE *file = fopen(path, "re");
    bool same = file != NULL;
    for (int character = 0; same && character != EOF; text++) {
        character = getc(file);
        same = character == (*text != '\0' ? (unsigned char)*text : EOF);
    }
    if (file != NULL)
        fclose(file);
    return same;
}

bool draft_stage(struct draft *draft, bool *unchanged) {
    int from = open(draft->copy, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        return fail("read", draft->copy);
    int to = create(draft->staged, 0600);
    bool done = to >= 0 && copy_bytes(from, to) && fchown(to, draft->original.st_uid, draft->original.st_gid) == 0 &&
                fchmod(to, draft->original.st_mode & 07777) == 0 && fsync(to) == 0;
    if (!done)
        fail("write", draft->staged);
    close(from);
    if (to >= 0)
        close(to);
    *unchanged =
        done && (draft->existed ? same_text(draft->staged, draft->target) : has_text(draft->staged, draft->beginning));
    return done;
}

static bool target_untouched(const struct draft *draft) {
    struct stat now;
    if (lstat(draft->target, &now) != 0)
        return !draft->existed && errno == ENOENT;
    return draft->existed && now.st_dev == draft->original.st_dev && now.st_ino == draft->original.st_ino &&
           now.st_size == draft->original.st_size && now.st_ctim.tv_sec == draft->original.st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == draft->original.st_ctim.tv_nsec;
}

/* So that the rename outlives a power cut. */
static bool sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct buffer buffer;
    buffer_init(&buffer, folder, sizeof folder);
    if (slash != NULL)
        buffer_add_bytes(&buffer, path, (size_t)(slash - path) + 1);
    else
        buffer_add(&buffer, ".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return done;
}

bool draft_install(struct draft *draft) {
    if (!target_untouched(draft)) {
        verb_fail(STATUS_NO, "%s was changed by somebody else meanwhile", draft->target);
        return false;
    }
    if (rename(draft->staged, draft->target) != 0)
        return fail("replace", draft->target);
    if (!sync_folder(draft->target))
        return fail("make durable", draft->target);
    return true;
}

void draft_close(struct draft *draft, bool keep) {
    if (draft->lock_descriptor < 0)
        return;
    if (!keep)
        unlink(draft->copy);
    unlink(draft->staged);
    unlink(draft->lock);
    close(draft->lock_descriptor);
    draft->lock_descriptor = -1;
}
