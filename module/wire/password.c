/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes apart what was typed into the password prompt. Bytes are ASCII or nothing here: no locale, no number parsing,
 * so that a sign, a blank or a full-width digit is never taken for a digit of a code. It keeps no copy of anything. */
#include "wire/password.h"

#include <stdint.h>
#include <string.h>

#include "base/buffer.h"

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

static size_t count_digits(const char *typed, size_t length) {
    size_t count = 0;
    while (count < length && is_digit(typed[length - 1 - count]))
        count++;
    return count;
}

void password_digits(const char *typed, char digits[PASSWORD_DIGITS_SIZE]) {
    size_t length = strlen(typed);
    size_t count = count_digits(typed, length);
    if (count > PASSWORD_DIGITS_SIZE - 1)
        count = PASSWORD_DIGITS_SIZE - 1;
    memcpy(digits, typed + length - count, count);
    digits[count] = '\0';
}

/* The letter of base32 that a typed character stands for; '\0' where it is none. */
static char base32_letter(char character) {
    if (character >= 'A' && character <= 'Z')
        return (char)(character - 'A' + 'a');
    if ((character >= 'a' && character <= 'z') || (character >= '2' && character <= '7'))
        return character;
    return '\0';
}

bool password_app(const char *typed, char app_password[PASSWORD_APP_SIZE]) {
    size_t count = 0;
    bool shaped = true;
    for (; *typed != '\0' && shaped; typed++) {
        if (*typed == ' ' || *typed == '\t' || *typed == '-')
            continue;
        char letter = base32_letter(*typed);
        shaped = letter != '\0' && count < PASSWORD_APP_SIZE - 1;
        if (shaped)
            app_password[count++] = letter;
    }
    shaped = shaped && count == PASSWORD_APP_SIZE - 1;
    if (shaped)
        app_password[count] = '\0';
    else
        explicit_bzero(app_password, PASSWORD_APP_SIZE);
    return shaped;
}

bool password_cut(const char *typed, size_t code_length, struct secret *rest) {
    size_t length = strlen(typed);
    if (code_length >= length || count_digits(typed, length) < code_length) {
        secret_clear(rest);
        return false;
    }
    return secret_set(rest, typed, length - code_length);
}

static unsigned hex_value(char character) {
    return is_digit(character) ? (unsigned)(character - '0') : (unsigned)(character - 'a') + 10;
}

bool password_mark_key(const char *text, unsigned char key[SIPHASH_KEY_SIZE]) {
    if (strlen(text) != (size_t)2 * SIPHASH_KEY_SIZE ||
        strspn(text, "0123456789abcdef") != (size_t)2 * SIPHASH_KEY_SIZE)
        return false;
    for (size_t i = 0; i < SIPHASH_KEY_SIZE; i++)
        key[i] = (unsigned char)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return true;
}

void password_mark(const unsigned char key[SIPHASH_KEY_SIZE], const char *password, size_t length,
                   char mark[PASSWORD_MARK_SIZE]) {
    struct buffer text;
    buffer_init(&text, mark, PASSWORD_MARK_SIZE);
    buffer_add_format(&text, "%08x", (unsigned)(siphash(key, password, length) & UINT32_MAX));
}
