/* SPDX-License-Identifier: BSD-2-Clause */
/* A password, code or key: kept apart from ordinary strings so that it is wiped when it goes, compared in constant
 * time and never handed to anything that prints. */
#ifndef AUTHGATE_BASE_SECRET_H
#define AUTHGATE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *bytes;   /* NULL when empty; a NUL follows the last byte */
    size_t length; /* without that NUL */
};

/* Wipes what was there and keeps a copy of `length` bytes, which may be a part of what was there. False where memory is
 * short: then it is empty. */
bool secret_set(struct secret *secret, const void *bytes, size_t length);

/* Wipes and frees; the secret is empty afterwards and may be set again. Safe on an empty one. */
void secret_clear(struct secret *secret);

/* Whether it is these bytes, in a time that depends on `length` alone. */
bool secret_equal(const struct secret *secret, const void *bytes, size_t length);

/* The same for two fixed-size places, such as hashes. */
bool secret_bytes_equal(const void *one, const void *other, size_t length);

#endif
