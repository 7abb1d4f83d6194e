/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/country.o gate/place.o */
/* Which countries pass, row by row: allow, deny, travel, trusted networks, proxies, and what is not known. */
#include "scene.h"

#define BEGINS 1000
#define ENDS   2000

struct row {
    const char *allow, *deny; /* NULL: not set; "": set and empty */
    const char *travel;       /* from BEGINS to ENDS */
    const char *country;      /* of the address; NULL: the database has none */
    int64_t now;
    enum finding finding;
    enum policy_key source; /* POLICY_KEY_COUNT: none */
    const char *words;
};

static const struct row rows[] = {
    {NULL, NULL, NULL, "FR", 0, FINDING_PASS, POLICY_KEY_COUNT, "every country is allowed"},
    {NULL, "", NULL, "FR", 0, FINDING_PASS, POLICY_KEY_COUNT, "every country is allowed"},
    {NULL, NULL, "DE", "FR", 1500, FINDING_PASS, POLICY_KEY_COUNT, "every country is allowed"},
    {"JP", NULL, NULL, "JP", 0, FINDING_PASS, POLICY_COUNTRIES_ALLOW, "country JP is in countries.allow (JP)"},
    {"JP KR", NULL, NULL, "FR", 0, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country FR is not in countries.allow (JP, KR)"},
    {"JP", "", NULL, "FR", 0, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW, "country FR is not in countries.allow (JP)"},
    {NULL, "CN RU", NULL, "CN", 0, FINDING_AGAINST, POLICY_COUNTRIES_DENY, "country CN is in countries.deny (CN, RU)"},
    {NULL, "CN", NULL, "FR", 0, FINDING_PASS, POLICY_COUNTRIES_DENY, "country FR is not in countries.deny (CN)"},
    {"JP CN", "CN", NULL, "CN", 0, FINDING_AGAINST, POLICY_COUNTRIES_DENY, "country CN is in countries.deny (CN)"},
    {"JP", NULL, "FR", "FR", BEGINS - 1, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country FR is not in countries.allow (JP)"},
    {"JP", NULL, "FR", "FR", BEGINS, FINDING_PASS, POLICY_TRAVEL, "country FR is in travel"},
    {"JP", NULL, "FR", "FR", ENDS - 1, FINDING_PASS, POLICY_TRAVEL, "country FR is in travel"},
    {"JP", NULL, "FR", "FR", ENDS, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country FR is not in countries.allow (JP)"},
    {"JP", NULL, "FR", "DE", 1500, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country DE is not in countries.allow (JP)"},
    {"JP", NULL, "FR", "JP", 1500, FINDING_PASS, POLICY_COUNTRIES_ALLOW, "country JP is in countries.allow (JP)"},
    {"JP", "CN", "CN", "CN", 1500, FINDING_PASS, POLICY_TRAVEL, "country CN is in travel"},
    {"JP", "CN", "FR", "CN", 1500, FINDING_AGAINST, POLICY_COUNTRIES_DENY, "country CN is in countries.deny (CN)"},
    {"JP", "CN", "CN", "CN", ENDS, FINDING_AGAINST, POLICY_COUNTRIES_DENY, "country CN is in countries.deny (CN)"},
    {"JP", NULL, NULL, NULL, 0, FINDING_SILENT, POLICY_KEY_COUNT, "no country is known: country-unknown judges it"},
    {NULL, "CN", "FR", NULL, 1500, FINDING_SILENT, POLICY_KEY_COUNT, "no country is known: country-unknown judges it"},
    {"AT BE BG CY CZ DE DK EE ES FI", NULL, NULL, "FR", 0, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country FR is not in countries.allow (AT, BE, BG, CY, CZ, DE, DK, EE and 2 more)"},
    {"AD AT BE BG CY CZ DE DK ZW", NULL, NULL, "FR", 0, FINDING_AGAINST, POLICY_COUNTRIES_ALLOW,
     "country FR is not in countries.allow (AD, AT, BE, BG, CY, CZ, DE, DK and 1 more)"},
};

static struct value allow, deny, travels;
static struct travel travel;
static const struct row restricted = {.allow = "JP", .country = "FR"};

static void set(const struct row *row) {
    scene_clear();
    allow = (struct value){.file = "test", .line = 1};
    deny = (struct value){.file = "test", .line = 2};
    travel = (struct travel){.span = {BEGINS, ENDS}, .line = 33};
    travels = (struct value){.file = "test", .line = 3, .count = 1, .travels = &travel};
    scene_countries(row->allow, &allow.countries);
    scene_countries(row->deny, &deny.countries);
    scene_countries(row->travel, &travel.countries);
    scene.key[POLICY_COUNTRIES_ALLOW] = row->allow != NULL ? &allow : NULL;
    scene.key[POLICY_COUNTRIES_DENY] = row->deny != NULL ? &deny : NULL;
    scene.key[POLICY_TRAVEL] = row->travel != NULL ? &travels : NULL;
}

static void each_row_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        set(row);
        struct facts facts = {.now = row->now, .address = scene_address("198.51.100.7")};
        facts.country = row->country != NULL ? country_code_parse(row->country) : COUNTRY_UNKNOWN;
        struct judgement judgement = scene_judge(country_judge, &facts);
        assert_int_equal(judgement.finding, row->finding);
        assert_ptr_equal(judgement.source, row->source < POLICY_KEY_COUNT ? scene.key[row->source] : NULL);
        assert_int_equal(judgement.line, row->source == POLICY_TRAVEL ? 33 : 0);
        scene_says(country_judge, country_tell, &facts, row->words);
    }
}

static void a_trusted_network_passes_from_anywhere(void **state) {
    (void)state;
    struct prefix prefix;
    struct value trusted;
    set(&restricted);
    scene_network(POLICY_NETWORKS_TRUSTED, "198.51.100.0/24", &prefix, &trusted);
    struct facts facts = {.address = scene_address("198.51.100.7"), .country = country_code_parse("FR")};
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_PASS);
    scene_says(country_judge, country_tell, &facts, "198.51.100.7 is in networks.trusted");
    facts.country_unreadable = true;
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_PASS);
    facts = (struct facts){.address = scene_address("198.51.101.7"), .country = country_code_parse("FR")};
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_AGAINST);
}

