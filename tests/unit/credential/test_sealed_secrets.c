/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/sealed.o credential/totp.o credential/keyring.o -loath -lsodium -Wl,--wrap=sodium_memzero */
/* A sealed secret opens for its own account, kind and row under its own key, whole, and for nothing else (G8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "credential/keyring.h"
#include "credential/sealed.h"
#include "wipes.h"

static struct keyring *keyring;
static const unsigned char id[SEALED_ID_SIZE] = "0123456789abcde";
static const struct seal_binding alice = {.account = "alice@example.org", .kind = "totp", .id = id};

static int start(void **state) {
    (void)state;
    static const unsigned char block[KEY_BLOCK_SIZE] = "the tests' first key";
    if (!credential_start())
        return -1;
    keyring = keyring_make(block, sizeof block);
    return keyring == NULL ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    keyring_free(&keyring);
    return 0;
}

static struct sealed sealed_text(const char *text) {
    struct sealed sealed;
    assert_true(sealed_seal(keyring, &alice, text, strlen(text), &sealed));
    return sealed;
}

static void what_was_sealed_opens_again(void **state) {
    (void)state;
    struct sealed_plain plain;
    struct sealed sealed = sealed_text("twelve bytes");
    assert_int_equal(sealed.length, 12 + SEALED_OVERHEAD);
    assert_int_equal(sealed_key(sealed.bytes, sealed.length), keyring_current(keyring));
    assert_true(sealed_open(keyring, &alice, sealed.bytes, sealed.length, &plain));
    assert_int_equal(plain.length, 12);
    assert_memory_equal(plain.bytes, "twelve bytes", 12);
    struct sealed again = sealed_text("twelve bytes");
    assert_memory_not_equal(sealed.bytes, again.bytes, sealed.length);
}

static void another_account_kind_or_row_opens_nothing(void **state) {
    (void)state;
    static const unsigned char other_id[SEALED_ID_SIZE] = "0123456789abcdf";
    const struct seal_binding others[] = {
        {.account = "alice@example.orh", .kind = "totp", .id = id},
        {.account = "alice@example.org", .kind = "totq", .id = id},
        {.account = "bob@example.org", .kind = "totp", .id = id},
        {.account = "alice@example.orgtotp", .kind = "", .id = id},
        {.account = "alice@example.org", .kind = "key", .id = id},
        {.account = "alice@example.org", .kind = "totp", .id = other_id},
        {.account = "", .kind = "totp", .id = id},
    };
    struct sealed sealed = sealed_text("a secret");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct sealed_plain plain = {.length = 1, .bytes = "x"};
        assert_false(sealed_open(keyring, &others[i], sealed.bytes, sealed.length, &plain));
        assert_int_equal(plain.length, 0);
        assert_int_equal(plain.bytes[0], 0);
    }
}

static void every_changed_bit_and_every_missing_byte_is_noticed(void **state) {
    (void)state;
    struct sealed_plain plain;
    struct sealed sealed = sealed_text("a secret");
    for (size_t bit = 0; bit < sealed.length * 8; bit++) {
        struct sealed changed = sealed;
        changed.bytes[bit / 8] = (unsigned char)(changed.bytes[bit / 8] ^ 1U << bit % 8);
        assert_false(sealed_open(keyring, &alice, changed.bytes, changed.length, &plain));
    }
    for (size_t length = 0; length < sealed.length; length++)
        assert_false(sealed_open(keyring, &alice, sealed.bytes, length, &plain));
    assert_true(sealed_open(keyring, &alice, sealed.bytes, sealed.length, &plain));
}

static void an_older_key_still_opens_and_a_retired_one_does_not(void **state) {
    (void)state;
    unsigned char blocks[4][KEY_BLOCK_SIZE] = {"new", "the tests' first key", "older", "hash"};
    struct sealed_plain plain;
    struct sealed old = sealed_text("a secret"), fresh;
    struct keyring *rotated = keyring_make(blocks[0], sizeof blocks);
    assert_non_null(rotated);
    assert_int_equal(keyring_count(rotated), 3);
    assert_true(keyring_has(rotated, keyring_current(keyring)));
    assert_true(keyring_current(rotated) != keyring_current(keyring));
    assert_true(sealed_open(rotated, &alice, old.bytes, old.length, &plain));
    assert_true(sealed_seal(rotated, &alice, plain.bytes, plain.length, &fresh));
    assert_int_equal(sealed_key(fresh.bytes, fresh.length), keyring_current(rotated));
    keyring_free(&rotated);
    memcpy(blocks[1], blocks[3], KEY_BLOCK_SIZE);
    rotated = keyring_make(blocks[0], 2 * KEY_BLOCK_SIZE);
    assert_false(sealed_open(rotated, &alice, old.bytes, old.length, &plain));
    assert_true(sealed_open(rotated, &alice, fresh.bytes, fresh.length, &plain));
    keyring_free(&rotated);
}

static void a_key_id_of_another_key_opens_nothing(void **state) {
    (void)state;
    unsigned char blocks[3][KEY_BLOCK_SIZE] = {"new", "the tests' first key", "hash"};
    struct sealed_plain plain;
    struct sealed old = sealed_text("a secret"), fresh;
    struct keyring *rotated = keyring_make(blocks[0], sizeof blocks);
    assert_true(sealed_seal(rotated, &alice, "x", 1, &fresh));
    memcpy(old.bytes, fresh.bytes, 8);
    assert_false(sealed_open(rotated, &alice, old.bytes, old.length, &plain));
    keyring_free(&rotated);
}

static void secrets_keep_their_parameters(void **state) {
    (void)state;
    for (size_t length = TOTP_SECRET_REFUSED; length <= TOTP_SECRET_LIMIT; length++) {
        struct totp totp = {.hash = (enum totp_hash)(length % 3), .digits = length % 2 ? 6 : 8, .period = 60}, back;
        struct sealed sealed;
        totp.length = length;
        memset(totp.secret, (int)length, length);
        assert_true(totp_seal(keyring, "alice", id, &totp, &sealed));
        assert_true(totp_open(keyring, "alice", id, &sealed, &back));
        assert_memory_equal(&totp, &back, sizeof totp);
        assert_false(totp_open(keyring, "bob", id, &sealed, &back));
        assert_int_equal(back.length, 0);
    }
}

static void no_copy_of_a_secret_is_left(void **state) {
    (void)state;
    struct totp totp = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 20, .secret = "a secret of twenty b"};
    struct totp back;
    struct sealed sealed;
    wipes_watch("a secret of twenty b", 20);
    assert_true(totp_seal(keyring, "alice", id, &totp, &sealed));
    assert_int_equal(wipes.count, 1);
    memset(&back, 0, sizeof back);
    wipes_watch("a secret of twenty b", 20);
    assert_true(totp_open(keyring, "alice", id, &sealed, &back));
    assert_int_equal(wipes.count, 1);
    static const unsigned char other_format[] = "\2\0\6\36a secret of twenty b";
    const struct seal_binding binding = {.account = "alice", .kind = "totp", .id = id};
    assert_true(sealed_seal(keyring, &binding, other_format, 24, &sealed));
    wipes_watch("a secret of twenty b", 20);
    assert_false(totp_open(keyring, "alice", id, &sealed, &back)); /* and the one that `back` held */
    assert_int_equal(wipes.count, 2);
    wipes_watch(NULL, 0);
}

