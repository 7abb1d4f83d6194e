/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 after the paper's description; checked against the paper's test vectors. */
#include "base/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits) {
    return (word << bits) | (word >> (64 - bits));
}

static uint64_t load(const unsigned char *bytes, size_t count) {
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static void mix(struct state *s, int rounds) {
    while (rounds-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(struct state *s, uint64_t word) {
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

uint64_t siphash(const unsigned char key[SIPHASH_KEY_SIZE], const void *bytes, size_t length) {
    const unsigned char *next = bytes;
    uint64_t k0 = load(key, 8);
    uint64_t k1 = load(key + 8, 8);
    struct state s = {
        .v0 = k0 ^ 0x736f6d6570736575U,
        .v1 = k1 ^ 0x646f72616e646f6dU,
        .v2 = k0 ^ 0x6c7967656e657261U,
        .v3 = k1 ^ 0x7465646279746573U,
    };
    size_t left = length;
    for (; left >= 8; left -= 8, next += 8)
        absorb(&s, load(next, 8));
    absorb(&s, load(next, left) | (uint64_t)(length & 0xff) << 56);
    s.v2 ^= 0xff;
    mix(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
