/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/keyed_hash.o credential/sealed.o credential/totp.o credential/keyring.o -loath -lsodium */
/* What a host has stored must open under every later release: hashes and MACs of one key file, made with another
 * implementation of BLAKE2b, and a secret that was sealed by release 0.1.0. A change that fails here shuts out every
 * enrolled account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "credential/keyed_hash.h"
#include "credential/sealed.h"

#define ACCOUNT "alice@example.org"
#define KEY_ID  8764071839062879806

static const unsigned char id[] = "0123456789abcdef";
static struct keyring *keyring;

static int start(void **state) {
    (void)state;
    static const unsigned char block[] = "a key file of one block, 32 byte";
    if (!credential_start())
        return -1;
    keyring = keyring_make(block, KEY_BLOCK_SIZE);
    return keyring == NULL ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    keyring_free(&keyring);
    return 0;
}

static void is(const unsigned char hash[KEYED_HASH_SIZE], const char *expected) {
    char text[2 * KEYED_HASH_SIZE + 1];
    for (size_t i = 0; i < KEYED_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, expected);
}

static void the_hash_of_each_purpose_is_the_one_that_was_stored(void **state) {
    (void)state;
    static const struct {
        enum hash_purpose purpose;
        const char *text, *hash;
    } rows[] = {
        {HASH_CODE, "123456", "392c910f913ead5badb80a921d98170f"},
        {HASH_RECOVERY_CODE, "12345678", "c06837a641bc5d65a097330eb22d7114"},
        {HASH_APP_PASSWORD, "abcdefghijklmnop", "a6720aa2cc9189eaaf02a8f5a5288e4e"},
    };
    unsigned char hash[KEYED_HASH_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        keyed_hash_text(keyring, rows[i].purpose, ACCOUNT, rows[i].text, hash);
        is(hash, rows[i].hash);
    }
    const struct hash_part parts[] = {{"a", 1}, {NULL, 0}, {"bc", 2}};
    const struct hash_input input = {HASH_LOGIN, ACCOUNT, parts, 3};
    keyed_hash(keyring, &input, hash);
    is(hash, "6ce94b6476677d12b8e0ed46d29be983");
}

static void the_mac_of_each_row_is_the_one_that_was_stored(void **state) {
    (void)state;
    unsigned char mac[KEYED_HASH_SIZE];
    struct prefix network;
    const struct app_password_limits limits = {.id = id,
                                               .hash = (const unsigned char *)"fedcba9876543210",
                                               .services = "imap smtp",
                                               .networks = "192.0.2.0/24",
                                               .expires = 1800000000};
    assert_int_equal(prefix_parse("192.0.2.0/24", &network), PREFIX_OK);
    step_mac(keyring, ACCOUNT, id, 56666666, mac);
    is(mac, "720d6459c5729d31dfd6744602ac1062");
    network_mac(keyring, ACCOUNT, &network, 1700000000, mac);
    is(mac, "483549cdafecf280ce7a7ab48c702019");
    scope_mac(keyring, ACCOUNT, &limits, mac);
    is(mac, "54384c68fc6dd874be0d9450b72a60bd");
}

static void a_secret_that_was_sealed_opens(void **state) {
    (void)state;
    static const struct sealed stored = {
        .length = 72,
        .bytes = {0x3e, 0xee, 0x58, 0x51, 0xe7, 0x3c, 0xa0, 0x79, 0xf6, 0x9b, 0xe8, 0x07, 0xc5, 0x6a, 0xb9,
                  0x83, 0x45, 0x9d, 0x74, 0xf3, 0x23, 0xfe, 0xd3, 0x66, 0x02, 0xa1, 0x8f, 0xe2, 0xa4, 0x9a,
                  0x30, 0x9d, 0xde, 0x1c, 0x7e, 0x5b, 0xa4, 0x46, 0xee, 0x98, 0x53, 0x8e, 0xe3, 0x84, 0x3f,
                  0x9d, 0x82, 0xb4, 0x84, 0x88, 0x6d, 0x5d, 0x85, 0x33, 0xe8, 0xc7, 0xf7, 0xd9, 0x65, 0x48,
                  0x92, 0x24, 0x90, 0x6f, 0x13, 0x0d, 0x71, 0x0b, 0x95, 0xeb, 0x02, 0x33},
    };
    struct totp totp;
    assert_int_equal(keyring_current(keyring), KEY_ID);
    assert_int_equal(sealed_key(stored.bytes, stored.length), KEY_ID);
    assert_true(totp_open(keyring, ACCOUNT, id, &stored, &totp));
    assert_int_equal(totp.hash, TOTP_SHA256);
    assert_int_equal(totp.digits, 8);
    assert_int_equal(totp.period, 60);
    assert_int_equal(totp.length, 20);
    assert_memory_equal(totp.secret, "12345678901234567890", 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_of_each_purpose_is_the_one_that_was_stored),
        cmocka_unit_test(the_mac_of_each_row_is_the_one_that_was_stored),
        cmocka_unit_test(a_secret_that_was_sealed_opens),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
