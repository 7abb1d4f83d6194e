/* SPDX-License-Identifier: BSD-2-Clause */
/* Written beside its place and renamed, except where nothing may be replaced. Called by the verbs whose answer is a
 * secret, and for `key rotate`. Follows no symbolic link to write. */
#include "ctl/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "ctl/verb.h"

static bool fail(const char *path, const char *what) {
    verb_fail(STATUS_NO, "%s %s: %s", path, what, strerror(errno));
    return false;
}

static bool set_name(char name[PATH_MAX], const char *path, const char *ending) {
    struct buffer text;
    buffer_init(&text, name, PATH_MAX);
    if (buffer_add_format(&text, "%s%s", path, ending))
        return true;
    errno = ENAMETOOLONG;
    return fail(path, "cannot be written");
}

bool secret_file_open(struct secret_file *file, const char *path, bool replace) {
    *file = (struct secret_file){.replace = replace};
    if (!set_name(file->path, path, "") || !set_name(file->fresh, path, replace ? ".new" : ""))
        return false;
    if (replace)
        unlink(file->fresh); /* left by one that was interrupted */
    int descriptor = open(file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail(path, errno == EEXIST ? "is not overwritten" : "cannot be written");
    file->out = fdopen(descriptor, "w");
    if (file->out != NULL)
        return true;
    close(descriptor);
    return fail(path, "cannot be written");
}

static bool sync_folder(const char *path) {
    char folder[PATH_MAX];
    if (!set_name(folder, path, ""))
        return false;
    int descriptor = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return synced;
}

bool secret_file_close(struct secret_file *file, bool whole) {
    if (file->out == NULL)
        return false;
    bool written = fflush(file->out) == 0 && !ferror(file->out) && fsync(fileno(file->out)) == 0;
    int fault = errno;
    fclose(file->out);
    file->out = NULL;
    if (whole && written && (!file->replace || rename(file->fresh, file->path) == 0) && sync_folder(file->path))
        return true;
    fault = written ? errno : fault;
    unlink(file->fresh);
    errno = fault;
    return whole ? fail(file->path, "cannot be written") : false;
}

static ssize_t read_all(int descriptor, char *bytes, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(descriptor, bytes + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : (ssize_t)length;
        length += (size_t)got;
    }
    errno = EFBIG;
    return -1;
}

ssize_t secret_file_read(const char *path, char *bytes, size_t size, struct stat *status) {
    bool standard = strcmp(path, "-") == 0;
    int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 || (status != NULL && fstat(descriptor, status) != 0)
                         ? -1
                         : read_all(descriptor, bytes, size);
    int fault = errno;
    if (descriptor >= 0 && !standard)
        close(descriptor);
    errno = fault;
    if (length < 0)
        fail(standard ? "standard input" : path, "cannot be read");
    return length;
}
