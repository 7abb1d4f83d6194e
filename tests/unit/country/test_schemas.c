/* SPDX-License-Identifier: BSD-2-Clause */
/* links: country/database.o country/sealed_file.o country/structure.o -lmaxminddb */
/* Where a country stands in a record, schema by schema, and what is no country. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"
#include "country/database.h"
#include "country/sample.h"

static struct sample_plan plan;
static char fault[256];

static country_code look_up(const struct country_database *database, const char *text) {
    struct address address;
    assert_true(address_parse(text, &address));
    return country_database_look_up(database, &address);
}

/* The country of the first record of the plan. */
static country_code country_of_plan(void) {
    write_sample(&plan);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    if (database == NULL)
        fail_msg("refused: %s", fault);
    country_code code = look_up(database, "10.0.0.1");
    assert_int_equal(look_up(database, "192.0.2.1"), country_code_parse("JP"));
    country_database_close(&database);
    assert_null(database);
    return code;
}

static int start(void **state) {
    (void)state;
    plan = (struct sample_plan){0};
    fault[0] = '\0';
    return 0;
}

static void nested(struct sample *record, const char *outer, const char *code) {
    sample_string(record, outer);
    sample_byte(record, SAMPLE_MAP | 2);
    sample_string(record, "geoname_id");
    sample_number(record, SAMPLE_UINT32, 4, 1);
    sample_string(record, "iso_code");
    sample_string(record, code);
}

static void maxminds_country_is_read(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 3);
    nested(&plan.record, "continent", "EU");
    nested(&plan.record, "country", "FR");
    nested(&plan.record, "registered_country", "DE");
    assert_int_equal(country_of_plan(), country_code_parse("FR"));
}

static void the_registered_country_stands_in_for_a_missing_one(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 2);
    nested(&plan.record, "continent", "EU");
    nested(&plan.record, "registered_country", "DE");
    assert_int_equal(country_of_plan(), country_code_parse("DE"));
}

static void a_flat_country_code_is_read(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 1);
    sample_string(&plan.record, "country_code");
    sample_string(&plan.record, "BR");
    assert_int_equal(country_of_plan(), country_code_parse("BR"));
}

static void a_country_that_is_a_string_is_read(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 2);
    sample_string(&plan.record, "as_name");
    sample_string(&plan.record, "Example");
    sample_string(&plan.record, "country");
    sample_string(&plan.record, "NG");
    assert_int_equal(country_of_plan(), country_code_parse("NG"));
}

static void a_bare_string_is_read(void **state) {
    (void)state;
    sample_string(&plan.record, "CN");
    assert_int_equal(country_of_plan(), country_code_parse("CN"));
}

static void lower_case_is_read(void **state) {
    (void)state;
    sample_string(&plan.record, "cn");
    assert_int_equal(country_of_plan(), country_code_parse("CN"));
}

static void a_value_behind_a_pointer_is_read(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 1); /* at offset 0 of the data */
    sample_string(&plan.record, "country_code");
    sample_pointer(&plan.record, (unsigned)plan.record.size + 2);
    sample_string(&plan.record, "KR");
    assert_int_equal(country_of_plan(), country_code_parse("KR"));
}

static void what_no_country_has_is_unknown(void **state) {
    (void)state;
    static const char *const codes[] = {"ZZ", "XX", "EU", "AP", "A1", "A2", "--", "", "J", "JPN", "  ", "UK"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        start(NULL);
        sample_string(&plan.record, codes[i]);
        assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
    }
}

static void another_type_than_a_string_is_unknown(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 1);
    sample_string(&plan.record, "country_code");
    sample_number(&plan.record, SAMPLE_UINT16, 2, 'J' << 8 | 'P');
    assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
    start(NULL);
    sample_number(&plan.record, SAMPLE_UINT16, 2, 'J' << 8 | 'P');
    assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
    start(NULL);
    sample_byte(&plan.record, SAMPLE_MAP);
    assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
}

static void a_nonsense_country_is_not_replaced_by_the_registered_one(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 2);
    nested(&plan.record, "country", "ZZ");
    nested(&plan.record, "registered_country", "JP");
    assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
}

static void an_address_without_a_record_is_unknown(void **state) {
    (void)state;
    plan.left = 1; /* as many as there are nodes: no data */
    assert_int_equal(country_of_plan(), COUNTRY_UNKNOWN);
}

static void an_unknown_address_and_ipv6_in_an_ipv4_file_are_unknown(void **state) {
    (void)state;
    write_sample(&plan);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    assert_non_null(database);
    const struct address nowhere = {0}, rubbish = {.family = 5};
    assert_int_equal(country_database_look_up(database, &nowhere), COUNTRY_UNKNOWN);
    assert_int_equal(country_database_look_up(database, &rubbish), COUNTRY_UNKNOWN);
    assert_int_equal(look_up(database, "2001:db8::1"), COUNTRY_UNKNOWN);
    assert_int_equal(look_up(database, "::ffff:10.0.0.1"), country_code_parse("US"));
    country_database_close(&database);
}

static void an_ipv6_file_answers_for_both(void **state) {
    (void)state;
    plan.ip_version = 6;
    write_sample(&plan);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    assert_non_null(database);
    assert_int_equal(look_up(database, "2001:db8::1"), country_code_parse("US"));
    assert_int_equal(look_up(database, "fe80::1"), country_code_parse("JP"));
    assert_int_equal(look_up(database, "10.0.0.1"), country_code_parse("US"));
    country_database_close(&database);
}

static void a_file_without_any_country_is_refused_by_what_it_calls_itself(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 1);
    sample_string(&plan.record, "as_number");
    sample_number(&plan.record, SAMPLE_UINT32, 4, 64500);
    plan.right = 1;
    write_sample(&plan);
    assert_null(country_database_open(sample_path(), fault, sizeof fault));
    assert_non_null(strstr(fault, "country codes"));
    assert_non_null(strstr(fault, "\"sample\""));
}

static void the_metadata_is_told(void **state) {
    (void)state;
    write_sample(&plan);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    assert_non_null(database);
    assert_int_equal(country_database_built(database), 1700000000);
    assert_string_equal(country_database_type(database), "sample");
    country_database_close(&database);
    country_database_close(&database);
}

static int finish(void **state) {
    (void)state;
    remove_sample();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(maxminds_country_is_read, start),
        cmocka_unit_test_setup(the_registered_country_stands_in_for_a_missing_one, start),
        cmocka_unit_test_setup(a_flat_country_code_is_read, start),
        cmocka_unit_test_setup(a_country_that_is_a_string_is_read, start),
        cmocka_unit_test_setup(a_bare_string_is_read, start),
        cmocka_unit_test_setup(lower_case_is_read, start),
        cmocka_unit_test_setup(a_value_behind_a_pointer_is_read, start),
        cmocka_unit_test_setup(what_no_country_has_is_unknown, start),
        cmocka_unit_test_setup(another_type_than_a_string_is_unknown, start),
        cmocka_unit_test_setup(a_nonsense_country_is_not_replaced_by_the_registered_one, start),
        cmocka_unit_test_setup(an_address_without_a_record_is_unknown, start),
        cmocka_unit_test_setup(an_unknown_address_and_ipv6_in_an_ipv4_file_are_unknown, start),
        cmocka_unit_test_setup(an_ipv6_file_answers_for_both, start),
        cmocka_unit_test_setup(a_file_without_any_country_is_refused_by_what_it_calls_itself, start),
        cmocka_unit_test_setup(the_metadata_is_told, start),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
