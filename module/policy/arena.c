/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of memory that only grow until all of them go. Layers and configurations keep their values here, so that a
 * mistake half way through a file leaves nothing to be found and freed one by one. */
#include "policy/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_BLOCK 512 /* enough for most accounts' files */
#define LARGEST_BLOCK  65536

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static size_t rounded(size_t size) {
    size_t step = alignof(max_align_t);
    return (size + step - 1) / step * step;
}

static struct arena_block *block_add(struct arena *arena, size_t size) {
    size_t room = arena->newest == NULL ? SMALLEST_BLOCK : arena->newest->size * 2;
    if (room > LARGEST_BLOCK)
        room = LARGEST_BLOCK;
    if (room < size)
        room = size;
    struct arena_block *block = calloc(1, sizeof *block + room);
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    block->size = room;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *arena_take(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX - 2 * LARGEST_BLOCK) / size) {
        arena->failed = true;
        return NULL;
    }
    size_t wanted = rounded(count * size == 0 ? 1 : count * size);
    struct arena_block *block = arena->newest;
    if (block == NULL || block->size - block->used < wanted)
        block = block_add(arena, wanted);
    if (block == NULL)
        return NULL;
    void *taken = block->bytes + block->used;
    block->used += wanted;
    return taken;
}

char *arena_text(struct arena *arena, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = arena_take(arena, size, 1);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void arena_clear(struct arena *arena) {
    while (arena->newest != NULL) {
        struct arena_block *block = arena->newest;
        arena->newest = block->older;
        free(block);
    }
    arena->failed = false;
}
