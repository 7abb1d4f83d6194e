/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of fields, and the one encoder and decoder that daemon, modules and authgatectl share. Decoding allocates
 * nothing and looks at each byte at most twice; encoding writes nothing that would be read back as something else. It
 * knows no request: what a message must carry is request.c's. */
#include "wire/message.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/address.h"

struct row {
    struct field_declaration declaration;
    size_t name_length;
};

#define ROW(text, what, most)                                                                                          \
    { .declaration = {.name = text, .kind = what, .limit = most}, .name_length = sizeof text - 1 }
#define SECRET_ROW(text, what, most)                                                                                   \
    { .declaration = {.name = text, .kind = what, .limit = most, .secret = true}, .name_length = sizeof text - 1 }

static const struct row rows[FIELD_COUNT] = {
    [FIELD_REQUEST] = ROW("request", FIELD_KIND_TEXT, 32),
    [FIELD_PROTOCOL] = ROW("protocol", FIELD_KIND_NUMBER, 65535),
    [FIELD_USER] = ROW("user", FIELD_KIND_TEXT, 1024),
    [FIELD_SERVICE] = ROW("service", FIELD_KIND_TEXT, 64),
    [FIELD_CLIENT_ADDRESS] = ROW("client_address", FIELD_KIND_ADDRESS, 64),
    [FIELD_CLIENT_PORT] = ROW("client_port", FIELD_KIND_NUMBER, 65535),
    [FIELD_MECHANISM] = ROW("mechanism", FIELD_KIND_TEXT, 64),
    [FIELD_DIGITS] = SECRET_ROW("digits", FIELD_KIND_DIGITS, 8),
    [FIELD_APP_PASSWORD] = SECRET_ROW("app_password", FIELD_KIND_BASE32, 16),
    [FIELD_DEFER] = ROW("defer", FIELD_KIND_YES, 3),
    [FIELD_REF] = ROW("ref", FIELD_KIND_BASE32, 13),
    [FIELD_CODE_LENGTH] = ROW("code_length", FIELD_KIND_NUMBER, 8),
    [FIELD_BEGUN] = ROW("begun", FIELD_KIND_NUMBER, 60),
    [FIELD_PASSWORD_MARK] = SECRET_ROW("password_mark", FIELD_KIND_HEX, 8),
    [FIELD_STATUS] = ROW("status", FIELD_KIND_TEXT, 32),
    [FIELD_PWCHECK] = ROW("pwcheck", FIELD_KIND_TEXT, 128),
    [FIELD_PWCHECK_PATH] = ROW("pwcheck_path", FIELD_KIND_TEXT, 256),
    [FIELD_VERDICT] = ROW("verdict", FIELD_KIND_TEXT, 32),
    [FIELD_REASON] = ROW("reason", FIELD_KIND_TEXT, 64),
    [FIELD_MARK_KEY] = SECRET_ROW("mark_key", FIELD_KIND_HEX, 32),
    [FIELD_SASL_METHOD] = ROW("sasl_method", FIELD_KIND_TEXT, 64),
    [FIELD_SASL_USERNAME] = ROW("sasl_username", FIELD_KIND_TEXT, 1024),
    [FIELD_ENCRYPTION_PROTOCOL] = ROW("encryption_protocol", FIELD_KIND_TEXT, 64),
    [FIELD_ACTION] = ROW("action", FIELD_KIND_TEXT, 512),
    [FIELD_ACCOUNT] = ROW("account", FIELD_KIND_TEXT, 1024),
    [FIELD_CREDENTIAL] = ROW("credential", FIELD_KIND_TEXT, 64),
    [FIELD_AT] = ROW("at", FIELD_KIND_TEXT, 64),
    [FIELD_RULE] = ROW("rule", FIELD_KIND_TEXT, 64),
    [FIELD_OUTCOME] = ROW("outcome", FIELD_KIND_TEXT, 64),
    [FIELD_SOURCE] = ROW("source", FIELD_KIND_TEXT, 4096),
    [FIELD_KEY] = ROW("key", FIELD_KIND_TEXT, 256),
    [FIELD_VALUE] = ROW("value", FIELD_KIND_TEXT, 4096),
    [FIELD_TEXT] = ROW("text", FIELD_KIND_TEXT, 4096),
    [FIELD_NAME] = ROW("name", FIELD_KIND_TEXT, 64),
    [FIELD_ID] = ROW("id", FIELD_KIND_TEXT, 32),
    [FIELD_SERVICES] = ROW("services", FIELD_KIND_TEXT, 256),
    [FIELD_NETWORK] = ROW("network", FIELD_KIND_TEXT, 64),
    [FIELD_NETWORKS] = ROW("networks", FIELD_KIND_TEXT, 1024),
    [FIELD_COUNTRY] = ROW("country", FIELD_KIND_TEXT, 16),
    [FIELD_MADE] = ROW("made", FIELD_KIND_TEXT, 24),
    [FIELD_EXPIRES] = ROW("expires", FIELD_KIND_TEXT, 24),
    [FIELD_UNTIL] = ROW("until", FIELD_KIND_TEXT, 24),
    [FIELD_REVOKED] = ROW("revoked", FIELD_KIND_TEXT, 24),
    [FIELD_LAST_USED] = ROW("last_used", FIELD_KIND_TEXT, 24),
    [FIELD_USES] = ROW("uses", FIELD_KIND_TEXT, 24),
    [FIELD_WHO] = ROW("who", FIELD_KIND_TEXT, 64),
    [FIELD_FORMAT] = ROW("format", FIELD_KIND_TEXT, 16),
    [FIELD_ISSUER] = ROW("issuer", FIELD_KIND_TEXT, 128),
    [FIELD_PATH] = ROW("path", FIELD_KIND_TEXT, 4095),
    [FIELD_SEED] = SECRET_ROW("seed", FIELD_KIND_TEXT, 6144),
    [FIELD_KEY_FILE] = SECRET_ROW("key_file", FIELD_KIND_TEXT, 512),
    [FIELD_SINCE] = ROW("since", FIELD_KIND_TEXT, 24),
    [FIELD_LAST] = ROW("last", FIELD_KIND_TEXT, 24),
    [FIELD_TIMES] = ROW("count", FIELD_KIND_TEXT, 24),
    [FIELD_AFTER] = ROW("after", FIELD_KIND_TEXT, 384),
    [FIELD_RECORD] = ROW("record", FIELD_KIND_TEXT, 64),
};

