/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats that seeds come in. Each reader checks everything before it fills the seed; a seed that is not usable is
 * left empty. Called by `totp import` and by enrolment; opens no file and keeps nothing. */
#include "credential/seed.h"

#include <ctype.h>
#include <liboath/oath.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENCODED_SIZE 513 /* of a secret as text, whatever is dropped from it included */

static const struct totp usual = {.hash = TOTP_SHA1, .digits = 6, .period = 30};
static const char *const hash_names[TOTP_HASH_COUNT] = {"SHA1", "SHA256", "SHA512"};

const char *seed_fault_text(enum seed_fault fault) {
    static const char *const texts[] = {
        [SEED_OK] = "usable",
        [SEED_WEAK] = "a secret under 160 bits: better enrol anew",
        [SEED_EMPTY] = "nothing there",
        [SEED_SYNTAX] = "not of this format",
        [SEED_TOO_SHORT] = "a secret under 128 bits is refused: enrol anew",
        [SEED_TOO_LONG] = "a secret over 1024 bits, or too long a line",
        [SEED_COUNTER] = "event based (HOTP); only time based codes (TOTP) are supported",
        [SEED_PARAMETERS] = "only SHA1, SHA256 and SHA512, 6 and 8 digits, 30 and 60 seconds are supported",
        [SEED_SKEW] = "its phone's clock is off (TIME_SKEW): set that right, take the line away, import again",
        [SEED_PIN] = "has a PIN of its own, which would no longer be asked for: enrol anew",
    };
    return texts[fault];
}

void seed_wipe(struct seed *seed) {
    sodium_memzero(seed, sizeof *seed);
}

static enum seed_fault measure(const struct totp *totp) {
    if (totp->length < TOTP_SECRET_REFUSED)
        return SEED_TOO_SHORT;
    return totp->length < TOTP_SECRET_FLAGGED ? SEED_WEAK : SEED_OK;
}

/* The closing of every reader: hands a usable seed over, wipes any other. */
static enum seed_fault finish(struct seed *seed, enum seed_fault fault) {
    if (seed_usable(fault) && !totp_valid(&seed->totp))
        fault = SEED_PARAMETERS;
    if (!seed_usable(fault))
        seed_wipe(seed);
    return fault;
}

/* Copies text without the characters that people put between groups. */
static bool squeeze(const char *text, size_t length, const char *dropped, char squeezed[ENCODED_SIZE]) {
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || strchr(dropped, text[i]) != NULL)
            continue;
        if (kept == ENCODED_SIZE - 1)
            return false;
        squeezed[kept++] = text[i];
    }
    squeezed[kept] = '\0';
    return true;
}

static enum seed_fault take_secret(const char *bytes, size_t length, struct totp *totp) {
    if (length > TOTP_SECRET_LIMIT)
        return SEED_TOO_LONG;
    memcpy(totp->secret, bytes, length);
    totp->length = length;
    return measure(totp);
}

static enum seed_fault take_base32(const char *text, size_t length, struct totp *totp) {
    char squeezed[ENCODED_SIZE];
    if (!squeeze(text, length, " \t\r\n-=", squeezed))
        return SEED_TOO_LONG;
    char *bytes = NULL;
    size_t count = 0;
    enum seed_fault fault = SEED_SYNTAX;
    if (squeezed[0] != '\0' && oath_base32_decode(squeezed, strlen(squeezed), &bytes, &count) == OATH_OK) {
        fault = take_secret(bytes, count, totp);
        sodium_memzero(bytes, count);
        free(bytes);
    }
    sodium_memzero(squeezed, sizeof squeezed);
    return fault;
}

static enum seed_fault take_hex(const char *text, size_t length, struct totp *totp) {
    char squeezed[ENCODED_SIZE];
    if (!squeeze(text, length, " \t\r\n-:", squeezed))
        return SEED_TOO_LONG;
    char bytes[ENCODED_SIZE / 2 + 1];
    size_t count = sizeof bytes;
    enum seed_fault fault = SEED_SYNTAX;
    if (squeezed[0] != '\0' && oath_hex2bin(squeezed, bytes, &count) == OATH_OK)
        fault = take_secret(bytes, count, totp);
    sodium_memzero(squeezed, sizeof squeezed);
    sodium_memzero(bytes, sizeof bytes);
    return fault;
}

enum seed_fault seed_from_base32(const char *text, struct seed *seed) {
    *seed = (struct seed){.totp = usual};
    return finish(seed, take_base32(text, strlen(text), &seed->totp));
}

enum seed_fault seed_from_hex(const char *text, struct seed *seed) {
    *seed = (struct seed){.totp = usual};
    return finish(seed, take_hex(text, strlen(text), &seed->totp));
}

/* ---- otpauth:// ---- */

static int hex_digit(char character) {
    if (character >= '0' && character <= '9')
        return character - '0';
    character = (char)tolower((unsigned char)character);
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* Undoes percent-encoding. False for a bad escape, a control character, or text that does not fit. */
static bool percent_decode(const char *text, size_t length, char *out, size_t size) {
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)text[i];
        if (byte == '%') {
            if (i + 2 >= length || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return false;
            byte = hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]);
            i += 2;
        }
        if (byte < ' ' || byte == 0x7f || at + 1 >= size)
            return false;
        out[at++] = (char)byte;
    }
    out[at] = '\0';
    return true;
}

static bool percent_encode(struct buffer *out, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = isascii(byte) && (isalnum(byte) || strchr("-._~@", byte) != NULL);
        if (!(plain ? buffer_add_char(out, (char)byte) : buffer_add_format(out, "%%%02X", byte)))
            return false;
    }
    return true;
}

