/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place that opens configuration files. A file that others could have written is refused, since it decides who
 * may log in; so is one that a stranger owns or lies in a folder of strangers, and anything that is no regular file,
 * which could block. It looks at no content. */
#include "policy/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a mistake calls the file: the one that it stands in needs no second naming. */
static const char *called(const char *path, struct place place) {
    return strcmp(place.file, path) == 0 ? "the file" : path;
}

static int open_file(const struct source *source, struct mistakes *mistakes) {
    const char *path = source->path;
    struct place place = source->place;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 && errno == ELOOP)
        mistakes_add(mistakes, place, "%s is a symbolic link; put the file itself there", called(path, place));
    else if (file < 0)
        mistakes_add(mistakes, place, "%s cannot be opened: %s", called(path, place), strerror(errno));
    return file;
}

static bool usable(const struct source *source, const struct stat *status, struct mistakes *mistakes) {
    const char *path = source->path;
    struct place place = source->place;
    if (!S_ISREG(status->st_mode))
        mistakes_add(mistakes, place, "%s is no regular file", called(path, place));
    else if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        mistakes_add(mistakes, place, "%s can be written by others than its owner; chmod go-w %s", called(path, place),
                     path);
    else if (status->st_size > (off_t)source->limit)
        mistakes_add(mistakes, place, "%s is longer than %zu KiB", called(path, place), source->limit / 1024);
    else if (status->st_size == 0)
        mistakes_add(mistakes, place, "%s is empty; remove it, or write a comment to keep it", called(path, place));
    else
        return true;
    return false;
}

/* Reads up to `size` bytes; what another process adds meanwhile is left for the next time. */
static ssize_t read_all(int file, char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(file, bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static char *read_file(int file, size_t size, size_t *length) {
    char *bytes = malloc(size + 1);
    if (bytes == NULL)
        return NULL;
    ssize_t got = read_all(file, bytes, size);
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    bytes[got] = '\0';
    *length = (size_t)got;
    return bytes;
}

char *source_read(const struct source *source, struct mistakes *mistakes, size_t *length, struct stat *status) {
    struct stat own;
    if (status == NULL)
        status = &own;
    int file = open_file(source, mistakes);
    if (file < 0)
        return NULL;
    char *bytes = NULL;
    bool looked = fstat(file, status) == 0, good = looked && usable(source, status, mistakes);
    if (good)
        bytes = read_file(file, (size_t)status->st_size, length);
    if (!looked || (good && bytes == NULL))
        mistakes_add(mistakes, source->place, "%s cannot be read: %s", called(source->path, source->place),
                     strerror(errno));
    (void)close(file);
    return bytes;
}

uid_t source_user(const char *name) {
    char storage[4096];
    struct passwd entry, *found = NULL;
    if (name == NULL || getpwnam_r(name, &entry, storage, sizeof storage, &found) != 0 || found == NULL)
        return SOURCE_NO_USER;
    return found->pw_uid;
}

static bool trusted(uid_t owner, struct source_owners owners) {
    bool of_owners = owner != SOURCE_NO_USER && (owner == owners.user || owner == owners.main);
    return owner == 0 || owner == geteuid() || of_owners;
}

bool source_owner_fits(uid_t owner, struct source_owners owners, struct place place, struct mistakes *mistakes) {
    if (trusted(owner, owners))
        return true;
    mistakes_add(mistakes, place,
                 "the file belongs to user id %lu, neither root nor the daemon nor the main file's owner; "
                 "chown it to root",
                 (unsigned long)owner);
    return false;
}

bool source_folder_fits(const char *path, struct source_owners owners, struct mistakes *mistakes) {
    const char *fault = NULL, *cure = NULL;
    struct place place = {.file = path};
    struct stat status;
    if (stat(path, &status) != 0)
        return true; /* whoever looks for a file in it will say what is wrong */
    if (!trusted(status.st_uid, owners)) {
        fault = "belongs to neither root nor the daemon nor the main file's owner";
        cure = "chown root";
    } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        fault = "can be written by others than its owner";
        cure = "chmod go-w";
    }
    if (fault != NULL && mistakes != NULL)
        mistakes_add(mistakes, place, "the folder %s; %s %s", fault, cure, path);
    return fault == NULL;
}
