/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes by liboath. Which step matched is found without leaving the loop early, so that time tells nothing about a
 * wrong code. Called by code.c and by enrolment; keeps no state and reads no clock. */
#include "credential/totp.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <string.h>

_Static_assert(TOTP_SECRET_MADE >= TOTP_SECRET_FLAGGED, "ours are never flagged");

bool totp_valid(const struct totp *totp) {
    return totp->hash < TOTP_HASH_COUNT && (totp->digits == 6 || totp->digits == 8) &&
           (totp->period == 30 || totp->period == 60) && totp->length >= TOTP_SECRET_REFUSED &&
           totp->length <= TOTP_SECRET_LIMIT;
}

void totp_generate(struct totp *totp) {
    *totp = (struct totp){.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = TOTP_SECRET_MADE};
    randombytes_buf(totp->secret, totp->length);
}

void totp_wipe(struct totp *totp) {
    sodium_memzero(totp, sizeof *totp);
}

int64_t totp_step(const struct totp *totp, int64_t now) {
    return now / totp->period;
}

int64_t totp_step_starts(const struct totp *totp, int64_t step) {
    return step * totp->period;
}

static int hash_flag(enum totp_hash hash) {
    static const int flags[TOTP_HASH_COUNT] = {
        [TOTP_SHA1] = 0,
        [TOTP_SHA256] = OATH_TOTP_HMAC_SHA256,
        [TOTP_SHA512] = OATH_TOTP_HMAC_SHA512,
    };
    return flags[hash];
}

bool totp_code(const struct totp *totp, int64_t step, char code[TOTP_CODE_SIZE]) {
    memset(code, 0, TOTP_CODE_SIZE);
    if (!totp_valid(totp) || step < 0)
        return false;
    int result = oath_totp_generate2((const char *)totp->secret, totp->length, (time_t)totp_step_starts(totp, step),
                                     totp->period, 0, totp->digits, hash_flag(totp->hash), code);
    if (result != OATH_OK)
        memset(code, 0, TOTP_CODE_SIZE);
    return result == OATH_OK;
}

static bool shaped(const struct totp *totp, const char *code) {
    size_t length = strlen(code);
    return length == totp->digits && strspn(code, "0123456789") == length;
}

bool totp_match(const struct totp *totp, const char *code, int64_t now, unsigned window, int64_t *step) {
    if (!totp_valid(totp) || !shaped(totp, code) || window > TOTP_WINDOW_LIMIT || now < 0)
        return false;
    uint64_t found = UINT64_MAX; /* no step is that large */
    for (int64_t at = totp_step(totp, now) - window; at <= totp_step(totp, now) + window; at++) {
        char expected[TOTP_CODE_SIZE];
        bool computed = totp_code(totp, at, expected);
        uint64_t mask = (uint64_t)0 - (uint64_t)(computed & (sodium_memcmp(code, expected, totp->digits) == 0));
        found = (found & ~mask) | ((uint64_t)at & mask);
        sodium_memzero(expected, sizeof expected);
    }
    if (found == UINT64_MAX)
        return false;
    *step = (int64_t)found;
    return true;
}
