/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* SipHash-2-4 against the vector in appendix A of the paper and vectors that its authors published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

static void key_and_input(unsigned char key[16], unsigned char input[64]) {
    for (unsigned i = 0; i < 16; i++)
        key[i] = (unsigned char)i;
    for (unsigned i = 0; i < 64; i++)
        input[i] = (unsigned char)i;
}

static void gives_the_vector_of_the_paper(void **state) {
    (void)state;
    unsigned char key[16], input[64];
    key_and_input(key, input);
    assert_true(siphash(key, input, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void gives_the_published_vectors(void **state) {
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
        UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
        UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
    };
    unsigned char key[16], input[64];
    key_and_input(key, input);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(siphash(key, input, i) == expected[i]);
    assert_true(siphash(key, input, 63) == UINT64_C(0x958a324ceb064572));
}

static void depends_on_every_bit_of_key_and_input(void **state) {
    (void)state;
    unsigned char key[16], input[64];
    key_and_input(key, input);
    uint64_t plain = siphash(key, input, 20);
    for (unsigned bit = 0; bit < 128; bit++) {
        key[bit / 8] = (unsigned char)(key[bit / 8] ^ (1U << (bit % 8)));
        assert_true(siphash(key, input, 20) != plain);
        key[bit / 8] = (unsigned char)(key[bit / 8] ^ (1U << (bit % 8)));
    }
    for (unsigned bit = 0; bit < 160; bit++) {
        input[bit / 8] = (unsigned char)(input[bit / 8] ^ (1U << (bit % 8)));
        assert_true(siphash(key, input, 20) != plain);
        input[bit / 8] = (unsigned char)(input[bit / 8] ^ (1U << (bit % 8)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_vector_of_the_paper),
        cmocka_unit_test(gives_the_published_vectors),
        cmocka_unit_test(depends_on_every_bit_of_key_and_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
