/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* One address in whatever spelling is one address (THREATS C1), and nothing but an address is one (C4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct address parsed(const char *text) {
    struct address address;
    if (!address_parse(text, &address))
        fail_msg("\"%s\" was not read", text);
    return address;
}

static void every_spelling_is_one_address(void **state) {
    (void)state;
    static const char *const spellings[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::FFFF:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:201", "192.0.2.1"},
        {"::FFFF:C000:0201", "192.0.2.1"},
        {"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
        {"0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"},
        {"::ffff:192.0.2.1%eth0", "192.0.2.1"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
        {"fe80::1%eth0", "fe80::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    };
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < COUNT(spellings); i++) {
        struct address one = parsed(spellings[i][0]), other = parsed(spellings[i][1]);
        assert_true(address_equal(&one, &other));
        address_format(&one, text);
        assert_string_equal(text, spellings[i][1]);
    }
}

static void nat64_stays_ipv6(void **state) {
    (void)state;
    assert_int_equal(parsed("64:ff9b::192.0.2.1").family, 6);
    struct address nat = parsed("64:ff9b::192.0.2.1"), four = parsed("192.0.2.1");
    assert_false(address_equal(&nat, &four));
}

static void what_only_resembles_a_mapped_address_stays_ipv6(void **state) {
    (void)state;
    static const char *const others[] = {"::fffe:192.0.2.1", "::ff00:c000:201", "::feff:c000:201", "::192.0.2.1",
                                         "::1:ffff:c000:201", "8000::ffff:c000:201"};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(parsed(others[i]).family, 6);
}

static void what_is_no_address_is_unknown(void **state) {
    (void)state;
    static const char *const others[] = {
        "",
        " ",
        "localhost",
        "mail.example.com",
        "192.0.2",
        "192.0.2.1.1",
        "192.0.2.256",
        "192.0.2.1 ",
        " 192.0.2.1",
        "0300.0.2.1",
        "0xc0.0.2.1",
        "3221225985",
        "192.0.2.01",
        "1.2.3.4%eth0",
        ":",
        ":::",
        "2001:db8:::1",
        "12345::1",
        "2001:db8::1/64",
        "[::1]",
        "::1::",
        "192.0.2.1:25",
        "unknown",
        "::ffff:1.2.3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "%eth0",
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        struct address address = {.family = 4, .bytes = {127, 0, 0, 1}};
        if (address_parse(others[i], &address))
            fail_msg("\"%s\" was taken for an address", others[i]);
        assert_int_equal(address.family, 0);
    }
    char long_text[4096];
    for (size_t length = 1; length < sizeof long_text; length += length < 100 ? 1 : 999) {
        memset(long_text, '1', length);
        long_text[length] = '\0';
        struct address address = {.family = 4};
        assert_false(address_parse(long_text, &address));
        assert_int_equal(address.family, 0);
        struct prefix prefix;
        assert_int_equal(prefix_parse(long_text, &prefix), PREFIX_NOT_AN_ADDRESS);
    }
}

static void an_unknown_address_equals_nothing_and_lies_nowhere(void **state) {
    (void)state;
    struct address unknown = {0}, any = parsed("0.0.0.0");
    struct prefix all_four, all_six;
    char text[ADDRESS_TEXT_SIZE] = "rubbish";
    assert_int_equal(prefix_parse("0.0.0.0/0", &all_four), PREFIX_OK);
    assert_int_equal(prefix_parse("::/0", &all_six), PREFIX_OK);
    assert_false(address_equal(&unknown, &unknown));
    assert_false(address_equal(&unknown, &any));
    assert_false(prefix_contains(&all_four, &unknown));
    assert_false(prefix_contains(&all_six, &unknown));
    address_format(&unknown, text);
    assert_string_equal(text, "");
    struct prefix zeroed = {0};
    assert_false(prefix_contains(&zeroed, &unknown));
    assert_false(prefix_contains(&zeroed, &any));
}

static void a_prefix_says_what_is_wrong_with_it(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum prefix_fault fault;
        const char *meant; /* "": nothing to compare */
    } rows[] = {
        {"10.0.0.0/8", PREFIX_OK, "10.0.0.0/8"},
        {"10.0.0.1", PREFIX_OK, "10.0.0.1/32"},
        {"2001:db8::1", PREFIX_OK, "2001:db8::1/128"},
        {"0.0.0.0/0", PREFIX_OK, "0.0.0.0/0"},
        {"::/0", PREFIX_OK, "::/0"},
        {"2001:DB8::/32", PREFIX_OK, "2001:db8::/32"},
        {"::ffff:10.0.0.0/104", PREFIX_OK, "10.0.0.0/8"},
        {"::ffff:10.0.0.1", PREFIX_OK, "10.0.0.1/32"},
        {"10.0.0.1/8", PREFIX_HOST_BITS, "10.0.0.0/8"},
        {"192.0.2.255/25", PREFIX_HOST_BITS, "192.0.2.128/25"},
        {"2001:db8::1/64", PREFIX_HOST_BITS, "2001:db8::/64"},
        {"::ffff:10.0.0.1/104", PREFIX_HOST_BITS, "10.0.0.0/8"},
        {"10.0.0.0/33", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/a", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/-1", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/+8", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/ 8", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/8/8", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/4294967304", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/:", PREFIX_BAD_LENGTH, ""}, /* ':' is ten behind '0' */
        {"10.0.0.0/1:", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/0008", PREFIX_BAD_LENGTH, ""},
        {"10.0.0.0/255.0.0.0", PREFIX_BAD_LENGTH, ""},
        {"::/129", PREFIX_BAD_LENGTH, ""},
        {"::ffff:10.0.0.0/8", PREFIX_BAD_LENGTH, ""},
        {"::ffff:0.0.0.0/95", PREFIX_BAD_LENGTH, ""},
        {"::ffff:10.0.0.0/129", PREFIX_BAD_LENGTH, ""},
        {"::ffff:10.0.0.1/128", PREFIX_OK, "10.0.0.1/32"},
        {"::ffff:0.0.0.0/96", PREFIX_OK, "0.0.0.0/0"},
        {"", PREFIX_NOT_AN_ADDRESS, ""},
        {"/8", PREFIX_NOT_AN_ADDRESS, ""},
        {"example.com/8", PREFIX_NOT_AN_ADDRESS, ""},
        {"10.0.0/8", PREFIX_NOT_AN_ADDRESS, ""},
        {"fe80::%eth0/64", PREFIX_NOT_AN_ADDRESS, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct prefix prefix;
        char text[ADDRESS_TEXT_SIZE];
        enum prefix_fault fault = prefix_parse(rows[i].text, &prefix);
        if (fault != rows[i].fault)
            fail_msg("%s: fault %d, not %d", rows[i].text, (int)fault, (int)rows[i].fault);
        if (rows[i].meant[0] == '\0') {
            assert_int_equal(prefix.base.family, 0); /* it lies nowhere and holds nothing */
            continue;
        }
        prefix_format(&prefix, text);
        assert_string_equal(text, rows[i].meant);
    }
}

static void a_prefix_holds_its_edges_and_no_more(void **state) {
    (void)state;
    static const struct {
        const char *prefix, *first, *last, *before, *after;
    } rows[] = {
        {"133.11.0.0/16", "133.11.0.0", "133.11.255.255", "133.10.255.255", "133.12.0.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.255", "192.0.2.127", "192.0.3.0"},
        {"192.0.2.7/32", "192.0.2.7", "::ffff:192.0.2.7", "192.0.2.6", "192.0.2.8"},
        {"2001:db8:8000::/33", "2001:db8:8000::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:db8:7fff::", "2001:db9::"},
        {"2001:db8::1/128", "2001:db8::1", "2001:DB8::1", "2001:db8::", "2001:db8::2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct prefix prefix;
        assert_int_equal(prefix_parse(rows[i].prefix, &prefix), PREFIX_OK);
        struct address first = parsed(rows[i].first), last = parsed(rows[i].last);
        struct address before = parsed(rows[i].before), after = parsed(rows[i].after);
        assert_true(prefix_contains(&prefix, &first));
        assert_true(prefix_contains(&prefix, &last));
        assert_false(prefix_contains(&prefix, &before));
        assert_false(prefix_contains(&prefix, &after));
    }
}

static void families_do_not_mix(void **state) {
    (void)state;
    struct prefix four, six;
    struct address an_ipv4 = parsed("10.1.2.3"), an_ipv6 = parsed("2001:db8::1");
    assert_int_equal(prefix_parse("0.0.0.0/0", &four), PREFIX_OK);
    assert_int_equal(prefix_parse("::/0", &six), PREFIX_OK);
    assert_true(prefix_contains(&four, &an_ipv4));
    assert_false(prefix_contains(&four, &an_ipv6));
    assert_true(prefix_contains(&six, &an_ipv6));
    assert_false(prefix_contains(&six, &an_ipv4));
    struct address same_bytes = parsed("a01:203::"); /* as 10.1.2.3 has them */
    assert_false(address_equal(&an_ipv4, &same_bytes));
    assert_int_equal(prefix_parse("10.1.2.3", &four), PREFIX_OK);
    assert_true(prefix_contains(&four, &an_ipv4));
    assert_false(prefix_contains(&four, &same_bytes));
}

static void every_length_cuts_where_it_says(void **state) {
    (void)state;
    for (unsigned bits = 1; bits <= 128; bits++) {
        struct prefix prefix = {.base = {.family = 6}, .bits = (uint8_t)bits};
        struct address address = {.family = 6};
        address.bytes[(bits - 1) / 8] = (uint8_t)(0x80U >> ((bits - 1) % 8)); /* the last bit of the network */
        assert_false(prefix_contains(&prefix, &address));
        memset(address.bytes, 0, sizeof address.bytes);
        if (bits < 128)
            address.bytes[bits / 8] = (uint8_t)(0x80U >> (bits % 8)); /* the first bit of the host */
        assert_true(prefix_contains(&prefix, &address));
    }
}

static void an_address_stands_for_its_network(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"192.0.2.77", "192.0.2.0/24"},
        {"::ffff:192.0.2.77", "192.0.2.0/24"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"64:ff9b::192.0.2.77", "64:ff9b::c000:200/120"}, /* else all of IPv4 would be one network */
        {"64:ff9b::198.51.100.1", "64:ff9b::c633:6400/120"},
        {"64:ff9b:1:2:3:4:192.0.2.77", "64:ff9b:1:2:3:4:c000:200/120"},
        {"64:ff9b:2:3:4:5:6:7", "64:ff9b:2:3::/64"},
        {"64:ff9b:0:1:2:3:4:5", "64:ff9b:0:1::/64"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address = parsed(rows[i][0]);
        struct prefix network = address_network(&address);
        char text[ADDRESS_TEXT_SIZE];
        prefix_format(&network, text);
        assert_string_equal(text, rows[i][1]);
        assert_true(prefix_contains(&network, &address));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_is_one_address),
        cmocka_unit_test(nat64_stays_ipv6),
        cmocka_unit_test(what_only_resembles_a_mapped_address_stays_ipv6),
        cmocka_unit_test(what_is_no_address_is_unknown),
        cmocka_unit_test(an_unknown_address_equals_nothing_and_lies_nowhere),
        cmocka_unit_test(a_prefix_says_what_is_wrong_with_it),
        cmocka_unit_test(a_prefix_holds_its_edges_and_no_more),
        cmocka_unit_test(families_do_not_mix),
        cmocka_unit_test(every_length_cuts_where_it_says),
        cmocka_unit_test(an_address_stands_for_its_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
