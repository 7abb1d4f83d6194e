/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/keyed_hash.o credential/generated.o credential/keyring.o -loath -lsodium -Wl,--wrap=randombytes_uniform */
/* Hashes and MACs differ wherever anything that was hashed differs, cut points and purposes included (E1, G8); what is
 * generated has its shape and differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "credential/generated.h"
#include "credential/keyed_hash.h"

static struct keyring *keyring, *other_ring;

uint32_t __real_randombytes_uniform(const uint32_t bound);
uint32_t __wrap_randombytes_uniform(const uint32_t bound);

static const char *drawn; /* the digits that come next; NULL: whatever chance has */

uint32_t __wrap_randombytes_uniform(const uint32_t bound) {
    return drawn != NULL && *drawn != '\0' ? (uint32_t)(*drawn++ - '0') : __real_randombytes_uniform(bound);
}

static int start(void **state) {
    (void)state;
    static const unsigned char block[KEY_BLOCK_SIZE] = "one key", other_block[KEY_BLOCK_SIZE] = "another";
    if (!credential_start())
        return -1;
    keyring = keyring_make(block, sizeof block);
    other_ring = keyring_make(other_block, sizeof other_block);
    return keyring == NULL || other_ring == NULL ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    keyring_free(&keyring);
    keyring_free(&other_ring);
    return 0;
}

struct hash {
    unsigned char bytes[KEYED_HASH_SIZE];
};

/* Every hash of the list, which grows, is another. */
static struct hash seen[512];
static size_t seen_count;

static void is_new(struct hash hash) {
    for (size_t i = 0; i < seen_count; i++)
        assert_memory_not_equal(seen[i].bytes, hash.bytes, KEYED_HASH_SIZE);
    assert_true(seen_count < sizeof seen / sizeof seen[0]);
    seen[seen_count++] = hash;
}

static struct hash text_hash(const struct keyring *ring, enum hash_purpose purpose, const char *account,
                             const char *text) {
    struct hash hash;
    keyed_hash_text(ring, purpose, account, text, hash.bytes);
    return hash;
}

static void key_purpose_account_and_text_all_count(void **state) {
    (void)state;
    static const char *const texts[][2] = {{"alice", "123456"}, {"alic", "e123456"}, {"alice1", "23456"},
                                           {"", "alice123456"}, {"alice123456", ""}, {"bob", "123456"}};
    seen_count = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (int purpose = HASH_CODE; purpose <= HASH_SECRET; purpose++) {
            is_new(text_hash(keyring, (enum hash_purpose)purpose, texts[i][0], texts[i][1]));
            is_new(text_hash(other_ring, (enum hash_purpose)purpose, texts[i][0], texts[i][1]));
        }
    struct hash one = text_hash(keyring, HASH_CODE, "alice", "123456");
    struct hash same = text_hash(keyring, HASH_CODE, "alice", "123456");
    assert_memory_equal(one.bytes, same.bytes, KEYED_HASH_SIZE);
}

static void long_names_are_not_cut(void **state) {
    (void)state;
    char name[321], text[321];
    memset(name, 'a', sizeof name);
    memset(text, 'p', sizeof text);
    seen_count = 0;
    for (size_t length = 60; length <= 200; length++) {
        name[length] = '\0';
        is_new(text_hash(keyring, HASH_APP_PASSWORD, name, "abcdefghijklmnop"));
        is_new(text_hash(keyring, HASH_APP_PASSWORD, name, "abcdefghijklmnoq"));
        name[length] = 'a';
    }
    for (size_t length = 72; length < 80; length++) {
        text[length] = '\0';
        is_new(text_hash(keyring, HASH_APP_PASSWORD, "alice", text));
        text[length] = 'p';
    }
}

static void where_the_parts_end_counts(void **state) {
    (void)state;
    const struct hash_part lists[][3] = {
        {{"ab", 2}, {"c", 1}, {"", 0}},
        {{"a", 1}, {"bc", 2}, {"", 0}},
        {{"abc", 3}, {"", 0}, {"", 0}},
        {{"", 0}, {"abc", 3}, {"", 0}},
    };
    seen_count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t count = 1; count <= 3; count++) {
            struct hash hash;
            const struct hash_input input = {HASH_LOGIN, "alice", lists[i], count};
            keyed_hash(keyring, &input, hash.bytes);
            is_new(hash); /* a list and the same with an empty part more differ as well */
        }
}

