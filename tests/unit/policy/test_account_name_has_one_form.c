/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_name.o */
/* Holds the canonical form of account names to DESIGN 4: a table of names and what they become, and a million random
 * strings for the properties that no table can show (THREATS B1, B4, B6, B7, B8, M8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/account_name.h"

#define RANDOM_STRINGS 1000000

static const char *const domains[] = {"example.ac.jp", "example.com", "xn--fiq228c.jp"};
static const struct account_naming naming = {
    .default_domain = "example.ac.jp", .domains = domains, .domain_count = 3, .recipient_delimiter = '+'};
static const struct account_naming sorted = {.default_domain = "example.ac.jp",
                                             .domains = domains,
                                             .domain_count = 3,
                                             .domains_sorted = true,
                                             .recipient_delimiter = '+'};
static const struct account_naming bare = {.default_domain = NULL};

struct row {
    const char *name;
    const char *canonical; /* NULL: malformed */
};

static const struct row rows[] = {
    {"alice", "alice@example.ac.jp"},
    {"ALICE", "alice@example.ac.jp"},
    {"Alice@Example.AC.jp", "alice@example.ac.jp"},
    {"alice@example.com", "alice@example.com"},
    {"alice+news", "alice@example.ac.jp"},
    {"alice+news@example.com", "alice@example.com"},
    {"alice+a+b@example.com", "alice@example.com"},
    {"alice+", "alice@example.ac.jp"},
    {"first last@example.com", "first last@example.com"},
    {"a.b-c_d%e", "a.b-c_d%e@example.ac.jp"},
    {"-f root", "-f root@example.ac.jp"},
    {"' OR 1=1--", "' or 1=1--@example.ac.jp"},
    {"%{user}", "%{user}@example.ac.jp"},
    {"user@XN--FIQ228C.JP", "user@xn--fiq228c.jp"},
    {"", NULL},
    {"@", NULL},
    {"@example.com", NULL},
    {"+news", NULL},
    {"+news@example.com", NULL},
    {"alice@", NULL},
    {"alice@.", NULL},
    {"alice@..", NULL},
    {"alice@example.com.", NULL},
    {"alice@.example.com", NULL},
    {"alice@example..com", NULL},
    {"alice@-example.com", NULL},
    {"alice@example-.com", NULL},
    {"alice@exam_ple.com", NULL},
    {"alice@example.com ", NULL},
    {"alice@ example.com", NULL},
    {"alice@example.com@example.com", NULL},
    {"alice@@example.com", NULL},
    {"alice@example.org", NULL},
    {"alice@com", NULL},
    {"alice@[192.0.2.1]", NULL},
    {"alice@example.com/..", NULL},
    {"alice ", NULL},
    {" alice", NULL},
    {"alice @example.com", NULL},
    {"alice +news", NULL},
    {"alice\t", NULL},
    {"\talice", NULL},
    {"\n\talice", NULL},
    {"al\tice", NULL},
    {"al\x7fice", NULL},
    {"alice\xa0", NULL},
    {"alice\xc2\xa0", NULL},
    {"\xe3\x81\x82", NULL},
    {"alic\xc3\xa9", NULL},
    {"\xff\xfe", NULL},
    {"alice\xc3", NULL},
    {"alice*master", NULL},
    {"*)(uid=*", NULL},
    {"../../x", NULL},
    {"a/b", NULL},
    {".alice", NULL},
    {"alice.", NULL},
    {"alice.+x", NULL},
    {"al..ice", NULL},
    {"..", NULL},
    {".", NULL},
    {"alice+a/b", NULL},
    {"\\alice", NULL},
    {"al\\ice@example.com", NULL},
    {"EXAMPLE\\alice", NULL},
    {"alice+\\", NULL},
    {"first  last", NULL},
    {"first last ", NULL},
    {"alice+..", NULL},
};

static void each_name_has_its_form(void **state) {
    (void)state;
    char canonical[ACCOUNT_NAME_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct account_naming *both[] = {&naming, &sorted};
        for (int j = 0; j < 2; j++) {
            bool good = account_name_canonical(both[j], rows[i].name, canonical);
            if (good != (rows[i].canonical != NULL))
                fail_msg("\"%s\" was %s, as \"%s\"", rows[i].name, good ? "taken" : "refused", canonical);
            assert_string_equal(canonical, good ? rows[i].canonical : "");
        }
    }
}

static void without_a_default_domain_a_bare_name_stays_bare(void **state) {
    (void)state;
    char canonical[ACCOUNT_NAME_SIZE];
    assert_true(account_name_canonical(&bare, "Alice+News", canonical));
    assert_string_equal(canonical, "alice+news");
    assert_true(account_name_canonical(&bare, "Alice@Anything.Example", canonical));
    assert_string_equal(canonical, "alice@anything.example");
    assert_false(account_name_canonical(&bare, "alice@any_thing", canonical));
}

