/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/seed.o credential/seed_files.o credential/totp.o credential/keyring.o -loath -lsodium -Wl,--wrap=sodium_memzero */
/* Seeds of other programs are read with their parameters, short ones refused or flagged (D11), and what cannot go on
 * here is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "credential/keyring.h"
#include "credential/seed_files.h"
#include "wipes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define B32_160      "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* 12345678901234567890 */
#define B32_128      "GEZDGNBVGY3TQOJQGEZDGNBVGY"       /* 1234567890123456 */
#define B32_120      "GEZDGNBVGY3TQOJQGEZDGNBV"
#define HEX_160      "3132333435363738393031323334353637383930"

static int start(void **state) {
    (void)state;
    return credential_start() ? 0 : -1;
}

static void is_the_rfc_secret(const struct seed *seed) {
    assert_int_equal(seed->totp.length, 20);
    assert_memory_equal(seed->totp.secret, "12345678901234567890", 20);
}

static void nothing_is_left(const struct seed *seed) {
    static const struct seed empty;
    assert_memory_equal(seed, &empty, sizeof empty);
}

struct reading {
    const char *text;
    enum seed_fault fault;
};

static void reads(enum seed_fault (*read)(const char *, struct seed *), const struct reading *readings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct seed seed;
        memset(&seed, 'x', sizeof seed);
        enum seed_fault fault = read(readings[i].text, &seed);
        if (fault != readings[i].fault)
            fail_msg("\"%s\": %s", readings[i].text, seed_fault_text(fault));
        if (!seed_usable(fault))
            nothing_is_left(&seed);
        else
            assert_true(totp_valid(&seed.totp));
    }
}

