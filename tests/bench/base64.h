/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64, for what SASL PLAIN sends. */
#ifndef TESTS_BENCH_BASE64_H
#define TESTS_BENCH_BASE64_H

#include <stddef.h>

/* Writes 4 characters for each 3 bytes begun, and a NUL. */
void base64_encode(const char *bytes, size_t length, char *text);

#endif
