/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/code.o credential/keyed_hash.o credential/totp.o credential/keyring.o -loath -lsodium */
/* How many characters are cut off a password's end, in DESIGN 4's order, and what the cut code is at commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "credential/code.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW          1700000000

struct row {
    const char *story;
    struct code_facts facts;
    unsigned cut;
    enum code_kind kind; /* of a code cut in that length */
};

static const struct row rows[] = {
    {"no second factor at all", {.digits = 6, .code_digits = 6, .enforced = true}, 0, CODE_NONE},
    {"not enrolled, a password that is a date", {.digits = 8, .code_digits = 6}, 0, CODE_NONE},
    {"not enrolled, whatever else is said",
     {.digits = 8, .code_digits = 6, .enforced = true, .step_matched = true, .known = true, .recovery_unused = true},
     0,
     CODE_NONE},
    {"password and fresh code",
     {.enrolled = true, .enforced = true, .digits = 6, .code_digits = 6, .step_matched = true},
     6,
     CODE_STEP},
    {"the same from a remembered network",
     {.enrolled = true, .enforced = true, .network_passes = true, .digits = 6, .code_digits = 6, .step_matched = true},
     6,
     CODE_STEP},
    {"a fresh code of 8 digits",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 8, .step_matched = true},
     8,
     CODE_STEP},
    {"a password that ends in digits, and a fresh code",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 6, .step_matched = true},
     6,
     CODE_STEP},
    {"the stored password and code from a remembered network",
     {.enrolled = true, .enforced = true, .network_passes = true, .digits = 6, .code_digits = 6, .known = true},
     6,
     CODE_KNOWN},
    {"the stored password and code from elsewhere",
     {.enrolled = true, .enforced = true, .digits = 6, .code_digits = 6, .known = true},
     6,
     CODE_KNOWN},
    {"a code that is known and still in its window",
     {.enrolled = true, .enforced = true, .digits = 6, .code_digits = 6, .known = true, .step_matched = true},
     6,
     CODE_STEP},
    {"a code that is known and still in its window, from a remembered network",
     {.enrolled = true,
      .enforced = true,
      .network_passes = true,
      .digits = 6,
      .code_digits = 6,
      .known = true,
      .step_matched = true},
     6,
     CODE_KNOWN},
    {"the bare password from a remembered network",
     {.enrolled = true, .enforced = true, .network_passes = true, .digits = 0, .code_digits = 6},
     0,
     CODE_NONE},
    {"a bare password that ends in digits from a remembered network",
     {.enrolled = true, .enforced = true, .network_passes = true, .digits = 6, .code_digits = 6},
     0,
     CODE_NONE},
    {"the bare password from elsewhere",
     {.enrolled = true, .enforced = true, .digits = 0, .code_digits = 6},
     0,
     CODE_NONE},
    {"a bare password that ends in two digits",
     {.enrolled = true, .enforced = true, .digits = 2, .code_digits = 6},
     0,
     CODE_NONE},
    {"a wrong code", {.enrolled = true, .enforced = true, .digits = 6, .code_digits = 6}, 6, CODE_WRONG},
    {"seven digits, none a code", {.enrolled = true, .enforced = true, .digits = 7, .code_digits = 6}, 6, CODE_WRONG},
    {"six digits where eight are asked",
     {.enrolled = true, .enforced = true, .digits = 6, .code_digits = 8},
     0,
     CODE_NONE},
    {"before `from`: unknown digits are the password's own",
     {.enrolled = true, .digits = 6, .code_digits = 6},
     0,
     CODE_NONE},
    {"before `from`: a fresh code is taken all the same",
     {.enrolled = true, .digits = 6, .code_digits = 6, .step_matched = true},
     6,
     CODE_STEP},
    {"before `from`: a known code too",
     {.enrolled = true, .digits = 6, .code_digits = 6, .known = true},
     6,
     CODE_KNOWN},
    {"a recovery code",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 6, .recovery_unused = true},
     8,
     CODE_RECOVERY},
    {"a recovery code whose last six happen to be a code",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 6, .recovery_unused = true, .step_matched = true},
     8,
     CODE_RECOVERY},
    {"a recovery code where codes have 8 digits",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 8, .recovery_unused = true},
     8,
     CODE_RECOVERY},
    {"a used recovery code is cut as any code",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 6, .recovery_used = true},
     6,
     CODE_WRONG},
    {"a used recovery code where codes have 8 digits",
     {.enrolled = true, .enforced = true, .digits = 8, .code_digits = 8, .recovery_used = true},
     8,
     CODE_RECOVERY},
};