static void base32_is_read_as_people_write_it(void **state) {
    (void)state;
    static const struct reading readings[] = {
        {B32_160, SEED_OK},
        {"gezd gnbv gy3t qojq gezd gnbv gy3t qojq", SEED_OK},
        {"GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ\n", SEED_OK},
        {B32_128, SEED_WEAK},
        {B32_128 "======", SEED_WEAK},
        {B32_120, SEED_TOO_SHORT},
        {"JBSWY3DPEHPK3PXP", SEED_TOO_SHORT},
        {"", SEED_SYNTAX},
        {"   ", SEED_SYNTAX},
        {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", SEED_SYNTAX},
        {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQO!Q", SEED_SYNTAX},
    };
    reads(seed_from_base32, readings, COUNT(readings));
    struct seed seed;
    assert_int_equal(seed_from_base32(readings[1].text, &seed), SEED_OK);
    is_the_rfc_secret(&seed);
    assert_int_equal(seed.totp.digits, 6);
    assert_int_equal(seed.totp.period, 30);
}

static void hex_is_read_as_people_write_it(void **state) {
    (void)state;
    static const struct reading readings[] = {
        {HEX_160, SEED_OK},
        {"31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 37 38 39 30", SEED_OK},
        {"31:32:33:34:35:36:37:38:39:30:31:32:33:34:35:36:37:38:39:30", SEED_OK},
        {"0123456789abcdefABCDEF0123456789", SEED_WEAK},
        {"0123456789abcdef0123456789abcd", SEED_TOO_SHORT},
        {"0123456789abcdef0123456789abcde", SEED_SYNTAX},
        {"0123456789abcdef0123456789abcdeg", SEED_SYNTAX},
        {"", SEED_SYNTAX},
    };
    reads(seed_from_hex, readings, COUNT(readings));
    struct seed seed;
    assert_int_equal(seed_from_hex(readings[2].text, &seed), SEED_OK);
    is_the_rfc_secret(&seed);
}

static void what_is_too_long_is_refused(void **state) {
    (void)state;
    static char text[2000];
    struct seed seed;
    for (size_t length = 1; length < sizeof text; length++) {
        memset(text, 'A', length);
        text[length] = '\0';
        enum seed_fault base32 = seed_from_base32(text, &seed);
        assert_true(length <= TOTP_SECRET_LIMIT * 8 / 5 + 1 || !seed_usable(base32));
        enum seed_fault hex = seed_from_hex(text, &seed);
        assert_true(length <= TOTP_SECRET_LIMIT * 2 || !seed_usable(hex));
    }
    memset(text, 'A', 2 * TOTP_SECRET_LIMIT + 2);
    text[2 * TOTP_SECRET_LIMIT + 2] = '\0';
    assert_int_equal(seed_from_hex(text, &seed), SEED_TOO_LONG);
    text[(TOTP_SECRET_LIMIT / 5 + 1) * 8] = '\0';
    assert_int_equal(seed_from_base32(text, &seed), SEED_TOO_LONG);
    memset(text, '1', 2 * TOTP_SECRET_LIMIT);
    text[2 * TOTP_SECRET_LIMIT] = '\0';
    assert_int_equal(seed_from_hex(text, &seed), SEED_OK);
    assert_int_equal(seed.totp.length, TOTP_SECRET_LIMIT);
}

static void uris_are_read_with_their_parameters(void **state) {
    (void)state;
    static const struct reading readings[] = {
        {"otpauth://totp/alice?secret=" B32_160, SEED_OK},
        {"OTPAUTH://TOTP/alice?SECRET=" B32_160, SEED_OK},
        {"otpauth://totp/alice?secret=" B32_128, SEED_WEAK},
        {"otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP", SEED_TOO_SHORT},
        {"otpauth://totp/alice?secret=" B32_160 "&digits=7", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&digits=", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&digits=6x", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&period=2:", SEED_PARAMETERS}, /* the character after 9: 30? */
        {"otpauth://totp/alice?secret=" B32_160 "&period=15", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&period=99999999999", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&algorithm=MD5", SEED_PARAMETERS},
        {"otpauth://totp/alice?secret=" B32_160 "&image=https%3A%2F%2Fexample.org%2Fx.png", SEED_OK},
        {"otpauth://totp/alice?secret=" B32_160 "&&", SEED_OK},
        {"otpauth://totp/alice?secret=" B32_160 "&issuer", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&issuer=%zz", SEED_SYNTAX},
        {"otpauth://totp/ali%0Ace?secret=" B32_160, SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_128 "%3D%3D%3D%3D%3D%3D&digits=8", SEED_WEAK},
        {"otpauth://totp/alice?secret=" B32_160 "%3", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&secret=" B32_128, SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&digits=6&DIGITS=8", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&period=30&period=30", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&algorithm=SHA1&algorithm=SHA256", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&amp;digits=8", SEED_SYNTAX},
        {"otpauth://totp/alice?secret=" B32_160 "&image=x&image=y", SEED_OK},
        {"otpauth://totp/ali%2?secret=" B32_160, SEED_SYNTAX},
        {"otpauth://totp/ali%4zce?secret=" B32_160, SEED_SYNTAX},
        {"otpauth://totp/alice?issuer=x", SEED_SYNTAX},
        {"otpauth://totp/alice", SEED_SYNTAX},
        {"otpauth://totp?secret=" B32_160, SEED_SYNTAX},
        {"otpauth://hotp/alice?secret=" B32_160 "&counter=1", SEED_COUNTER},
        {"otpauth://steam/alice?secret=" B32_160, SEED_SYNTAX},
        {"https://totp/alice?secret=" B32_160, SEED_SYNTAX},
        {"", SEED_SYNTAX},
    };
    reads(seed_from_uri, readings, COUNT(readings));
    struct seed seed;
    assert_int_equal(seed_from_uri("otpauth://totp/Example%20Ltd%3A%20alice%40example.org?period=60&digits=8"
                                   "&algorithm=sha256&secret=" B32_160 "&issuer=Example%20Ltd",
                                   &seed),
                     SEED_OK);
    is_the_rfc_secret(&seed);
    assert_string_equal(seed.account, "alice@example.org");
    assert_string_equal(seed.issuer, "Example Ltd");
    assert_int_equal(seed.totp.period, 60);
    assert_int_equal(seed.totp.digits, 8);
    assert_int_equal(seed.totp.hash, TOTP_SHA256);
    assert_int_equal(seed_from_uri("otpauth://totp/alice?secret=" B32_160, &seed), SEED_OK);
    assert_string_equal(seed.account, "alice");
    assert_string_equal(seed.issuer, "");
}

static void an_issuer_that_does_not_fit_is_refused(void **state) {
    (void)state;
    struct seed seed;
    char issuer[sizeof seed.issuer + 1], text[sizeof issuer + 128];
    for (size_t length = sizeof seed.issuer - 1; length <= sizeof seed.issuer; length++) {
        memset(issuer, 'i', length);
        issuer[length] = '\0';
        enum seed_fault expected = length < sizeof seed.issuer ? SEED_OK : SEED_SYNTAX;
        snprintf(text, sizeof text, "otpauth://totp/%s:alice?secret=" B32_160, issuer);
        assert_int_equal(seed_from_uri(text, &seed), expected);
        snprintf(text, sizeof text, "otpauth://totp/alice?secret=" B32_160 "&issuer=%s", issuer);
        assert_int_equal(seed_from_uri(text, &seed), expected);
    }
}

/* How often what held `secret` was wiped since wipes_watch. */
static unsigned wiped(void) {
    unsigned count = wipes.count;
    wipes_watch(NULL, 0);
    return count;
}

static void no_copy_of_a_secret_stays_on_the_way(void **state) {
    (void)state;
    static const char rfc[] = "12345678901234567890";
    struct seed seed;
    char text[256];
    struct buffer out;
    wipes_watch(rfc, 20);
    assert_int_equal(seed_from_base32(B32_160, &seed), SEED_OK);
    assert_int_equal(wiped(), 1); /* the decoder's bytes */
    wipes_watch(B32_160, 32);
    assert_int_equal(seed_from_uri("otpauth://totp/alice?secret=" B32_160, &seed), SEED_OK);
    assert_int_equal(wiped(), 2); /* without its escapes, and without what is between its groups */
    wipes_watch(rfc, 20);
    assert_int_equal(seed_from_hex(HEX_160, &seed), SEED_OK);
    assert_int_equal(wiped(), 1);
    wipes_watch(HEX_160, 40);
    assert_int_equal(seed_from_hex(HEX_160, &seed), SEED_OK);
    assert_int_equal(wiped(), 1);
    buffer_init(&out, text, sizeof text);
    wipes_watch(B32_160, 32);
    assert_true(seed_write_uri(&seed.totp, "alice", "", &out));
    assert_int_equal(wiped(), 1); /* the encoder's text */
}

static void written_uris_are_read_again(void **state) {
    (void)state;
    static const char *const accounts[] = {"alice@example.org", "a+b c:d/e?f&g=h%i", "\xc3\xa4rger"};
    for (size_t i = 0; i < COUNT(accounts); i++)
        for (int hash = 0; hash < TOTP_HASH_COUNT; hash++) {
            struct totp totp = {.hash = (enum totp_hash)hash, .digits = i % 2 ? 6 : 8, .period = 60, .length = 20 + i};
            struct seed seed;
            char storage[600];
            struct buffer uri;
            memset(totp.secret, 'a' + hash, totp.length);
            buffer_init(&uri, storage, sizeof storage);
            assert_true(seed_write_uri(&totp, accounts[i], "Mail & more", &uri));
            assert_int_equal(seed_from_uri(storage, &seed), SEED_OK);
            assert_memory_equal(&seed.totp, &totp, sizeof totp);
            assert_string_equal(seed.account, accounts[i]);
            assert_string_equal(seed.issuer, "Mail & more");
            buffer_init(&uri, storage, 40);
            assert_false(seed_write_uri(&totp, accounts[i], "Mail & more", &uri));
        }
}

static void lines_of_pam_oath_are_read(void **state) {
    (void)state;
    static const struct reading readings[] = {
        {"HOTP/T30\talice\t-\t" HEX_160, SEED_OK},
        {"HOTP/T30/6 alice - " HEX_160 " 5 123456 2026-01-02T03:04:05L", SEED_OK},
        {"HOTP/T60/8 alice + " HEX_160 "\r", SEED_OK},
        {"HOTP/T30 alice - 00010203040506070809101112131415", SEED_WEAK},
        {"HOTP/T30 alice - 00", SEED_TOO_SHORT},
        {"HOTP/T30 alice 1234 " HEX_160, SEED_PIN},
        {"HOTP/T30 alice -", SEED_SYNTAX},
        {"HOTP/T30 alice - zz", SEED_SYNTAX},
        {"HOTP/T15 alice - " HEX_160, SEED_PARAMETERS},
        {"HOTP/T30/7 alice - " HEX_160, SEED_PARAMETERS},
        {"HOTP alice - " HEX_160, SEED_COUNTER},
        {"HOTP/E/6 alice - " HEX_160, SEED_COUNTER},
        {"MOTP alice - " HEX_160, SEED_SYNTAX},
        {"", SEED_EMPTY},
        {"   ", SEED_EMPTY},
        {"# a comment", SEED_EMPTY},
    };
    reads(seed_from_users_line, readings, COUNT(readings));
    struct seed seed;
    assert_int_equal(seed_from_users_line(readings[2].text, &seed), SEED_OK);
    is_the_rfc_secret(&seed);
    assert_string_equal(seed.account, "alice");
    assert_int_equal(seed.totp.period, 60);
    assert_int_equal(seed.totp.digits, 8);
}

static void files_of_google_authenticator_are_read(void **state) {
    (void)state;
    static const struct reading readings[] = {
        {B32_160 "\n\" TOTP_AUTH\n", SEED_OK},
        {B32_128
         "\n\" RATE_LIMIT 3 30 1700000000\n\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 1 2 3\n\" TOTP_AUTH\n12345678\n",
         SEED_WEAK},
        {B32_160 "\r\n\" TOTP_AUTH\r\n12345678\r\n", SEED_OK},
        {B32_160 "\n\" STEP_SIZE 60\n\" TOTP_AUTH", SEED_OK},
        {B32_160 "\n\" STEP_SIZE 45\n\" TOTP_AUTH", SEED_PARAMETERS},
        {B32_160 "\n\" TOTP_AUTH\n\" TIME_SKEW -1\n12345678\n", SEED_OK},
        {B32_160 "\n\" RESETTING_TIME_SKEW 55+7 56+7\n\" TIME_SKEW 0\n\" TOTP_AUTH\n", SEED_OK},
        {B32_160 "\n\" TOTP_AUTH\n\" TIME_SKEW 2\n", SEED_SKEW},
        {B32_160 "\n\" TIME_SKEW -7\r\n\" TOTP_AUTH\n", SEED_SKEW},
        {B32_160 "\n\" HOTP_COUNTER 1\n", SEED_COUNTER},
        {B32_160 "\n", SEED_COUNTER},
        {"JBSWY3DPEHPK3PXP\n\" TOTP_AUTH\n", SEED_TOO_SHORT},
        {B32_160 "\n\" TOTP_AUTH\nnot a code\n", SEED_SYNTAX},
        {"", SEED_SYNTAX},
        {"\" TOTP_AUTH\n", SEED_SYNTAX},
    };
    reads(seed_from_google, readings, COUNT(readings));
    struct seed seed;
    assert_int_equal(seed_from_google(B32_160 "\n\" TOTP_AUTH\n\" STEP_SIZE 60\n12345678\n87654321\n", &seed), SEED_OK);
    is_the_rfc_secret(&seed);
    assert_int_equal(seed.totp.period, 60);
    assert_int_equal(seed.recovery_count, 2);
    assert_string_equal(seed.recovery[1], "87654321");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base32_is_read_as_people_write_it),
        cmocka_unit_test(hex_is_read_as_people_write_it),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(uris_are_read_with_their_parameters),
        cmocka_unit_test(an_issuer_that_does_not_fit_is_refused),
        cmocka_unit_test(no_copy_of_a_secret_stays_on_the_way),
        cmocka_unit_test(written_uris_are_read_again),
        cmocka_unit_test(lines_of_pam_oath_are_read),
        cmocka_unit_test(files_of_google_authenticator_are_read),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
