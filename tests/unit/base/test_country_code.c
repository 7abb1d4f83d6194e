/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* Country codes, continents and sets; what an administrator meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/country_code.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const continents[] = {"AF", "AN", "AS", "EU", "NA", "OC", "SA"};

static void every_pair_of_letters_reads_back(void **state) {
    (void)state;
    struct country_set seen = {0};
    for (char first = 'A'; first <= 'Z'; first++)
        for (char second = 'A'; second <= 'Z'; second++) {
            const char upper[] = {first, second, '\0'};
            const char lower[] = {(char)(first + 32), (char)(second + 32), '\0'};
            char text[3];
            country_code code = country_code_parse(upper);
            assert_int_not_equal(code, COUNTRY_UNKNOWN);
            assert_true(code < COUNTRY_CODE_END);
            assert_int_equal(country_code_parse(lower), code);
            assert_false(country_set_has(&seen, code));
            country_set_add(&seen, code);
            country_code_format(code, text);
            assert_string_equal(text, upper);
        }
}

static void anything_else_is_unknown(void **state) {
    (void)state;
    static const char *const others[] = {"",    "J",   "JPN",   "J1", "1P", "J ",
                                         " JP", "JP ", "J\xc3", "@[", "`{", "continent:EU"};
    char text[3] = "xx";
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(country_code_parse(others[i]), COUNTRY_UNKNOWN);
    assert_int_equal(country_code_parse(NULL), COUNTRY_UNKNOWN);
    country_code_format(COUNTRY_UNKNOWN, text);
    assert_string_equal(text, "");
    country_code_format(COUNTRY_CODE_END, text);
    assert_string_equal(text, "");
    assert_false(country_code_assigned(COUNTRY_UNKNOWN));
    assert_false(country_code_assigned(COUNTRY_CODE_END));
}

static void iso_assigned_249_and_kosovo_counts(void **state) {
    (void)state;
    static const char *const unassigned[] = {"UK", "EU", "AP", "ZZ", "XX", "AA", "EL", "SU", "YU", "AN", "TP", "QM"};
    size_t assigned = 0;
    struct country_set all = {0};
    country_set_add_assigned(&all);
    for (country_code code = 0; code < COUNTRY_CODE_END; code++) {
        assigned += country_code_assigned(code);
        assert_int_equal(country_set_has(&all, code), country_code_assigned(code));
    }
    assert_int_equal(assigned, 249 + 1);
    assert_true(country_code_assigned(country_code_parse("XK")));
    for (size_t i = 0; i < COUNT(unassigned); i++)
        assert_false(country_code_assigned(country_code_parse(unassigned[i])));
}

static void every_country_lies_in_one_continent(void **state) {
    (void)state;
    for (country_code code = 1; code < COUNTRY_CODE_END; code++) {
        int in = 0;
        for (size_t i = 0; i < COUNT(continents); i++) {
            struct country_set set = {0};
            assert_true(country_set_add_continent(&set, continents[i]));
            in += country_set_has(&set, code);
        }
        assert_int_equal(in, country_code_assigned(code) ? 1 : 0);
    }
}

static void continents_hold_whom_one_expects(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"JP", "AS"}, {"US", "NA"}, {"FR", "EU"}, {"NG", "AF"}, {"BR", "SA"},
                                          {"AU", "OC"}, {"AQ", "AN"}, {"RU", "EU"}, {"TR", "AS"}, {"MX", "NA"},
                                          {"GB", "EU"}, {"CY", "EU"}, {"EG", "AF"}, {"XK", "EU"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct country_set set = {0};
        assert_true(country_set_add_continent(&set, rows[i][1]));
        assert_true(country_set_has(&set, country_code_parse(rows[i][0])));
    }
    struct country_set set = {0};
    assert_true(country_set_add_continent(&set, "eu"));
    assert_false(country_set_add_continent(&set, "XX"));
    assert_false(country_set_add_continent(&set, "EUR"));
    assert_false(country_set_add_continent(&set, ""));
}

static void a_set_has_what_was_added_and_nothing_else(void **state) {
    (void)state;
    struct country_set set = {0};
    assert_true(country_set_empty(&set));
    country_set_add(&set, COUNTRY_UNKNOWN);
    country_set_add(&set, COUNTRY_CODE_END);
    assert_true(country_set_empty(&set));
    country_set_add(&set, country_code_parse("ZZ"));
    country_set_add(&set, country_code_parse("AA"));
    assert_false(country_set_empty(&set));
    for (country_code code = 0; code < COUNTRY_CODE_END + 5; code++) {
        bool added = code == country_code_parse("ZZ") || code == country_code_parse("AA");
        assert_int_equal(country_set_has(&set, code), added);
    }
}

static void common_mistakes_are_understood(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"UK", "GB"},
        {"uk", "GB"},
        {"EL", "GR"},
        {"EN", "GB"},
        {"USA", "US"},
        {"JAP", "JP"},
        {"jpn", "JP"},
        {"Germany", "DE"},
        {"KOREA", "KR"},
        {"EU", "continent:EU"},
        {"YU", "RS"},
        {"SU", "RU"},
        {"Asia", "continent:AS"},
    };
    static const char *const right_or_hopeless[] = {"GB", "JP", "US", "QQ", "", " ", "U", "UK EN", "UK "};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *meant = country_code_meant(rows[i][0]);
        assert_non_null(meant);
        assert_string_equal(meant, rows[i][1]);
    }
    for (size_t i = 0; i < COUNT(right_or_hopeless); i++)
        assert_null(country_code_meant(right_or_hopeless[i]));
    assert_null(country_code_meant(NULL));
}

static void a_right_code_is_never_taken_for_a_mistake(void **state) {
    (void)state;
    for (country_code code = 1; code < COUNTRY_CODE_END; code++) {
        char text[3];
        country_code_format(code, text);
        const char *meant = country_code_meant(text);
        assert_false(meant != NULL && country_code_assigned(code));
        if (meant != NULL && strncmp(meant, "continent:", 10) != 0)
            assert_true(country_code_assigned(country_code_parse(meant)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_letters_reads_back),
        cmocka_unit_test(anything_else_is_unknown),
        cmocka_unit_test(iso_assigned_249_and_kosovo_counts),
        cmocka_unit_test(every_country_lies_in_one_continent),
        cmocka_unit_test(continents_hold_whom_one_expects),
        cmocka_unit_test(a_set_has_what_was_added_and_nothing_else),
        cmocka_unit_test(common_mistakes_are_understood),
        cmocka_unit_test(a_right_code_is_never_taken_for_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