static void each_story_has_its_cut_and_its_kind(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned cut = code_cut(&rows[i].facts);
        enum code_kind kind = code_judge(&rows[i].facts, cut);
        if (cut != rows[i].cut || kind != rows[i].kind)
            fail_msg("%s: cut %u, %s", rows[i].story, cut, code_kind_name(kind));
    }
}

/* A repeat brings the cut of the first begin with it, and anybody may send any. */
static void a_cut_that_comes_back_is_judged_as_it_is(void **state) {
    (void)state;
    const struct code_facts consumed = {
        .enrolled = true, .enforced = true, .digits = 8, .code_digits = 6, .recovery_used = true};
    const struct code_facts fresh = {
        .enrolled = true, .enforced = true, .digits = 6, .code_digits = 6, .step_matched = true};
    const struct code_facts nothing_typed = {
        .enrolled = true, .enforced = true, .digits = 5, .code_digits = 6, .step_matched = true};
    assert_int_equal(code_judge(&nothing_typed, 6), CODE_WRONG);
    const struct code_facts gone = {.digits = 6, .code_digits = 6, .step_matched = true};
    assert_int_equal(code_judge(&consumed, 8), CODE_RECOVERY); /* settling knows the ref */
    assert_int_equal(code_judge(&fresh, 6), CODE_STEP);
    assert_int_equal(code_judge(&fresh, 8), CODE_WRONG);
    assert_int_equal(code_judge(&gone, 6), CODE_WRONG);
    for (unsigned cut = 1; cut < 20; cut++)
        if (cut != 6)
            assert_int_equal(code_judge(&fresh, cut), CODE_WRONG);
    assert_int_equal(code_judge(&fresh, 0), CODE_NONE);
}

/* DESIGN 4's sentence as a list of (holds, answer), asked in order; every combination of facts is tried. */
static unsigned cut_by_the_sentence(const struct code_facts *f) {
    const struct {
        bool holds;
        unsigned cut;
    } sentence[] = {
        {!f->enrolled, 0},
        {f->recovery_unused && f->digits >= 8, 8},
        {(f->step_matched || f->known) && f->digits >= f->code_digits, f->code_digits},
        {f->network_passes, 0},
        {!f->enforced, 0},
        {f->digits >= f->code_digits, f->code_digits},
        {true, 0},
    };
    size_t at = 0;
    while (!sentence[at].holds)
        at++;
    return sentence[at].cut;
}

static void every_combination_follows_the_order(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 64; bits++)
        for (unsigned digits = 0; digits <= 8; digits++)
            for (unsigned code_digits = 6; code_digits <= 8; code_digits += 2) {
                struct code_facts facts = {
                    .enrolled = bits & 1,
                    .network_passes = bits & 2,
                    .enforced = bits & 4,
                    .recovery_unused = bits & 8,
                    .step_matched = bits & 16,
                    .known = bits & 32,
                    .digits = digits,
                    .code_digits = code_digits,
                };
                unsigned cut = code_cut(&facts);
                assert_int_equal(cut, cut_by_the_sentence(&facts));
                assert_true(cut <= digits);
                assert_int_equal(code_judge(&facts, cut) == CODE_NONE, cut == 0);
            }
}

/* ---- from digits to facts ---- */

static struct keyring *keyring;
static struct totp totp;
static char fresh_code[TOTP_CODE_SIZE];
static unsigned char known[2][KEYED_HASH_SIZE], recovery[3][KEYED_HASH_SIZE];

static int start(void **state) {
    (void)state;
    static const unsigned char block[KEY_BLOCK_SIZE] = "a key";
    if (!credential_start() || (keyring = keyring_make(block, sizeof block)) == NULL)
        return -1;
    totp = (struct totp){.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 20, .secret = "12345678901234567890"};
    keyed_hash_text(keyring, HASH_CODE, "alice", "111111", known[0]);
    keyed_hash_text(keyring, HASH_CODE, "alice", "222222", known[1]);
    keyed_hash_text(keyring, HASH_RECOVERY_CODE, "alice", "10000001", recovery[0]);
    keyed_hash_text(keyring, HASH_RECOVERY_CODE, "alice", "10000002", recovery[1]);
    keyed_hash_text(keyring, HASH_RECOVERY_CODE, "alice", "10000003", recovery[2]);
    return totp_code(&totp, NOW / 30, fresh_code) ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    keyring_free(&keyring);
    return 0;
}

