/* SPDX-License-Identifier: BSD-2-Clause */
/* Unguessable bytes from the kernel. */
#ifndef AUTHGATE_BASE_RANDOM_H
#define AUTHGATE_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Fills `bytes`; false (and zeros) where the kernel gives none. May block only before the kernel's pool is first
 * filled. */
bool random_fill(void *bytes, size_t length);

#endif
