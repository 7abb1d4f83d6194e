/* SPDX-License-Identifier: BSD-2-Clause */
/* A progress bar on the terminal for what takes over a second; nothing where stderr is no terminal. */
#ifndef AUTHGATE_CTL_PROGRESS_H
#define AUTHGATE_CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *what; /* "files" */
    int64_t begun;    /* clock_monotonic milliseconds */
    int64_t shown;    /* when it was last drawn; 0: never */
    bool terminal;
};

void progress_start(struct progress *progress, const char *what);

/* `progress` as a void pointer, so that it can be handed to whoever counts. `all` 0: nobody knows how many. */
void progress_step(void *progress, size_t done, size_t all);

/* Wipes the bar away. */
void progress_end(struct progress *progress);

#endif
