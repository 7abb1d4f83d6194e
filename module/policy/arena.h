/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is given back all at once: what one file's values are made of lives and dies together. */
#ifndef AUTHGATE_POLICY_ARENA_H
#define AUTHGATE_POLICY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/* Zeroed memory is an empty arena. */
struct arena {
    struct arena_block *newest;
    bool failed; /* memory was short at least once */
};

/* Zeroed memory for `count` things of `size` bytes (one byte at least), good for any type. NULL (and `failed`) where
 * memory is short. */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* A copy of a text; NULL as above. */
char *arena_text(struct arena *arena, const char *text);

/* Gives everything back and leaves the arena empty. */
void arena_clear(struct arena *arena);

#endif