static void a_secrets_id_is_its_own_whenever_it_comes(void **state) {
    (void)state;
    struct totp totp = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 20, .secret = "twenty bytes of it.."};
    struct hash id, again;
    seen_count = 0;
    secret_row_id(keyring, "alice", &totp, id.bytes);
    is_new(id);
    totp.digits = 8; /* other codes, at the same steps */
    secret_row_id(keyring, "alice", &totp, again.bytes);
    assert_memory_equal(id.bytes, again.bytes, KEYED_HASH_SIZE);
    secret_row_id(keyring, "bob", &totp, id.bytes);
    is_new(id);
    secret_row_id(other_ring, "alice", &totp, id.bytes);
    is_new(id);
    totp.period = 60;
    secret_row_id(keyring, "alice", &totp, id.bytes);
    is_new(id);
    totp.secret[19] = 'x';
    secret_row_id(keyring, "alice", &totp, id.bytes);
    is_new(id);
    totp.length = 19;
    secret_row_id(keyring, "alice", &totp, id.bytes);
    is_new(id);
}

static void macs_cover_every_field(void **state) {
    (void)state;
    struct hash mac;
    static const unsigned char ids[2][16] = {"one", "two"};
    seen_count = 0;
    for (int i = 0; i < 2; i++)
        for (int64_t step = 1; step <= 3; step++) {
            step_mac(keyring, "alice", ids[i], step, mac.bytes);
            is_new(mac);
            step_mac(keyring, "bob", ids[i], step, mac.bytes);
            is_new(mac);
        }
    static const char *const networks[] = {"192.0.2.0/24", "192.0.3.0/24", "192.0.2.0/23", "2001:db8::/64"};
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        struct prefix network;
        assert_int_equal(prefix_parse(networks[i], &network), PREFIX_OK);
        network_mac(keyring, "alice", &network, 1000, mac.bytes);
        is_new(mac);
        network_mac(keyring, "alice", &network, 1001, mac.bytes);
        is_new(mac);
        network_mac(keyring, "bob", &network, 1000, mac.bytes);
        is_new(mac);
    }
    const struct app_password_limits limits[] = {
        {ids[0], ids[0], "imap", "", 0}, {ids[1], ids[0], "imap", "", 0},
        {ids[0], ids[1], "imap", "", 0}, {ids[0], ids[0], "imap smtp", "", 0},
        {ids[0], ids[0], "", "imap", 0}, {ids[0], ids[0], "imap", "192.0.2.0/24", 0},
        {ids[0], ids[0], "imap", "", 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        scope_mac(keyring, "alice", &limits[i], mac.bytes);
        is_new(mac);
        scope_mac(keyring, "bob", &limits[i], mac.bytes);
        is_new(mac);
    }
}

static void a_hash_is_found_where_it_stands(void **state) {
    (void)state;
    unsigned char list[8][KEYED_HASH_SIZE];
    for (int i = 0; i < 8; i++)
        keyed_hash_text(keyring, HASH_CODE, "alice", (char[]){(char)('0' + i), '\0'}, list[i]);
    for (size_t count = 0; count <= 8; count++)
        for (size_t i = 0; i < 8; i++) {
            unsigned char wanted[KEYED_HASH_SIZE];
            memcpy(wanted, list[i], sizeof wanted);
            assert_int_equal(keyed_hash_find(wanted, (const unsigned char(*)[KEYED_HASH_SIZE])list, count),
                             i < count ? i : count);
            wanted[KEYED_HASH_SIZE - 1] ^= 1;
            assert_false(keyed_hash_equal(wanted, list[i]));
            assert_int_equal(keyed_hash_find(wanted, (const unsigned char(*)[KEYED_HASH_SIZE])list, count), count);
        }
}

