/* SPDX-License-Identifier: BSD-2-Clause */
/* The seeds of other PAM modules: a line of pam_oath's users file, and a .google_authenticator file. Called by `totp
 * import`. Takes over only what still means the same here: no counters, no PINs, no windows, no used codes. */
#include "credential/seed_files.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A piece of a line. */
struct word {
    const char *start;
    size_t length;
};

static struct word next_word(const char **line) {
    *line += strspn(*line, " \t\r");
    struct word word = {*line, strcspn(*line, " \t\r")};
    *line += word.length;
    return word;
}

static bool is(struct word word, const char *text) {
    return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

/* HOTP/T30, HOTP/T30/6, HOTP/T60/8, …; HOTP, HOTP/E and HOTP/E/6 are event based. */
static enum seed_fault read_type(struct word type, struct totp *totp) {
    static const struct {
        const char *word;
        unsigned period, digits;
    } types[] = {
        {"HOTP/T30", 30, 6}, {"HOTP/T30/6", 30, 6}, {"HOTP/T30/8", 30, 8},
        {"HOTP/T60", 60, 6}, {"HOTP/T60/6", 60, 6}, {"HOTP/T60/8", 60, 8},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is(type, types[i].word)) {
            totp->period = types[i].period;
            totp->digits = types[i].digits;
            return SEED_OK;
        }
    if (is(type, "HOTP") || (type.length >= 6 && memcmp(type.start, "HOTP/E", 6) == 0))
        return SEED_COUNTER;
    return type.length >= 6 && memcmp(type.start, "HOTP/T", 6) == 0 ? SEED_PARAMETERS : SEED_SYNTAX;
}

static bool copy_word(struct word word, char *out, size_t size) {
    struct buffer text;
    buffer_init(&text, out, size);
    return word.length > 0 && buffer_add_bytes(&text, word.start, word.length);
}

static enum seed_fault read_line(const char *line, struct seed *seed) {
    struct word type = next_word(&line);
    if (type.length == 0 || type.start[0] == '#')
        return SEED_EMPTY;
    struct totp totp = {.hash = TOTP_SHA1};
    enum seed_fault fault = read_type(type, &totp);
    if (fault != SEED_OK)
        return fault;
    struct word account = next_word(&line);
    struct word pin = next_word(&line);
    struct word secret = next_word(&line);
    char hex[2 * TOTP_SECRET_LIMIT + 2];
    if (secret.length == 0)
        return SEED_SYNTAX;
    if (!is(pin, "-") && !is(pin, "+"))
        return SEED_PIN;
    if (!copy_word(secret, hex, sizeof hex))
        return SEED_TOO_LONG;
    fault = seed_from_hex(hex, seed);
    sodium_memzero(hex, sizeof hex);
    seed->totp.period = totp.period;
    seed->totp.digits = totp.digits;
    return copy_word(account, seed->account, sizeof seed->account) ? fault : SEED_TOO_LONG;
}

enum seed_fault seed_from_users_line(const char *line, struct seed *seed) {
    seed_wipe(seed);
    enum seed_fault fault = read_line(line, seed);
    if (!seed_usable(fault))
        seed_wipe(seed);
    return fault;
}

/* How far a clock may be off, in steps: that much is in the usual window. */
#define SKEW_LIMIT 1

/* One line of a .google_authenticator file after the first. */
static enum seed_fault read_google_line(const char *line, size_t length, struct seed *seed, bool *time_based) {
    if (length >= 2 && line[0] == '"' && line[1] == ' ') {
        const char *rest = line + 2;
        struct word option = next_word(&rest);
        if (is(option, "TOTP_AUTH"))
            *time_based = true;
        if (is(option, "HOTP_COUNTER"))
            return SEED_COUNTER;
        if (is(option, "TIME_SKEW") && labs(strtol(rest, NULL, 10)) > SKEW_LIMIT)
            return SEED_SKEW;
        if (is(option, "STEP_SIZE"))
            seed->totp.period = (unsigned)strtoul(rest, NULL, 10);
        return SEED_OK;
    }
    if (length != RECOVERY_CODE_SIZE - 1 || strspn(line, "0123456789") != length)
        return length == 0 ? SEED_OK : SEED_SYNTAX;
    if (seed->recovery_count < SEED_RECOVERY_LIMIT) {
        memcpy(seed->recovery[seed->recovery_count], line, length);
        seed->recovery[seed->recovery_count++][length] = '\0';
    }
    return SEED_OK;
}

/* The lines after the first. Each is copied, so that an option's number ends with its line. */
static enum seed_fault read_google_lines(const char *text, struct seed *seed) {
    bool time_based = false;
    while (*text != '\0') {
        char line[256];
        struct buffer copy;
        size_t length = strcspn(text, "\n");
        buffer_init(&copy, line, sizeof line);
        size_t kept = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
        /* DISALLOW_REUSE and the like may be longer; nothing that is read here is */
        buffer_add_bytes(&copy, text, kept < sizeof line ? kept : sizeof line - 1);
        enum seed_fault fault = read_google_line(line, copy.length, seed, &time_based);
        sodium_memzero(line, sizeof line);
        if (fault != SEED_OK)
            return fault;
        text += length + (text[length] == '\n');
    }
    return time_based ? SEED_OK : SEED_COUNTER;
}

enum seed_fault seed_from_google(const char *text, struct seed *seed) {
    char secret[256];
    struct buffer first;
    seed_wipe(seed);
    size_t length = strcspn(text, "\r\n");
    buffer_init(&first, secret, sizeof secret);
    if (!buffer_add_bytes(&first, text, length))
        return SEED_SYNTAX;
    enum seed_fault fault = seed_from_base32(secret, seed);
    buffer_wipe(&first);
    if (!seed_usable(fault))
        return fault;
    enum seed_fault lines = read_google_lines(text + length + strspn(text + length, "\r\n"), seed);
    if (lines == SEED_OK && !totp_valid(&seed->totp))
        lines = SEED_PARAMETERS;
    if (lines == SEED_OK)
        return fault;
    seed_wipe(seed);
    return lines;
}
