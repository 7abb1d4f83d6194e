/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets on the heap: wiped before they are freed, compared without an early exit. */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

bool secret_set(struct secret *secret, const void *bytes, size_t length) {
    char *copy = malloc(length + 1);
    if (copy != NULL && length > 0)
        memcpy(copy, bytes, length); /* before the old one goes: `bytes` may be a part of it */
    secret_clear(secret);
    if (copy == NULL)
        return false;
    copy[length] = '\0';
    secret->bytes = copy;
    secret->length = length;
    return true;
}

void secret_clear(struct secret *secret) {
    if (secret->bytes != NULL) {
        explicit_bzero(secret->bytes, secret->length);
        free(secret->bytes);
    }
    *secret = (struct secret){0};
}

bool secret_bytes_equal(const void *one, const void *other, size_t length) {
    const volatile unsigned char *a = one;
    const volatile unsigned char *b = other;
    unsigned char difference = 0;
    for (size_t i = 0; i < length; i++)
        difference = (unsigned char)(difference | (a[i] ^ b[i]));
    return difference == 0;
}

bool secret_equal(const struct secret *secret, const void *bytes, size_t length) {
    return secret->bytes != NULL && secret->length == length && secret_bytes_equal(secret->bytes, bytes, length);
}
