/* SPDX-License-Identifier: BSD-2-Clause */
/* The one string builder. Everyone who puts text together uses it; nobody else computes an offset into a string. */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

void buffer_init(struct buffer *buffer, char *storage, size_t size) {
    *buffer = (struct buffer){.bytes = storage, .size = size};
    storage[0] = '\0';
}

bool buffer_add_bytes(struct buffer *buffer, const void *bytes, size_t length) {
    if (length >= buffer->size - buffer->length) {
        buffer->overflowed = true;
        return false;
    }
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
    return true;
}

bool buffer_add(struct buffer *buffer, const char *text) {
    return buffer_add_bytes(buffer, text, strlen(text));
}

bool buffer_add_char(struct buffer *buffer, char character) {
    return buffer_add_bytes(buffer, &character, 1);
}

bool buffer_add_format(struct buffer *buffer, const char *format, ...) {
    size_t room = buffer->size - buffer->length;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(buffer->bytes + buffer->length, room, format, arguments);
    va_end(arguments);
    if (needed < 0 || (size_t)needed >= room) {
        buffer->bytes[buffer->length] = '\0';
        buffer->overflowed = true;
        return false;
    }
    buffer->length += (size_t)needed;
    return true;
}

void buffer_wipe(struct buffer *buffer) {
    explicit_bzero(buffer->bytes, buffer->size);
    buffer->length = 0;
}
