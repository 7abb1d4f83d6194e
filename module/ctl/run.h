/* SPDX-License-Identifier: BSD-2-Clause */
/* Running another program without a shell and keeping what it printed. */
#ifndef AUTHGATE_CTL_RUN_H
#define AUTHGATE_CTL_RUN_H

#include <stdbool.h>

#include "ctl/scrap.h"

struct run {
    bool there;        /* the program could be started */
    int status;        /* its exit status; -1 where it was ended, by us after its time among others */
    char *out;         /* what it printed, at most 4 MiB; never NULL */
    const char *first; /* the first line of what it complained of, or "" */
};

/* Runs argv[0] (found by PATH, to which the folders of daemons are added) with an empty standard input, and ends it
 * after `patience` milliseconds. Blocks. */
struct run run_program(struct arena *arena, const char *const argv[], int patience);

#endif
