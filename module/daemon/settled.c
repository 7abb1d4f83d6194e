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

struct settled {
    struct table *table;
    unsigned char random[REF_LENGTH * 32]; /* for the next refs, so that not each costs a system call */
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

bool settled_new_ref(struct settled *settled, char ref[REF_SIZE]) {
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    if (settled->random_left < REF_LENGTH) {
        if (!random_fill(settled->random, sizeof settled->random))
            return false;
        settled->random_left = sizeof settled->random;
    }
    settled->random_left -= REF_LENGTH;
    const unsigned char *bytes = settled->random + settled->random_left;
    for (size_t i = 0; i < REF_LENGTH; i++)
        ref[i] = alphabet[bytes[i] & 31];
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
