/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between two texts, as people read it: a unified diff with three lines around each change. */
#ifndef AUTHGATE_CTL_DIFF_H
#define AUTHGATE_CTL_DIFF_H

#include "ctl/scrap.h"

/* The diff's text, "" where they are the same. `before` NULL: the file is new. */
const char *diff_texts(struct arena *arena, const char *file, const char *before, const char *after);

#endif
