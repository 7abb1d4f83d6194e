/* SPDX-License-Identifier: BSD-2-Clause */
/* Editing a file the safe way: the editor gets a copy beside it, what it wrote is staged with the owner and mode of the
 * original, and takes the original's place in one step, durably. One editor a file at a time. */
#ifndef AUTHGATE_CTL_DRAFT_H
#define AUTHGATE_CTL_DRAFT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct draft {
    char target[PATH_MAX];
    char copy[PATH_MAX];   /* what the editor works on: .NAME.edit beside the target */
    char staged[PATH_MAX]; /* what will be installed: .NAME.new */
    char lock[PATH_MAX];   /* .NAME.lock */
    int lock_descriptor;   /* -1: not held */
    struct stat original;  /* of the target, or where it is new, of the file whose owner and mode it takes */
    bool existed;
    const char *beginning; /* what a new file's copy began with */
};

/* Locks `target` and makes the copy, from `target` or, where that does not exist, from the text `beginning`. A new file
 * gets the owner and mode of `like`. Says what is wrong on stderr and returns false. `beginning` must outlive the
 * draft. */
bool draft_open(struct draft *draft, const char *target, const char *like, const char *beginning);

/* Takes what the editor left as `staged`. `unchanged` tells whether it is still the target's text, or what a new one
 * began with. */
bool draft_stage(struct draft *draft, bool *unchanged);

/* Puts `staged` in the target's place, unless somebody else has changed the target meanwhile. */
bool draft_install(struct draft *draft);

/* Removes the copy (unless `keep`), what was staged and the lock. */
void draft_close(struct draft *draft, bool keep);

#endif
