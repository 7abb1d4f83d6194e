/* SPDX-License-Identifier: BSD-2-Clause */
/* Which account logs in next: drawn from many, or the next of a pool in which every login needs a code of its own,
 * shared by all workers of all rows that name the pool. */
#ifndef TESTS_BENCH_POOL_H
#define TESTS_BENCH_POOL_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_COUNT 8
#define POOL_ACCOUNTS 1000000 /* at most, of one pool */

/* Makes them; before the first worker. False: no memory. */
bool pools_start(void);

#define POOL_NAME_SIZE 32

/* Draws one of `count` accounts: number N is userN of domain N modulo `domains`. `random` is the caller's state. */
void pool_draw(uint64_t *random, uint64_t count, uint64_t domains, char user[POOL_NAME_SIZE]);

/* A number that nobody else was given, from 0 on. */
uint64_t pool_ticket(unsigned pool);

/* Takes the next of the pool's `count` accounts, and for it a step above all that were taken before, from `least` to
 * `most`. False where the account whose turn it is has none. */
bool pool_take(unsigned pool, uint32_t count, const uint32_t bounds[2], uint32_t *account, uint32_t *step);

#endif
