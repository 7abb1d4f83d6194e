/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed hash of password marks, table keys and remembered facts.
 * It is here and not in a library because the modules link libc alone. */
#ifndef AUTHGATE_BASE_SIPHASH_H
#define AUTHGATE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16

/* The 64-bit hash of `length` bytes under `key`. */
uint64_t siphash(const unsigned char key[SIPHASH_KEY_SIZE], const void *bytes, size_t length);

#endif
