/* SPDX-License-Identifier: BSD-2-Clause */
/* Draws at most ten times a second, on stderr, over its own line. */
#include "ctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define QUIET_TIME  1000 /* milliseconds before it is drawn at all */
#define REDRAW_TIME 100
#define BAR_WIDTH   40

void progress_start(struct progress *progress, const char *what) {
    *progress = (struct progress){.what = what, .begun = clock_monotonic(), .terminal = isatty(STDERR_FILENO) == 1};
}

void progress_step(void *context, size_t done, size_t all) {
    struct progress *progress = context;
    if (!progress->terminal)
        return;
    int64_t now = clock_monotonic();
    if (now - progress->begun < QUIET_TIME || now - progress->shown < REDRAW_TIME)
        return;
    progress->shown = now;
    if (all == 0) {
        fprintf(stderr, "\r%zu %s", done, progress->what);
        fflush(stderr);
        return;
    }
    size_t filled = done * BAR_WIDTH / all;
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu %s", (int)filled, "########################################",
            (int)(BAR_WIDTH - filled), "", done, all, progress->what);
    fflush(stderr);
}

void progress_end(struct progress *progress) {
    if (progress->shown != 0)
        fputs("\r\033[K", stderr);
}
