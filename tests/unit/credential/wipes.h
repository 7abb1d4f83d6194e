/* SPDX-License-Identifier: BSD-2-Clause */
/* Sees which secrets are wiped: a copy on a stack that is gone cannot be looked at afterwards. Included by tests that
 * link with -Wl,--wrap=sodium_memzero. */
#ifndef TESTS_CREDENTIAL_WIPES_H
#define TESTS_CREDENTIAL_WIPES_H

#include <stddef.h>
#include <string.h>

static struct {
    const void *secret;
    size_t length;
    unsigned count; /* wipes of memory that held it */
} wipes;

void __real_sodium_memzero(void *memory, size_t length);
void __wrap_sodium_memzero(void *memory, size_t length);

void __wrap_sodium_memzero(void *memory, size_t length) {
    if (wipes.length > 0 && memmem(memory, length, wipes.secret, wipes.length) != NULL)
        wipes.count++;
    __real_sodium_memzero(memory, length);
}

/* Counts from now on the wipes of what holds `secret`; the length 0 ends it. */
static inline void wipes_watch(const void *secret, size_t length) {
    wipes.secret = secret;
    wipes.length = length;
    wipes.count = 0;
}

#endif
