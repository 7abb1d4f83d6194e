/* SPDX-License-Identifier: BSD-2-Clause */
/* For the drivers of authgatectl's readers: an arena each of whose pieces is an allocation of its own, so that a
 * sanitizer sees a read beyond any of them, and files that stand in the input. A line "=NAME" begins one; what comes
 * before the first has the name "". Needs -Wl,--wrap=scrap_read, and no policy/arena.o. */
#ifndef AUTHGATE_TESTS_FUZZ_MADE_FILES_H
#define AUTHGATE_TESTS_FUZZ_MADE_FILES_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/scrap.h"

#define MADE_FILES 8
#define MADE_NAME  32
#define MADE_READS 12 /* in one input, so that files which include each other take no time */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
char *__wrap_scrap_read(struct arena *arena, const char *path);

struct arena_block {
    struct arena_block *next;
    void *piece;
};

static struct made_file {
    char name[MADE_NAME];
    const char *text;
    size_t length;
} made[MADE_FILES];
static size_t made_count, made_reads;

static void require(bool holds) {
    if (!holds)
        abort();
}

void *arena_take(struct arena *arena, size_t count, size_t size) {
    struct arena_block *block = malloc(sizeof *block);
    require(block != NULL && size > 0 && count < SIZE_MAX / size);
    block->piece = calloc(count > 0 ? count : 1, size);
    require(block->piece != NULL);
    block->next = arena->newest;
    arena->newest = block;
    return block->piece;
}

void arena_clear(struct arena *arena) {
    for (struct arena_block *block; (block = arena->newest) != NULL;) {
        arena->newest = block->next;
        free(block->piece);
        free(block);
    }
}

static void made_begin(const char *name, size_t length) {
    struct made_file *file = &made[made_count++];
    length = length < MADE_NAME - 1 ? length : MADE_NAME - 1;
    *file = (struct made_file){.text = name + length, .length = 0};
    memcpy(file->name, name, length);
}

static inline void made_split(const char *bytes, size_t size) {
    made_count = made_reads = 0;
    made_begin(bytes, 0);
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - bytes) - at + 1 : size - at;
        if (bytes[at] == '=' && made_count < MADE_FILES) {
            made_begin(bytes + at + 1, length - 1 - (end != NULL));
            made[made_count - 1].text = bytes + at + length;
        } else {
            made[made_count - 1].length += length;
        }
        at += length;
    }
}

/* The file of that name in whatever folder; an outcome as of the real one. */
char *__wrap_scrap_read(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; i < made_count && made_reads < MADE_READS; i++)
        if (strcmp(made[i].name, name) == 0 && ++made_reads > 0)
            return scrap_part(arena, made[i].text, made[i].length);
    errno = ENOENT;
    return NULL;
}

/* The lines of the longest file, one more for what follows the last. */
static inline int made_lines(void) {
    int most = 0;
    for (size_t i = 0; i < made_count; i++) {
        int lines = 1;
        for (size_t at = 0; at < made[i].length; at++)
            lines += made[i].text[at] == '\n';
        most = lines > most ? lines : most;
    }
    return most;
}

#endif
