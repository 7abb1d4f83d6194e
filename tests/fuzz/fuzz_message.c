/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/message.o wire/request.o */
/* Any bytes as a gate message: what decodes must come back from the encoder as the same fields wherever its values can
 * be, and judging it by the table of requests must stay within it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message.h"
#include "wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Drops what the decoder passes on for the request table to judge, but the encoder would refuse. */
static void keep_valid(struct message *message) {
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (message->value[i] != NULL && !field_valid((enum field)i, message->value[i]))
            message->value[i] = NULL;
}

static void check_round_trip(const struct message *message) {
    char storage[MESSAGE_LIMIT + 1];
    struct buffer out;
    buffer_init(&out, storage, sizeof storage);
    struct message back;
    if (!message_encode(message, &out) || message_decode(&back, out.bytes, out.length) != MESSAGE_OK)
        abort();
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if ((message->value[i] == NULL) != (back.value[i] == NULL) ||
            (back.value[i] != NULL && strcmp(message->value[i], back.value[i]) != 0))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char *text = malloc(size + 1);
    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, bytes, size);
    size_t extent = message_extent(text, size);
    if (extent > size)
        abort();
    struct message message;
    if (message_decode(&message, text, extent > 0 ? extent : size) == MESSAGE_OK) {
        for (unsigned i = 0; i < REQUEST_COUNT; i++)
            request_complete((enum request)i, &message);
        keep_valid(&message);
        check_round_trip(&message);
    }
    free(text);
    return 0;
}
