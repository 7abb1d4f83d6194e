/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/totp.o credential/keyring.o -loath -lsodium -Wl,--wrap=sodium_memzero */
/* Codes are RFC 6238's for all three hashes, and the step that matched is found in the window and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "credential/keyring.h"
#include "credential/totp.h"
#include "wipes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The secrets of RFC 6238, appendix B: the digits repeated to the hash's length. */
static struct totp rfc_secret(enum totp_hash hash) {
    static const size_t lengths[] = {[TOTP_SHA1] = 20, [TOTP_SHA256] = 32, [TOTP_SHA512] = 64};
    struct totp totp = {.hash = hash, .digits = 8, .period = 30, .length = lengths[hash]};
    for (size_t i = 0; i < totp.length; i++)
        totp.secret[i] = (unsigned char)"1234567890"[i % 10];
    return totp;
}

static void codes_are_those_of_rfc_6238(void **state) {
    (void)state;
    static const struct {
        int64_t now;
        const char *codes[TOTP_HASH_COUNT];
    } vectors[] = {
        {59, {"94287082", "46119246", "90693936"}},         {1111111109, {"07081804", "68084774", "25091201"}},
        {1111111111, {"14050471", "67062674", "99943326"}}, {1234567890, {"89005924", "91819424", "93441116"}},
        {2000000000, {"69279037", "90698825", "38618901"}}, {20000000000, {"65353130", "77737706", "47863826"}},
    };
    for (size_t i = 0; i < COUNT(vectors); i++)
        for (int hash = 0; hash < TOTP_HASH_COUNT; hash++) {
            struct totp totp = rfc_secret((enum totp_hash)hash);
            char code[TOTP_CODE_SIZE];
            int64_t step = -1;
            assert_true(totp_code(&totp, totp_step(&totp, vectors[i].now), code));
            assert_string_equal(code, vectors[i].codes[hash]);
            assert_true(totp_match(&totp, code, vectors[i].now, 0, &step));
            assert_int_equal(step, vectors[i].now / 30);
            totp.digits = 6;
            assert_true(totp_match(&totp, vectors[i].codes[hash] + 2, vectors[i].now, 0, &step));
        }
}

static void a_code_matches_in_its_window_only(void **state) {
    (void)state;
    struct totp totp = rfc_secret(TOTP_SHA1);
    for (int period = 30; period <= 60; period += 30) {
        totp.period = (unsigned)period;
        int64_t now = 1700000000;
        int64_t middle = totp_step(&totp, now);
        for (int64_t at = middle - 4; at <= middle + 4; at++)
            for (unsigned window = 0; window < 4; window++) {
                char code[TOTP_CODE_SIZE];
                int64_t step = -1;
                bool within = at >= middle - window && at <= middle + window;
                assert_true(totp_code(&totp, at, code));
                assert_int_equal(totp_match(&totp, code, now, window, &step), within);
                assert_int_equal(step, within ? at : -1);
            }
    }
}

static void steps_change_at_the_second_they_start(void **state) {
    (void)state;
    struct totp totp = rfc_secret(TOTP_SHA1);
    assert_int_equal(totp_step(&totp, 59), 1);
    assert_int_equal(totp_step(&totp, 60), 2);
    assert_int_equal(totp_step_starts(&totp, 2), 60);
    totp.period = 60;
    assert_int_equal(totp_step(&totp, 119), 1);
    assert_int_equal(totp_step_starts(&totp, 2), 120);
}

/* Two steps of one window may have the same code. The older one must not be the one that is consumed: the code would
 * match again as the newer. */
static void of_two_steps_with_one_code_the_newer_is_meant(void **state) {
    (void)state;
    struct totp totp = rfc_secret(TOTP_SHA1);
    totp.digits = 6;
    for (int64_t at = 0; at < 2000000; at++) {
        char code[TOTP_CODE_SIZE], next[TOTP_CODE_SIZE];
        assert_true(totp_code(&totp, at, code) && totp_code(&totp, at + 1, next));
        if (strcmp(code, next) != 0)
            continue;
        int64_t step = -1;
        assert_true(totp_match(&totp, code, totp_step_starts(&totp, at), 1, &step));
        assert_int_equal(step, at + 1);
        return;
    }
    fail_msg("no two neighbours with one code were found");
}

