/* SPDX-License-Identifier: BSD-2-Clause */
/* The main of a fuzz driver that is built without libFuzzer: feeds it every file of its corpus (tests/fuzz/corpus/NAME)
 * and some thousand inputs made from them by a fixed sequence of changes, and reports as TAP. A crash is the failure.
 * Called by `make check` and `make asan`; `make fuzz` uses libFuzzer instead. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUT_LIMIT 20000
#define SEED_LIMIT 256
#define CHANGED_INPUTS 20000
#define SECONDS 4

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct seed {
    uint8_t *bytes;
    size_t size;
};

static struct seed seeds[SEED_LIMIT];
static size_t seed_count;
static uint64_t random_state = 0x9e3779b97f4a7c15U;

static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static size_t below(size_t limit) {
    return limit > 0 ? (size_t)(next_random() % limit) : 0;
}

/* A copy of exactly this size, so that a sanitizer sees the first byte read past it. */
static void try_input(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void add_seed(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || seed_count == SEED_LIMIT)
        abort();
    uint8_t *bytes = malloc(INPUT_LIMIT);
    if (bytes == NULL)
        abort();
    seeds[seed_count++] = (struct seed){.bytes = bytes, .size = fread(bytes, 1, INPUT_LIMIT, file)};
    fclose(file);
}

static int no_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* In the order of their names: every checkout tries the same changes. */
static void read_corpus(const char *folder) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, no_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        add_seed(path);
        free(entries[i]);
    }
    free(entries);
}

/* One small change: a byte, a removal, a repetition, or a piece of another seed. */
static size_t change(uint8_t *bytes, size_t size) {
    size_t at = below(size), length = 1 + below(size - at > 64 ? 64 : size - at);
    const struct seed *other = &seeds[below(seed_count)];
    switch (below(5)) {
    case 0:
        bytes[at] = (uint8_t)next_random();
        return size;
    case 1:
        bytes[at] ^= (uint8_t)(1U << below(8));
        return size;
    case 2:
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    case 3:
        if (size + length > INPUT_LIMIT)
            return size;
        memmove(bytes + at + length, bytes + at, size - at);
        return size + length;
    default:
        length = length < other->size ? length : other->size;
        memcpy(bytes + at, other->bytes + below(other->size - length), length);
        return size;
    }
}

static void try_changed(void) {
    static uint8_t bytes[INPUT_LIMIT];
    const struct seed *seed = &seeds[below(seed_count)];
    size_t size = seed->size;
    memcpy(bytes, seed->bytes, size);
    for (size_t changes = 1 + below(8); changes > 0 && size > 0; changes--)
        size = change(bytes, size);
    try_input(bytes, size);
}

int main(int count, char **arguments) {
    (void)count;
    const char *name = strrchr(arguments[0], '/');
    char folder[512];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name != NULL ? name + 1 : arguments[0]);
    read_corpus(folder);
    puts("1..1");
    fflush(stdout);
    for (size_t i = 0; i < seed_count; i++)
        try_input(seeds[i].bytes, seeds[i].size);
    time_t until = time(NULL) + SECONDS;
    int tried = 0;
    for (; seed_count > 0 && tried < CHANGED_INPUTS && time(NULL) < until; tried++)
        try_changed();
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    printf("%sok 1 - %s survives its corpus of %zu and %d changed inputs\n", seed_count > 0 ? "" : "not ", folder,
           seed_count, tried);
    return seed_count > 0 ? 0 : 1;
}