static struct code_facts examined(const char *account, const char *digits, struct code_hashes *hashes) {
    const struct code_account of = {
        .keyring = keyring,
        .account = account,
        .totp = &totp,
        .window = 1,
        .codes = (const unsigned char(*)[KEYED_HASH_SIZE])known,
        .code_count = 2,
        .recovery = (const unsigned char(*)[KEYED_HASH_SIZE])recovery,
        .recovery_count = 3,
        .recovery_unused = 2,
    };
    struct code_facts facts = {.enrolled = true, .enforced = true, .step = 77, .digits = 77, .code_digits = 77};
    facts.step_matched = facts.known = facts.recovery_unused = facts.recovery_used = true; /* none of it is believed */
    code_examine(&of, digits, NOW, &facts, hashes);
    return facts;
}

static void digits_are_recognised_for_their_own_account(void **state) {
    (void)state;
    char with_digits[16];
    struct code_hashes hashes;
    snprintf(with_digits, sizeof with_digits, "42%s", fresh_code);
    const struct {
        const char *digits;
        unsigned cut;
        enum code_kind kind;
    } typed[] = {
        {NULL, 0, CODE_NONE},           {"", 0, CODE_NONE},          {"12345", 0, CODE_NONE},
        {fresh_code, 6, CODE_STEP},     {with_digits, 6, CODE_STEP}, {"111111", 6, CODE_KNOWN},
        {"99222222", 6, CODE_KNOWN},    {"333333", 6, CODE_WRONG},   {"10000001", 8, CODE_RECOVERY},
        {"10000002", 8, CODE_RECOVERY}, {"10000003", 6, CODE_WRONG}, {"10000004", 6, CODE_WRONG},
    };
    for (size_t i = 0; i < COUNT(typed); i++) {
        struct code_facts facts = examined("alice", typed[i].digits, &hashes);
        unsigned cut = code_cut(&facts);
        if (cut != typed[i].cut || code_judge(&facts, cut) != typed[i].kind)
            fail_msg("%s: cut %u, %s", typed[i].digits, cut, code_kind_name(code_judge(&facts, cut)));
    }
    struct code_facts used = examined("alice", "10000003", &hashes);
    assert_true(used.recovery_used && !used.recovery_unused);
    struct code_facts unused = examined("alice", "10000002", &hashes);
    assert_true(unused.recovery_unused && !unused.recovery_used);
    struct code_facts none = examined("alice", NULL, &hashes);
    assert_int_equal(none.digits, 0);
    assert_int_equal(none.step, 0);
    assert_false(none.step_matched || none.known || none.recovery_unused || none.recovery_used);
    assert_int_equal(code_judge(&used, 8), CODE_RECOVERY);
    assert_false(examined("bob", "111111", &hashes).known);
    assert_false(examined("bob", "10000001", &hashes).recovery_unused);
    assert_true(examined("bob", fresh_code, &hashes).step_matched); /* the secret decides, and it is sealed to alice */
}

/* Else it would be settled as one that was used, and charge no budget. */
static void a_wrong_code_of_eight_digits_is_no_recovery_code(void **state) {
    (void)state;
    struct code_hashes hashes;
    totp.digits = 8;
    struct code_facts facts = examined("alice", "10000004", &hashes);
    assert_false(facts.recovery_used || facts.recovery_unused);
    assert_int_equal(code_judge(&facts, code_cut(&facts)), CODE_WRONG);
    totp.digits = 6;
}

static void hashes_are_those_of_the_cut_digits(void **state) {
    (void)state;
    struct code_hashes hashes;
    static const unsigned char none[KEYED_HASH_SIZE];
    examined("alice", "99111111", &hashes);
    assert_memory_equal(hashes.code, known[0], KEYED_HASH_SIZE);
    examined("alice", "10000001", &hashes);
    assert_memory_equal(hashes.recovery, recovery[0], KEYED_HASH_SIZE);
    examined("alice", "111", &hashes);
    assert_memory_equal(hashes.code, none, KEYED_HASH_SIZE);
    assert_memory_equal(hashes.recovery, none, KEYED_HASH_SIZE);
    assert_int_equal(examined("alice", fresh_code, &hashes).step, NOW / 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_has_its_cut_and_its_kind),
        cmocka_unit_test(a_cut_that_comes_back_is_judged_as_it_is),
        cmocka_unit_test(every_combination_follows_the_order),
        cmocka_unit_test(digits_are_recognised_for_their_own_account),
        cmocka_unit_test(a_wrong_code_of_eight_digits_is_no_recovery_code),
        cmocka_unit_test(hashes_are_those_of_the_cut_digits),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