static bool take_number(const char *text, size_t length, unsigned *number) {
    if (length == 0 || length > 3)
        return false;
    *number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

static bool take_hash(const char *text, size_t length, enum totp_hash *hash) {
    for (int i = 0; i < TOTP_HASH_COUNT; i++)
        if (strlen(hash_names[i]) == length && strncasecmp(hash_names[i], text, length) == 0) {
            *hash = (enum totp_hash)i;
            return true;
        }
    return false;
}

static bool word_is(const char *text, size_t length, const char *word) {
    return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

/* Some programs write the padding as %3D. */
static enum seed_fault take_uri_secret(const char *text, size_t length, struct totp *totp) {
    char decoded[ENCODED_SIZE];
    enum seed_fault fault = SEED_SYNTAX;
    if (percent_decode(text, length, decoded, sizeof decoded))
        fault = take_base32(decoded, strlen(decoded), totp);
    sodium_memzero(decoded, sizeof decoded);
    return fault;
}

/* Whether a name must not stand there: a second one would undo the first, and one from an HTML page (&amp;) would be
 * passed over though its codes have 8 digits. */
static bool misplaced(const char *name, size_t length, unsigned *seen) {
    static const char *const once[] = {"secret", "algorithm", "digits", "period"};
    if (length >= 4 && strncasecmp(name, "amp;", 4) == 0)
        return true;
    for (unsigned i = 0; i < sizeof once / sizeof once[0]; i++)
        if (word_is(name, length, once[i])) {
            bool before = (*seen >> i & 1) != 0;
            *seen |= 1U << i;
            return before;
        }
    return false;
}

/* One name=value of the query; unknown names are passed over. */
static enum seed_fault take_parameter(const char *text, size_t length, struct seed *seed, unsigned *seen) {
    const char *equals = memchr(text, '=', length);
    if (equals == NULL)
        return SEED_SYNTAX;
    size_t name = (size_t)(equals - text);
    const char *value = equals + 1;
    size_t rest = length - name - 1;
    if (misplaced(text, name, seen))
        return SEED_SYNTAX;
    if (word_is(text, name, "secret"))
        return take_uri_secret(value, rest, &seed->totp);
    if (word_is(text, name, "issuer"))
        return percent_decode(value, rest, seed->issuer, sizeof seed->issuer) ? SEED_OK : SEED_SYNTAX;
    if (word_is(text, name, "algorithm"))
        return take_hash(value, rest, &seed->totp.hash) ? SEED_OK : SEED_PARAMETERS;
    if (word_is(text, name, "digits"))
        return take_number(value, rest, &seed->totp.digits) ? SEED_OK : SEED_PARAMETERS;
    if (word_is(text, name, "period"))
        return take_number(value, rest, &seed->totp.period) ? SEED_OK : SEED_PARAMETERS;
    return SEED_OK;
}

static enum seed_fault take_query(const char *query, struct seed *seed) {
    unsigned seen = 0;
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        enum seed_fault fault = length == 0 ? SEED_OK : take_parameter(query, length, seed, &seen);
        if (!seed_usable(fault))
            return fault;
        query += length;
        if (*query == '&')
            query++;
    }
    return seed->totp.length == 0 ? SEED_SYNTAX : measure(&seed->totp);
}

/* ISSUER:ACCOUNT or ACCOUNT, percent-encoded; the colon may be. */
static bool take_label(const char *label, size_t length, struct seed *seed) {
    char text[SEED_ACCOUNT_SIZE + sizeof seed->issuer];
    if (!percent_decode(label, length, text, sizeof text))
        return false;
    char *colon = strchr(text, ':');
    const char *account = text;
    struct buffer out;
    if (colon != NULL) {
        *colon = '\0';
        account = colon + 1 + strspn(colon + 1, " ");
        buffer_init(&out, seed->issuer, sizeof seed->issuer);
        if (!buffer_add(&out, text))
            return false;
    }
    buffer_init(&out, seed->account, sizeof seed->account);
    return buffer_add(&out, account);
}

enum seed_fault seed_from_uri(const char *text, struct seed *seed) {
    static const char scheme[] = "otpauth://";
    *seed = (struct seed){.totp = usual};
    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return finish(seed, SEED_SYNTAX);
    const char *type = text + sizeof scheme - 1;
    size_t type_length = strcspn(type, "/?");
    if (word_is(type, type_length, "hotp"))
        return finish(seed, SEED_COUNTER);
    if (!word_is(type, type_length, "totp") || type[type_length] != '/')
        return finish(seed, SEED_SYNTAX);
    const char *label = type + type_length + 1;
    size_t label_length = strcspn(label, "?");
    if (label[label_length] != '?' || !take_label(label, label_length, seed))
        return finish(seed, SEED_SYNTAX);
    return finish(seed, take_query(label + label_length + 1, seed));
}

bool seed_write_uri(const struct totp *totp, const char *account, const char *issuer, struct buffer *out) {
    char *encoded = NULL;
    size_t length = 0;
    if (!totp_valid(totp) ||
        oath_base32_encode((const char *)totp->secret, totp->length, &encoded, &length) != OATH_OK)
        return false;
    while (length > 0 && encoded[length - 1] == '=')
        length--;
    bool fits = buffer_add(out, "otpauth://totp/") && percent_encode(out, issuer) &&
                (*issuer == '\0' || buffer_add_char(out, ':')) && percent_encode(out, account) &&
                buffer_add(out, "?secret=") && buffer_add_bytes(out, encoded, length) &&
                (*issuer == '\0' || (buffer_add(out, "&issuer=") && percent_encode(out, issuer))) &&
                buffer_add_format(out, "&algorithm=%s&digits=%u&period=%u", hash_names[totp->hash], totp->digits,
                                  totp->period);
    sodium_memzero(encoded, strlen(encoded));
    free(encoded);
    return fits;
}