static void the_undivided_form_keeps_what_a_doubtful_delimiter_cuts(void **state) {
    (void)state;
    static const struct row undivided[] = {
        {"mary", "mary@example.ac.jp"},
        {"Mary-Jane", "mary-jane@example.ac.jp"},
        {"MARY-a-B@Example.COM", "mary-a-b@example.com"},
        {"mary-", "mary-@example.ac.jp"},
        {"mary+jane", "mary+jane@example.ac.jp"},
    };
    char name[ACCOUNT_NAME_SIZE], canonical[ACCOUNT_NAME_SIZE];
    struct account_naming doubtful = naming;
    doubtful.recipient_delimiter = '-';
    for (size_t i = 0; i < sizeof undivided / sizeof undivided[0]; i++) {
        assert_true(account_name_undivided(&doubtful, undivided[i].name, name));
        assert_string_equal(name, undivided[i].canonical);
        assert_true(account_name_canonical(&doubtful, undivided[i].name, canonical));
        assert_int_equal(strcmp(name, canonical) != 0, strchr(undivided[i].name, '-') != NULL);
    }
}

static void with_any_other_delimiter_it_is_the_canonical_form(void **state) {
    (void)state;
    char name[ACCOUNT_NAME_SIZE], canonical[ACCOUNT_NAME_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool good = account_name_undivided(&naming, rows[i].name, name);
        assert_int_equal(good, rows[i].canonical != NULL);
        assert_true(good || name[0] == '\0');
        assert_int_equal(account_name_canonical(&naming, rows[i].name, canonical), good);
        assert_string_equal(name, canonical);
    }
}

static void what_is_cut_off_counts_towards_the_length(void **state) {
    (void)state;
    char name[ACCOUNT_NAME_SIZE] = "alice-", canonical[ACCOUNT_NAME_SIZE];
    struct account_naming doubtful = naming;
    doubtful.recipient_delimiter = '-';
    memset(name + 6, 'a', 300); /* with "@example.ac.jp" 320 bytes */
    assert_true(account_name_canonical(&doubtful, name, canonical));
    assert_true(account_name_undivided(&doubtful, name, canonical));
    assert_int_equal(strlen(canonical), ACCOUNT_NAME_LIMIT);
    name[306] = 'a';
    assert_false(account_name_canonical(&doubtful, name, canonical));
    assert_false(account_name_undivided(&doubtful, name, canonical));
}

static void lengths_at_the_limits(void **state) {
    (void)state;
    static char name[70000];
    char canonical[ACCOUNT_NAME_SIZE];
    static const size_t lengths[] = {1, 255, 256, 257, 320, 321, 322, 1023, 1024, 1025, 65535, 65536};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(name, 'a', lengths[i]);
        name[lengths[i]] = '\0';
        assert_int_equal(account_name_canonical(&bare, name, canonical), lengths[i] <= ACCOUNT_NAME_LIMIT);
        assert_int_equal(strlen(canonical), lengths[i] <= ACCOUNT_NAME_LIMIT ? lengths[i] : 0);
    }
    /* the default domain counts: "@example.ac.jp" is 14 bytes */
    memset(name, 'a', ACCOUNT_NAME_LIMIT);
    name[306] = '\0';
    assert_true(account_name_canonical(&naming, name, canonical));
    name[306] = 'a';
    name[307] = '\0';
    assert_false(account_name_canonical(&naming, name, canonical));
    assert_string_equal(canonical, "");
}

static void domain_labels_have_limits(void **state) {
    (void)state;
    char domain[300];
    memset(domain, 'a', sizeof domain);
    domain[63] = '\0';
    assert_true(account_domain_valid(domain));
    domain[63] = 'a';
    domain[64] = '\0';
    assert_false(account_domain_valid(domain));
    for (size_t i = 1; i < sizeof domain; i += 2)
        domain[i - 1] = 'a', domain[i] = '.';
    domain[253] = '\0';
    assert_true(account_domain_valid(domain));
    domain[253] = '.';
    domain[255] = '\0';
    assert_false(account_domain_valid(domain));
    assert_false(account_domain_valid(""));
    assert_true(account_domain_valid("MiXed.Example"));
    assert_true(account_domain_valid("localhost"));
}

static void a_name_is_never_cut_short_to_fit(void **state) {
    (void)state;
    static const struct account_naming all_served = {.default_domain = "example.ac.jp"};
    char name[ACCOUNT_NAME_SIZE], canonical[ACCOUNT_NAME_SIZE];
    for (size_t length = 300; length <= ACCOUNT_NAME_LIMIT; length++) {
        memset(name, 'a', length);
        name[length] = '\0';
        assert_int_equal(account_name_canonical(&all_served, name, canonical), length <= 306);
        assert_int_equal(strlen(canonical), length <= 306 ? length + 14 : 0);
    }
}

