/* SPDX-License-Identifier: BSD-2-Clause */
/* A sealed value is the key's id, a random nonce, and the ciphertext with its tag. The associated data is the key's id
 * and the binding, each part with its length before it. Called wherever a secret goes into the store or comes out. */
#include "credential/sealed.h"

#include <sodium.h>
#include <string.h>

#define KEY_ID_SIZE 8
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
_Static_assert(SEALED_OVERHEAD == KEY_ID_SIZE + NONCE_SIZE + TAG_SIZE, "the overhead that the header names");

/* The associated data: bounded by an account name's length, a word and an id. */
struct bound {
    size_t length;
    unsigned char bytes[512];
};

static void put_number(unsigned char *bytes, uint64_t number) {
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
}

static uint64_t get_number(const unsigned char *bytes) {
    uint64_t number = 0;
    for (size_t i = 8; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

static bool bound_add(struct bound *bound, const void *bytes, size_t length) {
    if (length > sizeof bound->bytes - bound->length || sizeof bound->bytes - bound->length - length < 8)
        return false;
    put_number(bound->bytes + bound->length, length);
    memcpy(bound->bytes + bound->length + 8, bytes, length);
    bound->length += 8 + length;
    return true;
}

static bool bind_to(struct bound *bound, int64_t key, const struct seal_binding *binding) {
    unsigned char id[KEY_ID_SIZE];
    put_number(id, (uint64_t)key);
    bound->length = 0;
    return bound_add(bound, id, sizeof id) && bound_add(bound, binding->account, strlen(binding->account)) &&
           bound_add(bound, binding->kind, strlen(binding->kind)) && bound_add(bound, binding->id, SEALED_ID_SIZE);
}

void sealed_make_id(unsigned char id[SEALED_ID_SIZE]) {
    randombytes_buf(id, SEALED_ID_SIZE);
}

bool sealed_seal(const struct keyring *keyring, const struct seal_binding *binding, const void *plain, size_t length,
                 struct sealed *sealed) {
    struct bound bound;
    int64_t key = keyring_current(keyring);
    sealed->length = 0;
    if (length > SEALED_LIMIT - SEALED_OVERHEAD || !bind_to(&bound, key, binding))
        return false;
    unsigned char *nonce = sealed->bytes + KEY_ID_SIZE;
    put_number(sealed->bytes, (uint64_t)key);
    randombytes_buf(nonce, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, NULL, plain, length, bound.bytes, bound.length, NULL,
                                               nonce, keyring_seal_key(keyring, key));
    sealed->length = SEALED_OVERHEAD + length;
    return true;
}

bool sealed_open(const struct keyring *keyring, const struct seal_binding *binding, const unsigned char *bytes,
                 size_t length, struct sealed_plain *plain) {
    struct bound bound;
    sodium_memzero(plain, sizeof *plain);
    if (length < SEALED_OVERHEAD || length > SEALED_LIMIT)
        return false;
    int64_t id = sealed_key(bytes, length);
    const unsigned char *key = keyring_seal_key(keyring, id);
    if (key == NULL || !bind_to(&bound, id, binding))
        return false;
    const unsigned char *nonce = bytes + KEY_ID_SIZE;
    const unsigned char *ciphertext = nonce + NONCE_SIZE;
    size_t rest = length - KEY_ID_SIZE - NONCE_SIZE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain->bytes, NULL, NULL, ciphertext, rest, bound.bytes,
                                                   bound.length, nonce, key) != 0) {
        sodium_memzero(plain, sizeof *plain);
        return false;
    }
    plain->length = length - SEALED_OVERHEAD;
    return true;
}

int64_t sealed_key(const unsigned char *bytes, size_t length) {
    return length < SEALED_OVERHEAD ? 0 : (int64_t)get_number(bytes);
}

/* A TOTP secret as it is sealed: a format's number, the parameters, the secret. */
enum { TOTP_FORMAT = 1, TOTP_HEADER = 4 };
_Static_assert(TOTP_HEADER + TOTP_SECRET_LIMIT <= SEALED_LIMIT - SEALED_OVERHEAD, "the longest secret fits");

static struct seal_binding totp_binding(const char *account, const unsigned char *id) {
    return (struct seal_binding){.account = account, .kind = "totp", .id = id};
}

bool totp_seal(const struct keyring *keyring, const char *account, const unsigned char *id, const struct totp *totp,
               struct sealed *sealed) {
    if (!totp_valid(totp))
        return false;
    unsigned char plain[TOTP_HEADER + TOTP_SECRET_LIMIT] = {TOTP_FORMAT, (unsigned char)totp->hash,
                                                            (unsigned char)totp->digits, (unsigned char)totp->period};
    memcpy(plain + TOTP_HEADER, totp->secret, totp->length);
    struct seal_binding binding = totp_binding(account, id);
    bool done = sealed_seal(keyring, &binding, plain, TOTP_HEADER + totp->length, sealed);
    sodium_memzero(plain, sizeof plain);
    return done;
}

bool totp_open(const struct keyring *keyring, const char *account, const unsigned char *id, const struct sealed *sealed,
               struct totp *totp) {
    struct sealed_plain plain;
    struct seal_binding binding = totp_binding(account, id);
    totp_wipe(totp);
    bool good = sealed_open(keyring, &binding, sealed->bytes, sealed->length, &plain) && plain.length > TOTP_HEADER &&
                plain.length <= TOTP_HEADER + TOTP_SECRET_LIMIT && plain.bytes[0] == TOTP_FORMAT;
    if (good) {
        totp->hash = (enum totp_hash)plain.bytes[1];
        totp->digits = plain.bytes[2];
        totp->period = plain.bytes[3];
        totp->length = plain.length - TOTP_HEADER;
        memcpy(totp->secret, plain.bytes + TOTP_HEADER, totp->length);
        good = totp_valid(totp);
    }
    if (!good)
        totp_wipe(totp);
    sodium_memzero(&plain, sizeof plain);
    return good;
}
