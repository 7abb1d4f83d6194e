/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets that come from elsewhere, and otpauth:// URIs (other programs' files: seed_files.h). Reads text only, opens
 * no file. */
#ifndef AUTHGATE_CREDENTIAL_SEED_H
#define AUTHGATE_CREDENTIAL_SEED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "credential/generated.h"
#include "credential/totp.h"

#define SEED_ACCOUNT_SIZE 321
#define SEED_RECOVERY_LIMIT 16

enum seed_fault {
    SEED_OK,
    SEED_WEAK,        /* usable, but under 160 bits: warn */
    SEED_EMPTY,       /* a blank line or a comment: nothing to import */
    SEED_SYNTAX,      /* not of that format */
    SEED_TOO_SHORT,   /* under 128 bits: refused */
    SEED_TOO_LONG,
    SEED_COUNTER,     /* event based (HOTP): codes that are not of a time */
    SEED_PARAMETERS,  /* a hash, number of digits or period that is not supported */
    SEED_SKEW,        /* google-authenticator: made allowance for a clock that is off, which nobody would any more */
    SEED_PIN,         /* pam_oath: has a PIN of its own, which nobody would ask for any more */
};

/* Words for the administrator. */
const char *seed_fault_text(enum seed_fault fault);

/* Whether the seed was taken. */
static inline bool seed_usable(enum seed_fault fault) {
    return fault == SEED_OK || fault == SEED_WEAK;
}

/* Holds secrets: seed_wipe it. */
struct seed {
    struct totp totp;
    char account[SEED_ACCOUNT_SIZE]; /* as it stands in the source, not canonical; "" where the format has none */
    char issuer[129];
    size_t recovery_count; /* .google_authenticator's emergency codes that are left */
    char recovery[SEED_RECOVERY_LIMIT][RECOVERY_CODE_SIZE];
};

void seed_wipe(struct seed *seed);

/* Each reads one seed; where it is not usable `seed` is empty. base32: case, blanks, hyphens and padding do not matter;
 * hex: blanks, colons and hyphens. Both are SHA-1, 6 digits, 30 seconds. */
enum seed_fault seed_from_uri(const char *text, struct seed *seed);
enum seed_fault seed_from_base32(const char *text, struct seed *seed);
enum seed_fault seed_from_hex(const char *text, struct seed *seed);

/* Appends otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=… and the parameters. False where it does not fit. */
bool seed_write_uri(const struct totp *totp, const char *account, const char *issuer, struct buffer *out);

#endif
