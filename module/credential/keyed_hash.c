/* SPDX-License-Identifier: BSD-2-Clause */
/* BLAKE2b under the purpose's own key, 128 bits, over the account and the parts, each with its length before it: two
 * different lists never are the same bytes. Keeps nothing, never sees where a hash is stored. */
#include "credential/keyed_hash.h"

#include <sodium.h>
#include <string.h>

_Static_assert(HASH_SCOPE < KEYRING_PURPOSES, "each purpose has a key");
_Static_assert(KEYED_HASH_SIZE >= crypto_generichash_BYTES_MIN, "BLAKE2b gives no shorter hash");

static void add_number(crypto_generichash_state *state, uint64_t number) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    crypto_generichash_update(state, bytes, sizeof bytes);
}

static void add_part(crypto_generichash_state *state, const void *bytes, size_t length) {
    add_number(state, length);
    if (length > 0)
        crypto_generichash_update(state, bytes, length);
}

void keyed_hash(const struct keyring *keyring, const struct hash_input *input, unsigned char hash[KEYED_HASH_SIZE]) {
    crypto_generichash_state state;
    const unsigned char *key = keyring_hash_key(keyring, (unsigned)input->purpose);
    crypto_generichash_init(&state, key, KEY_BLOCK_SIZE, KEYED_HASH_SIZE);
    add_part(&state, input->account, strlen(input->account));
    for (size_t i = 0; i < input->count; i++)
        add_part(&state, input->parts[i].bytes, input->parts[i].length);
    crypto_generichash_final(&state, hash, KEYED_HASH_SIZE);
    sodium_memzero(&state, sizeof state);
}

void keyed_hash_text(const struct keyring *keyring, enum hash_purpose purpose, const char *account, const char *text,
                     unsigned char hash[KEYED_HASH_SIZE]) {
    const struct hash_part part = {text, strlen(text)};
    const struct hash_input input = {purpose, account, &part, 1};
    keyed_hash(keyring, &input, hash);
}

struct number {
    unsigned char bytes[8];
};

static struct number numbered(int64_t value) {
    struct number number;
    for (size_t i = 0; i < sizeof number.bytes; i++)
        number.bytes[i] = (unsigned char)((uint64_t)value >> (8 * i));
    return number;
}

void secret_row_id(const struct keyring *keyring, const char *account, const struct totp *totp,
                   unsigned char id[KEYED_HASH_SIZE]) {
    struct number period = numbered(totp->period);
    const struct hash_part parts[] = {{totp->secret, totp->length}, {period.bytes, sizeof period.bytes}};
    const struct hash_input input = {HASH_SECRET, account, parts, 2};
    keyed_hash(keyring, &input, id);
}

void step_mac(const struct keyring *keyring, const char *account, const unsigned char *secret_id, int64_t step,
              unsigned char mac[KEYED_HASH_SIZE]) {
    struct number number = numbered(step);
    const struct hash_part parts[] = {{secret_id, 16}, {number.bytes, sizeof number.bytes}};
    const struct hash_input input = {HASH_STEP, account, parts, 2};
    keyed_hash(keyring, &input, mac);
}

void network_mac(const struct keyring *keyring, const char *account, const struct prefix *network, int64_t until,
                 unsigned char mac[KEYED_HASH_SIZE]) {
    struct number number = numbered(until);
    unsigned char shape[2] = {network->base.family, network->bits};
    const struct hash_part parts[] = {
        {shape, sizeof shape},
        {network->base.bytes, sizeof network->base.bytes},
        {number.bytes, sizeof number.bytes},
    };
    const struct hash_input input = {HASH_NETWORK, account, parts, 3};
    keyed_hash(keyring, &input, mac);
}

void scope_mac(const struct keyring *keyring, const char *account, const struct app_password_limits *limits,
               unsigned char mac[KEYED_HASH_SIZE]) {
    struct number number = numbered(limits->expires);
    const struct hash_part parts[] = {
        {limits->id, 16},
        {limits->hash, KEYED_HASH_SIZE},
        {limits->services, strlen(limits->services)},
        {limits->networks, strlen(limits->networks)},
        {number.bytes, sizeof number.bytes},
    };
    const struct hash_input input = {HASH_SCOPE, account, parts, 5};
    keyed_hash(keyring, &input, mac);
}

bool keyed_hash_equal(const unsigned char *one, const unsigned char *other) {
    return sodium_memcmp(one, other, KEYED_HASH_SIZE) == 0;
}

size_t keyed_hash_find(const unsigned char *hash, const unsigned char (*hashes)[KEYED_HASH_SIZE], size_t count) {
    size_t found = count;
    for (size_t i = 0; i < count; i++) {
        size_t mask = (size_t)0 - (size_t)keyed_hash_equal(hash, hashes[i]);
        found = (found & ~mask) | (i & mask);
    }
    return found;
}
