/* SPDX-License-Identifier: BSD-2-Clause */
/* Refs and their settlements in memory. The login conversation is the only caller. */
#include "daemon/settled.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"

#define KEPT_FOR (10 * 60 * 1000)
#define KEPT_AT_MOST 65536
#define TIME_LETTERS 5 /* of a ref: 25 bits … */
#define TICK 4         /* … of so many milliseconds each; they come round again after a day and a half */
#define RANDOM_LETTERS (REF_LENGTH - TIME_LETTERS)

struct settled {
    struct table *table;
    unsigned char random[RANDOM_LETTERS * 64]; /* for the next refs, so that not each costs a system call */
    size_t random_left;
};

struct settled *settled_create(void) {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct settled *settled = calloc(1, sizeof *settled);
    if (settled != NULL && random_fill(key, sizeof key))
        settled->table = table_create(KEPT_AT_MOST, REF_LENGTH, sizeof(struct settlement), key);
    if (settled != NULL && settled->table == NULL)
        settled_destroy(&settled);
    return settled;
}

void settled_destroy(struct settled **settled) {
    if (*settled == NULL)
        return;
    table_destroy(&(*settled)->table);
    free(*settled);
    *settled = NULL;
}

/* The time stands in front, in the order of the characters: refs made one after another are neighbours in the store's
 * table, so that logins that share a commit share its pages too. */
bool settled_new_ref(struct settled *settled, int64_t now, char ref[REF_SIZE]) {
    static const char alphabet[] = "234567abcdefghijklmnopqrstuvwxyz";
    uint64_t ticks = (uint64_t)now / TICK;
    if (settled->random_left < RANDOM_LETTERS) {
        if (!random_fill(settled->random, sizeof settled->random))
            return false;
        settled->random_left = sizeof settled->random;
    }
    settled->random_left -= RANDOM_LETTERS;
    const unsigned char *bytes = settled->random + settled->random_left;
    for (size_t i = 0; i < TIME_LETTERS; i++)
        ref[i] = alphabet[ticks >> 5 * (TIME_LETTERS - 1 - i) & 31];
    for (size_t i = 0; i < RANDOM_LETTERS; i++)
        ref[TIME_LETTERS + i] = alphabet[bytes[i] & 31];
    ref[REF_LENGTH] = '\0';
    return true;
}

void settled_remember(struct settled *settled, const char ref[REF_SIZE], const struct settlement *settlement,
                      int64_t now) {
    memcpy(table_put(settled->table, ref, now, now + KEPT_FOR), settlement, sizeof *settlement);
}

const struct settlement *settled_find(struct settled *settled, const char ref[REF_SIZE], int64_t now) {
    return table_find(settled->table, ref, now);
}
