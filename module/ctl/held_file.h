/* SPDX-License-Identifier: BSD-2-Clause */
/* A small secret file that one program at a time reads and replaces: it is locked from the first look at it to the end,
 * and what somebody else has put there meanwhile is never replaced. */
#ifndef AUTHGATE_CTL_HELD_FILE_H
#define AUTHGATE_CTL_HELD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define HELD_FILE_LIMIT 256 /* bytes of the largest */

struct held_file {
    const char *path; /* the caller's */
    int descriptor;   /* locked; -1: not held */
    struct stat status;
    size_t length;
    char bytes[HELD_FILE_LIMIT + 1]; /* what is in the file now */
};

/* Locks the file (flock) and reads it. False, said on stderr, where it cannot be read, is a symbolic link, or is locked
 * already: `busy` says what that means. */
bool held_file_take(struct held_file *held, const char *path, const char *busy);

/* Puts bytes in its place in one step, durably, with its owner and mode; they are then what is held. False, said on
 * stderr, where that cannot be, or where the file is no more the one that was read. */
bool held_file_replace(struct held_file *held, const void *bytes, size_t length);

/* Wipes what was read and gives up the lock. Safe where the file is not held. */
void held_file_release(struct held_file *held);

#endif