static void served_domains_may_stand_in_any_order(void **state) {
    (void)state;
    static const char *const jumbled[] = {"z.example", "m.example", "a.example"};
    static const struct account_naming unsorted = {.domains = jumbled, .domain_count = 3};
    char canonical[ACCOUNT_NAME_SIZE];
    assert_true(account_name_canonical(&unsorted, "alice@A.example", canonical));
    assert_true(account_name_canonical(&unsorted, "alice@m.example", canonical));
    assert_true(account_name_canonical(&unsorted, "alice@z.example", canonical));
    assert_false(account_name_canonical(&unsorted, "alice@b.example", canonical));
}

/* Asked of the domain itself: in a login's name the list of served domains would refuse most of these as well. */
static void a_domain_is_letters_digits_and_inner_hyphens(void **state) {
    (void)state;
    static const char alone[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int byte = 1; byte < 256; byte++) {
        char label[] = {(char)byte, '\0'};
        char inside[] = {'a', (char)byte, 'b', '\0'};
        assert_int_equal(account_domain_valid(label), strchr(alone, byte) != NULL);
        assert_int_equal(account_domain_valid(inside), strchr(alone, byte) != NULL || byte == '-' || byte == '.');
    }
    static const char *const refused[] = {"-", "-a", "a-", "a.-b", "a-.b", ".", ".a", "a.", "a..b"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(account_domain_valid(refused[i]));
}

/* Without a delimiter and without domains, so that nothing but the byte decides. */
static void each_byte_of_a_local_part_is_taken_or_refused(void **state) {
    (void)state;
    char canonical[ACCOUNT_NAME_SIZE];
    for (int byte = 1; byte < 256; byte++) {
        char alone[] = {(char)byte, '\0'};
        char inside[] = {'a', (char)byte, 'b', '\0'};
        char first[] = {(char)byte, 'b', '\0'};
        char last[] = {'a', (char)byte, '\0'};
        bool taken = byte >= 0x20 && byte <= 0x7e && strchr("/*\\", byte) == NULL;
        bool at_an_end = taken && strchr(" .@", byte) == NULL;
        assert_int_equal(account_name_canonical(&bare, inside, canonical), taken);
        assert_int_equal(account_name_canonical(&bare, alone, canonical), at_an_end);
        assert_int_equal(account_name_canonical(&bare, first, canonical), at_an_end);
        assert_int_equal(account_name_canonical(&bare, last, canonical), at_an_end);
    }
}

static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Half of the characters come from where the edges are, the others from anywhere. */
static void random_name(uint64_t *seed, char *name) {
    static const char edges[] = "aAzZ09.@+ -_*/%\t\x7f\xc3\xa9";
    size_t length = next_random(seed) % 12;
    for (size_t i = 0; i < length; i++) {
        uint64_t draw = next_random(seed);
        name[i] = draw % 2 ? edges[(draw >> 8) % (sizeof edges - 1)] : (char)(1 + (draw >> 8) % 255);
    }
    name[length] = '\0';
    if (next_random(seed) % 3 == 0)
        memcpy(name + length, "@Example.com", 13);
}

static void assert_canonical_is_clean(const char *canonical) {
    for (const char *at = canonical; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~' || (*at >= 'A' && *at <= 'Z') || strchr("/*+", *at) != NULL)
            fail_msg("\"%s\" holds what no canonical name may", canonical);
    }
    assert_null(strstr(canonical, ".."));
    assert_ptr_equal(strchr(canonical, '@'), strrchr(canonical, '@'));
    assert_non_null(strchr(canonical, '@'));
}

static void random_strings_fold_once_and_for_all(void **state) {
    (void)state;
    uint64_t seed = 0x2545f4914f6cdd1d;
    char name[64], once[ACCOUNT_NAME_SIZE], twice[ACCOUNT_NAME_SIZE];
    int taken = 0;
    for (int i = 0; i < RANDOM_STRINGS; i++) {
        random_name(&seed, name);
        if (!account_name_canonical(&naming, name, once)) {
            assert_string_equal(once, "");
            continue;
        }
        taken++;
        assert_true(account_name_canonical(&naming, once, twice));
        assert_string_equal(once, twice);
        assert_canonical_is_clean(once);
    }
    assert_in_range(taken, RANDOM_STRINGS / 100, RANDOM_STRINGS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_has_its_form),
        cmocka_unit_test(without_a_default_domain_a_bare_name_stays_bare),
        cmocka_unit_test(the_undivided_form_keeps_what_a_doubtful_delimiter_cuts),
        cmocka_unit_test(with_any_other_delimiter_it_is_the_canonical_form),
        cmocka_unit_test(what_is_cut_off_counts_towards_the_length),
        cmocka_unit_test(lengths_at_the_limits),
        cmocka_unit_test(domain_labels_have_limits),
        cmocka_unit_test(a_domain_is_letters_digits_and_inner_hyphens),
        cmocka_unit_test(each_byte_of_a_local_part_is_taken_or_refused),
        cmocka_unit_test(a_name_is_never_cut_short_to_fit),
        cmocka_unit_test(served_domains_may_stand_in_any_order),
        cmocka_unit_test(random_strings_fold_once_and_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
