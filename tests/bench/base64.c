/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 in one direction. Called by the kinds that speak SASL; decodes nothing. */
#include "base64.h"

void base64_encode(const char *bytes, size_t length, char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        unsigned three = (unsigned)(unsigned char)bytes[i] << 16;
        three |= i + 1 < length ? (unsigned)(unsigned char)bytes[i + 1] << 8 : 0;
        three |= i + 2 < length ? (unsigned char)bytes[i + 2] : 0;
        *text++ = letters[three >> 18];
        *text++ = letters[three >> 12 & 63];
        *text++ = letters[three >> 6 & 63];
        *text++ = letters[three & 63];
    }
    for (size_t pad = (3 - length % 3) % 3, i = 1; i <= pad; i++)
        text[-(ptrdiff_t)i] = '=';
    *text = '\0';
}
