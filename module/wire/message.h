/* SPDX-License-Identifier: BSD-2-Clause */
/* One message of the gate protocol (DESIGN 3, authgate-protocol(7)): name=value lines and an empty line. Every field
 * is declared once, in message.c's table, for encoder, decoder and validation. */
#ifndef AUTHGATE_WIRE_MESSAGE_H
#define AUTHGATE_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define MESSAGE_LIMIT 8192      /* bytes of a whole message, its closing empty line included */
#define MESSAGE_FIELD_LIMIT 128 /* lines of a message */
#define PROTOCOL_VERSION "1"

enum field {
    FIELD_REQUEST,
    FIELD_PROTOCOL,
    FIELD_USER,
    FIELD_SERVICE,
    FIELD_CLIENT_ADDRESS,
    FIELD_CLIENT_PORT,
    FIELD_MECHANISM,
    FIELD_DIGITS,       /* secret */
    FIELD_APP_PASSWORD, /* secret */
    FIELD_DEFER,
    FIELD_REF,
    FIELD_CODE_LENGTH,
    FIELD_BEGUN,
    FIELD_PASSWORD_MARK, /* secret */
    FIELD_STATUS,
    FIELD_PWCHECK,
    FIELD_PWCHECK_PATH,
    /* answers */
    FIELD_VERDICT,
    FIELD_REASON,
    FIELD_MARK_KEY, /* secret */
    /* Postfix policy delegation */
    FIELD_SASL_METHOD,
    FIELD_SASL_USERNAME,
    FIELD_ENCRYPTION_PROTOCOL,
    FIELD_ACTION,
    /* authgatectl */
    FIELD_ACCOUNT,
    FIELD_CREDENTIAL,
    FIELD_AT,
    FIELD_RULE,
    FIELD_OUTCOME,
    FIELD_SOURCE,
    FIELD_KEY,
    FIELD_VALUE,
    FIELD_TEXT,
    FIELD_NAME,
    FIELD_ID,
    FIELD_SERVICES,
    FIELD_NETWORK,
    FIELD_NETWORKS,
    FIELD_COUNTRY,
    FIELD_MADE,
    FIELD_EXPIRES,
    FIELD_UNTIL,
    FIELD_REVOKED,
    FIELD_LAST_USED,
    FIELD_USES,
    FIELD_WHO,
    FIELD_FORMAT,
    FIELD_ISSUER,
    FIELD_PATH,
    FIELD_SEED,     /* secret: an otpauth URI, or what `format` says; '%' and control characters as %XX */
    FIELD_KEY_FILE, /* secret: a key file's bytes in hexadecimal */
    /* what is asked of and told from the history */
    FIELD_SINCE,
    FIELD_LAST,
    FIELD_TIMES, /* "count" */
    FIELD_AFTER, /* where a page ended */
    FIELD_RECORD, /* what kind of record an answer of several messages carries; "end" closes it */
    FIELD_COUNT
};

/* Which values a field can have. */
enum field_kind {
    FIELD_KIND_TEXT,      /* 1..limit bytes without control characters */
    FIELD_KIND_NUMBER,    /* decimal, 0..limit, no sign, no blanks, no leading zero but "0" */
    FIELD_KIND_DIGITS,    /* 1..limit ASCII digits */
    FIELD_KIND_BASE32,    /* exactly limit characters of [a-z2-7] */
    FIELD_KIND_HEX,       /* exactly limit characters of [0-9a-f] */
    FIELD_KIND_ADDRESS,   /* an IPv4 or IPv6 address */
    FIELD_KIND_YES,       /* "yes" */
};

struct field_declaration {
    const char *name;
    enum field_kind kind;
    unsigned limit;
    bool secret; /* never logged; wiped by whoever stored it */
};

/* A message as names and values. The values are borrowed: they live as long as the text that was decoded, or as
 * what the caller set. */
struct message {
    const char *value[FIELD_COUNT]; /* NULL: the field is absent */
};

enum message_fault {
    MESSAGE_OK,
    MESSAGE_TOO_LONG,
    MESSAGE_UNTERMINATED,   /* does not end with an empty line, or ends before the text does */
    MESSAGE_NO_EQUALS,      /* a line without '=', or without a name before it */
    MESSAGE_TWICE,          /* a name given twice, known or not */
    MESSAGE_CONTROL,        /* a control character (NUL included) in a name or value */
    MESSAGE_TOO_MANY_LINES,
};

const struct field_declaration *field_declaration(enum field field);

/* Whether `value` is one that `field` can have. */
bool field_valid(enum field field, const char *value);

/* How many bytes at the start of `text` are one whole message, its empty line included; 0 where none is complete. */
size_t message_extent(const char *text, size_t length);

/* Decodes exactly one message in place: `text`'s line ends become NULs and the values point into it. Unknown names
 * are passed over; an empty value counts as an absent field. On a fault `message` is empty. */
enum message_fault message_decode(struct message *message, char *text, size_t length);

/* Words for a fault, for the log. */
const char *message_fault_text(enum message_fault fault);

/* Appends the message to `out`. False (and an overflowed buffer) where it does not fit, or where a value is not one
 * that its field can have: nothing is ever encoded that decodes to something else. */
bool message_encode(const struct message *message, struct buffer *out);

#endif