static_assert(FIELD_COUNT <= 64, "the fields seen are one bit each of a uint64_t");

/* What one decoding has met so far. */
struct decoding {
    struct message *message;
    uint64_t known; /* a bit for each field that was named, with or without a value */
    size_t lines;
    size_t unknown;
    struct {
        const char *name;
        size_t length;
    } unknown_names[MESSAGE_FIELD_LIMIT];
};

const struct field_declaration *field_declaration(enum field field) {
    return &rows[field].declaration;
}

static bool is_control(unsigned char byte) {
    return byte < ' ' || byte == 0x7f;
}

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* Whether `value` has 1..most bytes and no control character among them; its length. */
static bool is_text(const char *value, size_t most, size_t *length) {
    size_t count = 0;
    for (; value[count] != '\0'; count++)
        if (count >= most || is_control((unsigned char)value[count]))
            return false;
    *length = count;
    return count > 0;
}

static bool all_digits(const char *value, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!is_digit(value[i]))
            return false;
    return true;
}

static bool is_number(const char *value, size_t length, unsigned most) {
    if (length > 9 || !all_digits(value, length) || (value[0] == '0' && length > 1))
        return false;
    unsigned number = 0;
    for (size_t i = 0; i < length; i++)
        number = number * 10 + (unsigned)(value[i] - '0');
    return number <= most;
}

static bool is_base32(const char *value, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((value[i] < 'a' || value[i] > 'z') && (value[i] < '2' || value[i] > '7'))
            return false;
    return true;
}

static bool is_hex(const char *value, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!is_digit(value[i]) && (value[i] < 'a' || value[i] > 'f'))
            return false;
    return true;
}

/* field_valid, which also tells how long the value is. */
static bool measure(enum field field, const char *value, size_t *length) {
    const struct field_declaration *declared = &rows[field].declaration;
    size_t most = declared->kind == FIELD_KIND_NUMBER ? 9 : declared->limit;
    if (!is_text(value, most, length))
        return false;
    struct address address;
    switch (declared->kind) {
    case FIELD_KIND_TEXT:
        return true;
    case FIELD_KIND_NUMBER:
        return is_number(value, *length, declared->limit);
    case FIELD_KIND_DIGITS:
        return all_digits(value, *length);
    case FIELD_KIND_BASE32:
        return *length == declared->limit && is_base32(value, *length);
    case FIELD_KIND_HEX:
        return *length == declared->limit && is_hex(value, *length);
    case FIELD_KIND_ADDRESS:
        return address_parse(value, &address);
    case FIELD_KIND_YES:
        return strcmp(value, "yes") == 0;
    }
    return false;
}