static void an_account_too_long_to_be_bound_seals_nothing(void **state) {
    (void)state;
    char account[600];
    memset(account, 'a', sizeof account);
    struct seal_binding binding = {.account = account, .kind = "totp", .id = id};
    for (size_t length = 320; length < sizeof account; length++) {
        struct sealed sealed = {.length = 7};
        struct sealed_plain plain;
        account[length] = '\0';
        bool fits = length <= 452; /* of 512 bytes: key, kind, id and four lengths take 60 */
        assert_int_equal(sealed_seal(keyring, &binding, "x", 1, &sealed), fits);
        assert_int_equal(sealed.length, fits ? SEALED_OVERHEAD + 1 : 0);
        if (fits)
            assert_true(sealed_open(keyring, &binding, sealed.bytes, sealed.length, &plain));
        account[length] = 'a';
    }
}

static void nothing_can_be_sealed_too(void **state) {
    (void)state;
    struct sealed sealed = sealed_text("");
    struct sealed_plain plain;
    assert_int_equal(sealed.length, SEALED_OVERHEAD);
    assert_true(sealed_open(keyring, &alice, sealed.bytes, sealed.length, &plain));
    assert_int_equal(plain.length, 0);
    assert_int_equal(sealed_key(sealed.bytes, SEALED_OVERHEAD - 1), 0);
}

static void what_is_no_secret_is_not_sealed_nor_opened(void **state) {
    (void)state;
    struct totp totp = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 15}, back;
    struct sealed sealed;
    const struct seal_binding binding = {.account = "alice", .kind = "totp", .id = id};
    static const unsigned char plains[][24] = {
        {2, 0, 6, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
        {1, 3, 6, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
        {1, 0, 7, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
    };
    assert_false(totp_seal(keyring, "alice", id, &totp, &sealed));
    for (size_t i = 0; i < sizeof plains / sizeof plains[0]; i++) {
        assert_true(sealed_seal(keyring, &binding, plains[i], sizeof plains[i], &sealed));
        assert_false(totp_open(keyring, "alice", id, &sealed, &back));
    }
    unsigned char long_plain[SEALED_LIMIT] = {1, 0, 6, 30};
    static const size_t lengths[] = {0, 1, 3, 4, 4 + TOTP_SECRET_REFUSED - 1, 4 + TOTP_SECRET_LIMIT + 1,
                                     SEALED_LIMIT - SEALED_OVERHEAD};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_true(sealed_seal(keyring, &binding, long_plain, lengths[i], &sealed));
        assert_false(totp_open(keyring, "alice", id, &sealed, &back));
        assert_int_equal(back.length, 0);
    }
    assert_true(sealed_seal(keyring, &binding, long_plain, 4 + TOTP_SECRET_LIMIT, &sealed));
    assert_true(totp_open(keyring, "alice", id, &sealed, &back));
    assert_false(sealed_seal(keyring, &binding, long_plain, SEALED_LIMIT - SEALED_OVERHEAD + 1, &sealed));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_again),
        cmocka_unit_test(another_account_kind_or_row_opens_nothing),
        cmocka_unit_test(every_changed_bit_and_every_missing_byte_is_noticed),
        cmocka_unit_test(an_older_key_still_opens_and_a_retired_one_does_not),
        cmocka_unit_test(a_key_id_of_another_key_opens_nothing),
        cmocka_unit_test(secrets_keep_their_parameters),
        cmocka_unit_test(no_copy_of_a_secret_is_left),
        cmocka_unit_test(an_account_too_long_to_be_bound_seals_nothing),
        cmocka_unit_test(nothing_can_be_sealed_too),
        cmocka_unit_test(what_is_no_secret_is_not_sealed_nor_opened),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