static void a_proxy_has_no_country_even_where_it_is_trusted(void **state) {
    (void)state;
    struct prefix prefixes[2];
    struct value values[2];
    set(&restricted);
    scene_network(POLICY_NETWORKS_PROXIES, "198.51.100.7/32", &prefixes[0], &values[0]);
    scene_network(POLICY_NETWORKS_TRUSTED, "198.51.100.0/24", &prefixes[1], &values[1]);
    struct facts facts = {.address = scene_address("198.51.100.7"), .country = country_code_parse("JP")};
    struct judgement judgement = scene_judge(country_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_SILENT);
    assert_ptr_equal(judgement.source, &values[0]);
}

static void without_a_database_nothing_can_be_told(void **state) {
    (void)state;
    set(&restricted);
    struct facts facts = {.address = scene_address("198.51.100.7"), .country_unreadable = true};
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_CANNOT_TELL);
    scene_says(country_judge, country_tell, &facts, "no country database could be read");
    scene_clear();
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_PASS);
}

static void an_unknown_address_is_left_to_country_unknown(void **state) {
    (void)state;
    set(&restricted);
    struct facts facts = {.country_unreadable = true};
    assert_int_equal(scene_judge(country_judge, &facts).finding, FINDING_SILENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_holds),
        cmocka_unit_test(a_trusted_network_passes_from_anywhere),
        cmocka_unit_test(a_proxy_has_no_country_even_where_it_is_trusted),
        cmocka_unit_test(without_a_database_nothing_can_be_told),
        cmocka_unit_test(an_unknown_address_is_left_to_country_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
