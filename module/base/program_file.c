/* SPDX-License-Identifier: BSD-2-Clause */
/* Whoever can change the program, or put another in its place, is the daemon's user from its next run on. Looks at the
 * file, its folder, and the folder of the link that leads there; never runs anything. */
#include "base/program_file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whether root and the user alone may write. In a sticky folder nobody takes another's file away. */
static bool safe(const struct stat *status, uid_t user) {
    bool sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
    return (status->st_uid == 0 || status->st_uid == user) &&
           ((status->st_mode & (S_IWGRP | S_IWOTH)) == 0 || sticky);
}

static bool lies_safe(const char *path, uid_t user) {
    char folder[PATH_MAX];
    struct stat status;
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (length == 0 || length >= sizeof folder)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return stat(folder, &status) == 0 && safe(&status, user);
}

const char *program_file_unfit(const char *path, uid_t user) {
    char file[PATH_MAX];
    struct stat status;
    if (realpath(path, file) == NULL || stat(file, &status) != 0)
        return "is not there, or cannot be looked at";
    if (!S_ISREG(status.st_mode))
        return "is no file";
    if (!safe(&status, user))
        return "can be changed by others than root and the daemon's user; chown it to root and chmod go-w";
    if (!lies_safe(path, user) || !lies_safe(file, user))
        return "lies in a folder that others than root and the daemon's user may write to";
    return NULL;
}
