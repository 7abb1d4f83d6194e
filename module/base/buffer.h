/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded string builder over storage that the caller owns. It never allocates and never writes past its
 * storage; what does not fit sets `overflowed` and leaves the text as it was before that call. The text is always
 * NUL-terminated. */
#ifndef AUTHGATE_BASE_BUFFER_H
#define AUTHGATE_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes;
    size_t size;   /* of the storage, the closing NUL included */
    size_t length; /* of the text, without the NUL */
    bool overflowed;
};

/* Starts an empty text in `storage` of `size` bytes (at least 1). */
void buffer_init(struct buffer *buffer, char *storage, size_t size);

/* Each appends all of it or nothing; false (and `overflowed`) where it does not fit. */
bool buffer_add_bytes(struct buffer *buffer, const void *bytes, size_t length);
bool buffer_add(struct buffer *buffer, const char *text);
bool buffer_add_char(struct buffer *buffer, char character);
bool buffer_add_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Overwrites the whole storage with zeros (it may have held a secret) and empties the text. */
void buffer_wipe(struct buffer *buffer);

#endif