static void what_is_no_code_matches_nothing(void **state) {
    (void)state;
    static const char *const codes[] = {"",         "9428708",  "942870820", "94287082 ", " 94287082", "9428708a",
                                        "+4287082", "-4287082", "287082",    "94 28 70",  "94287083"};
    struct totp totp = rfc_secret(TOTP_SHA1);
    for (size_t i = 0; i < COUNT(codes); i++) {
        int64_t step = -7;
        assert_false(totp_match(&totp, codes[i], 59, 1, &step));
        assert_int_equal(step, -7);
    }
}

static void early_times_and_wide_windows_do_no_harm(void **state) {
    (void)state;
    struct totp totp = rfc_secret(TOTP_SHA1);
    int64_t step = -1;
    char code[TOTP_CODE_SIZE];
    assert_false(totp_match(&totp, "94287082", -1, 1, &step));
    assert_false(totp_match(&totp, "94287082", 59, TOTP_WINDOW_LIMIT + 1, &step));
    assert_true(totp_match(&totp, "94287082", 59, TOTP_WINDOW_LIMIT, &step));
    assert_true(totp_match(&totp, "94287082", 0, 1, &step));
    assert_int_equal(step, 1);
    assert_false(totp_code(&totp, -1, code));
    assert_string_equal(code, "");
}

static void impossible_parameters_make_no_codes(void **state) {
    (void)state;
    struct totp good = rfc_secret(TOTP_SHA1);
    struct totp bad[] = {good, good, good, good, good, good};
    bad[0].digits = 7;
    bad[1].period = 0;
    bad[2].length = TOTP_SECRET_REFUSED - 1;
    bad[3].length = TOTP_SECRET_LIMIT + 1;
    bad[4].hash = TOTP_HASH_COUNT;
    bad[5].period = 31;
    assert_true(totp_valid(&good));
    for (size_t i = 0; i < COUNT(bad); i++) {
        char code[TOTP_CODE_SIZE];
        int64_t step = -1;
        assert_false(totp_match(&bad[i], "94287082", 59, 1, &step));
        assert_false(totp_match(&bad[i], "4287082", 59, 1, &step));
        assert_int_equal(step, -1);
        assert_false(totp_valid(&bad[i]));
        assert_false(totp_code(&bad[i], 1, code));
    }
}

static void the_codes_that_a_match_makes_are_wiped(void **state) {
    (void)state;
    static const char *const window[] = {"94287082", "37359152", "84755224"}; /* steps 1, 2 and 0 */
    struct totp totp = rfc_secret(TOTP_SHA1);
    int64_t step;
    for (size_t i = 0; i < COUNT(window); i++) {
        wipes_watch(window[i], 8);
        assert_true(totp_match(&totp, "94287082", 59, 1, &step));
        assert_int_equal(wipes.count, 1);
    }
    wipes_watch(NULL, 0);
}

static void new_secrets_have_160_bits_and_differ(void **state) {
    (void)state;
    struct totp one, other;
    totp_generate(&one);
    totp_generate(&other);
    assert_true(totp_valid(&one));
    assert_int_equal(one.length * 8, 160);
    assert_memory_not_equal(one.secret, other.secret, one.length);
    totp_wipe(&one);
    assert_int_equal(one.length, 0);
    assert_memory_equal(one.secret, (unsigned char[20]){0}, 20);
}

static int start(void **state) {
    (void)state;
    return credential_start() ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_rfc_6238),
        cmocka_unit_test(a_code_matches_in_its_window_only),
        cmocka_unit_test(steps_change_at_the_second_they_start),
        cmocka_unit_test(of_two_steps_with_one_code_the_newer_is_meant),
        cmocka_unit_test(what_is_no_code_matches_nothing),
        cmocka_unit_test(early_times_and_wide_windows_do_no_harm),
        cmocka_unit_test(impossible_parameters_make_no_codes),
        cmocka_unit_test(the_codes_that_a_match_makes_are_wiped),
        cmocka_unit_test(new_secrets_have_160_bits_and_differ),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
