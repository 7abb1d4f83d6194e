/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate may be told about what was typed as the password, and what goes on to the password check. For the PAM
 * module and for the daemon where it stands in the password's way itself (saslauthd). */
#ifndef AUTHGATE_WIRE_PASSWORD_H
#define AUTHGATE_WIRE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"
#include "base/siphash.h"

#define PASSWORD_DIGITS_SIZE 9  /* the longest run of digits that is told, and a NUL */
#define PASSWORD_APP_SIZE 17    /* an app password, and a NUL */
#define PASSWORD_MARK_SIZE 9    /* eight hexadecimal digits, and a NUL */

/* Writes the ASCII digits at the end of `typed`, the last 8 where there are more; "" where there are none. */
void password_digits(const char *typed, char digits[PASSWORD_DIGITS_SIZE]);

/* Whether `typed` has an app password's shape: 16 letters of base32, whatever their case, with blanks and hyphens
 * anywhere. Writes it in its one form, "" where it has not. */
bool password_app(const char *typed, char app_password[PASSWORD_APP_SIZE]);

/* Makes `rest` what remains of `typed` without the `code_length` digits at its end. False, with an empty `rest`, where
 * nothing would remain, where those characters are not all ASCII digits, or where memory is short. */
bool password_cut(const char *typed, size_t code_length, struct secret *rest);

/* Reads a mark_key as the gate sends it, 32 hexadecimal digits; false where it is none. */
bool password_mark_key(const char *text, unsigned char key[SIPHASH_KEY_SIZE]);

/* Writes the mark of the first `length` bytes of `password`: the low 32 bits of their SipHash-2-4. */
void password_mark(const unsigned char key[SIPHASH_KEY_SIZE], const char *password, size_t length,
                   char mark[PASSWORD_MARK_SIZE]);

#endif
