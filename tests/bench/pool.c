/* SPDX-License-Identifier: BSD-2-Clause */
/* What pool.h says, in memory that all workers share. Two workers may be after the same account's next step: the one
 * that comes second takes the one after it. */
#include "pool.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>

#define SCATTER 7919 /* prime to every count */

struct pool {
    atomic_ullong ticket;
    atomic_uint last[POOL_ACCOUNTS];
};

static struct pool *pools;

bool pools_start(void) {
    void *memory = mmap(NULL, POOL_COUNT * sizeof *pools, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pools = memory == MAP_FAILED ? NULL : memory;
    return pools != NULL;
}

void pool_draw(uint64_t *random, uint64_t count, uint64_t domains, char user[POOL_NAME_SIZE]) {
    *random = *random * 6364136223846793005ULL + 1442695040888963407ULL; /* Knuth's MMIX */
    unsigned number = (unsigned)((*random >> 33) % count);
    snprintf(user, POOL_NAME_SIZE, "user%06u@d%03u.test", number % 1000000, (unsigned)(number % domains % 1000));
}

uint64_t pool_ticket(unsigned pool) {
    return atomic_fetch_add(&pools[pool].ticket, 1);
}

bool pool_take(unsigned pool, uint32_t count, const uint32_t bounds[2], uint32_t *account, uint32_t *step) {
    /* Far from the one before, as customers come. */
    *account = (uint32_t)(pool_ticket(pool) * SCATTER % count);
    atomic_uint *last = &pools[pool].last[*account];
    unsigned before = atomic_load(last);
    do {
        *step = before + 1 > bounds[0] ? before + 1 : bounds[0];
        if (*step > bounds[1])
            return false;
    } while (!atomic_compare_exchange_weak(last, &before, *step));
    return true;
}