bool field_valid(enum field field, const char *value) {
    size_t length;
    return measure(field, value, &length);
}

size_t message_extent(const char *text, size_t length) {
    if (length > 0 && text[0] == '\n')
        return 1;
    const char *end = memmem(text, length, "\n\n", 2);
    return end == NULL ? 0 : (size_t)(end - text) + 2;
}

static enum field find_field(const char *name, size_t length) {
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (rows[i].name_length == length && rows[i].declaration.name[0] == name[0] &&
            memcmp(rows[i].declaration.name, name, length) == 0)
            return (enum field)i;
    return FIELD_COUNT;
}

static enum message_fault note_unknown(struct decoding *decoding, const char *name, size_t length) {
    for (size_t i = 0; i < decoding->unknown; i++)
        if (decoding->unknown_names[i].length == length && memcmp(decoding->unknown_names[i].name, name, length) == 0)
            return MESSAGE_TWICE;
    decoding->unknown_names[decoding->unknown].name = name;
    decoding->unknown_names[decoding->unknown].length = length;
    decoding->unknown++;
    return MESSAGE_OK;
}

/* Takes one line, whose end is a NUL already. */
static enum message_fault take_line(struct decoding *decoding, char *line, size_t length) {
    if (decoding->lines++ >= MESSAGE_FIELD_LIMIT)
        return MESSAGE_TOO_MANY_LINES;
    unsigned controls = 0;
    for (size_t i = 0; i < length; i++)
        controls += is_control((unsigned char)line[i]);
    if (controls > 0)
        return MESSAGE_CONTROL;
    const char *equals = memchr(line, '=', length);
    if (equals == NULL || equals == line)
        return MESSAGE_NO_EQUALS;
    size_t name_length = (size_t)(equals - line);
    enum field field = find_field(line, name_length);
    if (field == FIELD_COUNT)
        return note_unknown(decoding, line, name_length);
    uint64_t bit = (uint64_t)1 << field;
    if ((decoding->known & bit) != 0)
        return MESSAGE_TWICE;
    decoding->known |= bit;
    if (equals[1] != '\0')
        decoding->message->value[field] = equals + 1;
    return MESSAGE_OK;
}

enum message_fault message_decode(struct message *message, char *text, size_t length) {
    *message = (struct message){0};
    if (length > MESSAGE_LIMIT)
        return MESSAGE_TOO_LONG;
    if (length == 0 || message_extent(text, length) != length)
        return MESSAGE_UNTERMINATED;
    struct decoding decoding;
    decoding.message = message;
    decoding.known = 0;
    decoding.lines = 0;
    decoding.unknown = 0;
    enum message_fault fault = MESSAGE_OK;
    char *last = text + length - 1; /* the empty line's own end */
    *last = '\0';
    for (char *line = text; line < last && fault == MESSAGE_OK;) {
        char *end = memchr(line, '\n', (size_t)(last - line));
        *end = '\0';
        fault = take_line(&decoding, line, (size_t)(end - line));
        line = end + 1;
    }
    if (fault != MESSAGE_OK)
        *message = (struct message){0};
    return fault;
}

const char *message_fault_text(enum message_fault fault) {
    switch (fault) {
    case MESSAGE_OK:
        return "no fault";
    case MESSAGE_TOO_LONG:
        return "longer than a message can be";
    case MESSAGE_UNTERMINATED:
        return "no empty line at its end";
    case MESSAGE_NO_EQUALS:
        return "a line that is not name=value";
    case MESSAGE_TWICE:
        return "a name given twice";
    case MESSAGE_CONTROL:
        return "a control character";
    case MESSAGE_TOO_MANY_LINES:
        return "more lines than a message can have";
    }
    return "unknown fault";
}

static bool encode_field(enum field field, const char *value, struct buffer *out) {
    size_t length;
    return measure(field, value, &length) &&
           buffer_add_bytes(out, rows[field].declaration.name, rows[field].name_length) && buffer_add_char(out, '=') &&
           buffer_add_bytes(out, value, length) && buffer_add_char(out, '\n');
}

bool message_encode(const struct message *message, struct buffer *out) {
    size_t start = out->length;
    bool fits = true;
    for (unsigned i = 0; i < FIELD_COUNT && fits; i++)
        if (message->value[i] != NULL)
            fits = encode_field((enum field)i, message->value[i], out);
    fits = fits && buffer_add_char(out, '\n') && out->length - start <= MESSAGE_LIMIT;
    if (!fits) {
        explicit_bzero(out->bytes + start, out->length - start);
        out->length = start;
        out->overflowed = true;
    }
    return fits;
}
