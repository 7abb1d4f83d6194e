/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects the records of one answer for the admin socket. An answer has at most some hundred short records, so that it
 * fits the socket's buffer. */
#include "daemon/records.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/connection.h"

#define RECORDS_LIMIT 131072 /* bytes of an answer */

void records_start(struct records *records) {
    char *storage = malloc(RECORDS_LIMIT);
    *records = (struct records){.broken = storage == NULL};
    if (storage != NULL)
        buffer_init(&records->bytes, storage, RECORDS_LIMIT);
}

struct message records_make(const char *kind) {
    struct message record = {{NULL}};
    record.value[FIELD_RECORD] = kind;
    return record;
}

void records_add(struct records *records, const struct message *record) {
    struct message sent = *record;
    for (size_t field = 0; field < FIELD_COUNT; field++)
        if (sent.value[field] != NULL && sent.value[field][0] == '\0')
            sent.value[field] = NULL;
    if (!records->broken && !message_encode(&sent, &records->bytes))
        records->broken = true;
}

void records_add_error(struct records *records, enum reason reason, const char *text) {
    struct message record = records_make("error");
    record.value[FIELD_REASON] = reason_name(reason);
    record.value[FIELD_TEXT] = text;
    records_add(records, &record);
}

void records_clear(struct records *records) {
    if (records->bytes.bytes != NULL)
        explicit_bzero(records->bytes.bytes, records->bytes.length);
    free(records->bytes.bytes);
    *records = (struct records){.broken = true};
}

void records_send(struct records *records, struct connection *connection) {
    struct message record = records_make("end");
    records_add(records, &record);
    if (records->broken)
        connection_close(connection);
    else
        connection_send(connection, records->bytes.bytes, records->bytes.length);
    records_clear(records);
}
