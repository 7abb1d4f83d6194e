/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of each login of the last ten minutes, by its ref, so that a module which lost the answer to its commit
 * can ask again and nobody else can use the ref (DESIGN 3). */
#ifndef AUTHGATE_DAEMON_SETTLED_H
#define AUTHGATE_DAEMON_SETTLED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/verdict.h"

#define REF_LENGTH 13
#define REF_SIZE (REF_LENGTH + 1)
#define SETTLED_FACTS_SIZE 16

struct settled;

struct settlement {
    unsigned char facts[SETTLED_FACTS_SIZE]; /* keyed hash of what the login said of itself */
    enum verdict verdict;
    enum reason reason;
};

/* NULL where memory or randomness is short. */
struct settled *settled_create(void);
void settled_destroy(struct settled **settled);

/* A fresh ref at `now` (milliseconds of any clock that rises): 13 characters of [a-z2-7], 40 random bits behind 25 of
 * the time. False where there is no randomness. */
bool settled_new_ref(struct settled *settled, int64_t now, char ref[REF_SIZE]);

void settled_remember(struct settled *settled, const char ref[REF_SIZE], const struct settlement *settlement,
                      int64_t now);

/* The settlement of `ref`, or NULL where none is remembered; valid until the next call. Times in milliseconds. */
const struct settlement *settled_find(struct settled *settled, const char ref[REF_SIZE], int64_t now);

#endif
