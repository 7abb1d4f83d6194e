/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets at rest: XChaCha20-Poly1305 with the account, the kind of row and the row's id bound in, so that a row
 * copied to another account, or to another row, opens nothing. */
#ifndef AUTHGATE_CREDENTIAL_SEALED_H
#define AUTHGATE_CREDENTIAL_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credential/keyring.h"
#include "credential/totp.h"

#define SEALED_ID_SIZE 16
#define SEALED_OVERHEAD 48 /* key id, nonce, tag */
#define SEALED_LIMIT 256   /* bytes of a sealed value */

struct seal_binding {
    const char *account;
    const char *kind;        /* "totp" */
    const unsigned char *id; /* SEALED_ID_SIZE bytes: the row's */
};

struct sealed {
    size_t length;
    unsigned char bytes[SEALED_LIMIT];
};

/* Random bytes for a row's id. */
void sealed_make_id(unsigned char id[SEALED_ID_SIZE]);

/* Seals at most SEALED_LIMIT - SEALED_OVERHEAD bytes under the current key. False where they are more. */
bool sealed_seal(const struct keyring *keyring, const struct seal_binding *binding, const void *plain, size_t length,
                 struct sealed *sealed);

struct sealed_plain {
    size_t length;
    unsigned char bytes[SEALED_LIMIT - SEALED_OVERHEAD]; /* the caller wipes it */
};

/* Opens it. False (and nothing in `plain`) where the key is unknown, a byte was changed, or the binding is another. */
bool sealed_open(const struct keyring *keyring, const struct seal_binding *binding, const unsigned char *bytes,
                 size_t length, struct sealed_plain *plain);

/* The id of the key that sealed it; 0 where it is too short. */
int64_t sealed_key(const unsigned char *bytes, size_t length);

/* The same for a TOTP secret with its parameters. */
bool totp_seal(const struct keyring *keyring, const char *account, const unsigned char *id, const struct totp *totp,
               struct sealed *sealed);
bool totp_open(const struct keyring *keyring, const char *account, const unsigned char *id, const struct sealed *sealed,
               struct totp *totp);

#endif
