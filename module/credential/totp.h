/* SPDX-License-Identifier: BSD-2-Clause */
/* Time-based one-time codes (RFC 6238). Time is the caller's. */
#ifndef AUTHGATE_CREDENTIAL_TOTP_H
#define AUTHGATE_CREDENTIAL_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTP_SECRET_LIMIT 128  /* bytes */
#define TOTP_SECRET_MADE 20    /* bytes of the secrets that we make: 160 bits (RFC 4226) */
#define TOTP_SECRET_REFUSED 16 /* shorter than this (128 bits) is no secret */
#define TOTP_SECRET_FLAGGED 20 /* shorter than this is taken with a warning */
#define TOTP_CODE_SIZE 9       /* of the longest code with its NUL */
#define TOTP_WINDOW_LIMIT 2880 /* steps either side that totp_match takes: a day */

enum totp_hash { TOTP_SHA1, TOTP_SHA256, TOTP_SHA512, TOTP_HASH_COUNT };

/* Holds a secret: totp_wipe it. */
struct totp {
    enum totp_hash hash;
    unsigned digits; /* 6 or 8 */
    unsigned period; /* 30 or 60 seconds */
    size_t length;
    unsigned char secret[TOTP_SECRET_LIMIT];
};

/* Whether every field is one that can be. */
bool totp_valid(const struct totp *totp);

/* A new secret: SHA-1, 6 digits, 30 seconds (what every authenticator has). */
void totp_generate(struct totp *totp);

void totp_wipe(struct totp *totp);

/* The step that holds `now`, and when a step starts. */
int64_t totp_step(const struct totp *totp, int64_t now);
int64_t totp_step_starts(const struct totp *totp, int64_t step);

/* The code of one step. False (and "") where `totp` is not valid or the step negative. */
bool totp_code(const struct totp *totp, int64_t step, char code[TOTP_CODE_SIZE]);

/* Whether `code` (exactly `totp->digits` ASCII digits) is that of one of the steps from `window` before to `window`
 * after `now`; `step` is then the newest such step. All of them are always computed and compared in constant time. */
bool totp_match(const struct totp *totp, const char *code, int64_t now, unsigned window, int64_t *step);

#endif