static void app_passwords_have_their_shape_and_differ(void **state) {
    (void)state;
    char before[APP_PASSWORD_SIZE] = "", password[APP_PASSWORD_SIZE], back[APP_PASSWORD_SIZE];
    char shown[APP_PASSWORD_SHOWN_SIZE];
    unsigned letters[256] = {0};
    for (int i = 0; i < 2000; i++) {
        app_password_generate(password);
        assert_int_equal(strlen(password), 16);
        assert_int_equal(strspn(password, "abcdefghijklmnopqrstuvwxyz234567"), 16);
        assert_string_not_equal(password, before);
        memcpy(before, password, sizeof before);
        for (const char *next = password; *next != '\0'; next++)
            letters[(unsigned char)*next]++;
        app_password_show(password, shown);
        assert_int_equal(strlen(shown), 19);
        assert_true(shown[4] == '-' && shown[9] == '-' && shown[14] == '-');
        assert_true(app_password_read(shown, back));
        assert_string_equal(back, password);
    }
    for (const char *next = "abcdefghijklmnopqrstuvwxyz234567"; *next != '\0'; next++)
        assert_in_range(letters[(unsigned char)*next], 750, 1250); /* 1,000 on average, deviation 31 */
}

static void typed_app_passwords_are_read_as_people_type_them(void **state) {
    (void)state;
    static const char *const good[] = {"abcdefghijklmnop", "ABCD-EFGH-IJKL-MNOP", " abcd efgh ijkl mnop ",
                                       "abcd--efghIJKLmnop"};
    static const char *const bad[] = {"",
                                      "abcdefghijklmno",
                                      "abcdefghijklmnopq",
                                      "abcdefghijklmno1",
                                      "abcdefghijklmno8",
                                      "abcd_efgh_ijkl_mnop",
                                      "abcdefghijklmno\t",
                                      "abcdefghijklmn\xc3\xa9",
                                      "abcd-efgh-ijkl-mnop-q"};
    struct {
        char password[APP_PASSWORD_SIZE];
        char behind[16];
    } place = {.behind = "untouched"};
    char *password = place.password;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(app_password_read(good[i], password));
        assert_string_equal(password, "abcdefghijklmnop");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(app_password_read(bad[i], password));
        assert_string_equal(password, "");
    }
    assert_false(app_password_read("abcdefghijklmnopabcdefghijklmnop", password));
    assert_string_equal(place.behind, "untouched");
}

static void recovery_codes_are_eight_digits_and_all_different(void **state) {
    (void)state;
    char codes[200][RECOVERY_CODE_SIZE];
    unsigned digits[10] = {0};
    recovery_codes_generate(codes, 200);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(strlen(codes[i]), 8);
        assert_int_equal(strspn(codes[i], "0123456789"), 8);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(codes[i], codes[j]);
        for (size_t j = 0; j < 8; j++)
            digits[codes[i][j] - '0']++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(digits[i], 80, 260); /* 160 on average, deviation 12 */
}

static void a_recovery_code_that_comes_twice_is_drawn_again(void **state) {
    (void)state;
    char codes[3][RECOVERY_CODE_SIZE];
    drawn = "12345678" "87654321" "12345678" "87654321" "12345679";
    recovery_codes_generate(codes, 3);
    assert_string_equal(drawn, "");
    drawn = NULL;
    assert_string_equal(codes[0], "12345678");
    assert_string_equal(codes[1], "87654321");
    assert_string_equal(codes[2], "12345679");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_purpose_account_and_text_all_count),
        cmocka_unit_test(long_names_are_not_cut),
        cmocka_unit_test(where_the_parts_end_counts),
        cmocka_unit_test(a_secrets_id_is_its_own_whenever_it_comes),
        cmocka_unit_test(macs_cover_every_field),
        cmocka_unit_test(a_hash_is_found_where_it_stands),
        cmocka_unit_test(app_passwords_have_their_shape_and_differ),
        cmocka_unit_test(typed_app_passwords_are_read_as_people_type_them),
        cmocka_unit_test(recovery_codes_are_eight_digits_and_all_different),
        cmocka_unit_test(a_recovery_code_that_comes_twice_is_drawn_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
