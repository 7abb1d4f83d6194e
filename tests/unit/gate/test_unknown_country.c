/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/country_unknown.o gate/place.o */
/* What happens to a login of which no country is known, for each way of not knowing it and each setting. */
#include "scene.h"

enum { UNSET = -1 };

struct row {
    bool restricted; /* countries.allow is set */
    int unknown;     /* countries.unknown, or UNSET */
    const char *address, *country;
    bool unreadable;
    enum finding finding;
    bool report_only;
    const char *words;
};

#define ABROAD  "198.51.100.7"
#define HOME    "10.0.0.9" /* trusted */
#define PROXY   "10.0.0.1" /* a proxy within the trusted network */
#define PRIVATE "192.168.1.1"

static const struct row rows[] = {
    {true, UNSET, ABROAD, "FR", false, FINDING_PASS, false, "the country is known"},
    {true, ACTION_DENY, ABROAD, "FR", false, FINDING_PASS, false, "the country is known"},
    {true, UNSET, ABROAD, NULL, false, FINDING_AGAINST, false, "the country database has no country for 198.51.100.7"},
    {true, UNSET, PRIVATE, NULL, false, FINDING_AGAINST, false, "the country database has no country for 192.168.1.1"},
    {true, UNSET, "127.0.0.1", NULL, false, FINDING_AGAINST, false,
     "the country database has no country for 127.0.0.1"},
    {true, UNSET, "::1", NULL, false, FINDING_AGAINST, false, "the country database has no country for ::1"},
    {true, UNSET, NULL, NULL, false, FINDING_AGAINST, false, "the client's address is not known"},
    {true, UNSET, NULL, "JP", false, FINDING_AGAINST, false, "the client's address is not known"},
    {true, UNSET, PROXY, "JP", false, FINDING_AGAINST, false,
     "10.0.0.1 is in networks.proxies: the client behind it is not known"},
    {true, UNSET, HOME, NULL, false, FINDING_PASS, false, "10.0.0.9 is in networks.trusted"},
    {true, UNSET, HOME, NULL, true, FINDING_PASS, false, "10.0.0.9 is in networks.trusted"},
    {true, UNSET, ABROAD, NULL, true, FINDING_CANNOT_TELL, false, "no country database could be read"},
    {true, UNSET, NULL, NULL, true, FINDING_AGAINST, false, "the client's address is not known"},
    {true, UNSET, PROXY, NULL, true, FINDING_AGAINST, false,
     "10.0.0.1 is in networks.proxies: the client behind it is not known"},
    {true, ACTION_ALLOW, ABROAD, NULL, false, FINDING_PASS, false,
     "the country database has no country for 198.51.100.7, which is allowed"},
    {true, ACTION_ALLOW, ABROAD, NULL, true, FINDING_PASS, false,
     "no country database could be read, which is allowed"},
    {true, ACTION_REPORT, ABROAD, NULL, false, FINDING_AGAINST, true,
     "the country database has no country for 198.51.100.7"},
    {true, ACTION_REPORT, ABROAD, NULL, true, FINDING_CANNOT_TELL, true, "no country database could be read"},
    {false, UNSET, ABROAD, NULL, false, FINDING_PASS, false,
     "the country database has no country for 198.51.100.7, which is allowed"},
    {false, UNSET, NULL, NULL, true, FINDING_PASS, false, "the client's address is not known, which is allowed"},
    {false, ACTION_DENY, ABROAD, NULL, false, FINDING_AGAINST, false,
     "the country database has no country for 198.51.100.7"},
};

static struct value allow = {.file = "test", .line = 1};
static struct value unknown;
static struct value trusted, proxies;
static struct prefix trusted_prefix, proxy_prefix;

static void set(const struct row *row) {
    scene_clear();
    scene_countries("JP", &allow.countries);
    scene.key[POLICY_COUNTRIES_ALLOW] = row->restricted ? &allow : NULL;
    unknown = (struct value){.file = "test", .line = 2, .number = row->unknown};
    scene.key[POLICY_COUNTRIES_UNKNOWN] = row->unknown != UNSET ? &unknown : NULL;
    scene_network(POLICY_NETWORKS_TRUSTED, "10.0.0.0/8", &trusted_prefix, &trusted);
    scene_network(POLICY_NETWORKS_PROXIES, PROXY "/32", &proxy_prefix, &proxies);
}

static void each_row_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        set(row);
        struct facts facts = {.address = scene_address(row->address), .country_unreadable = row->unreadable};
        facts.country = row->country != NULL ? country_code_parse(row->country) : COUNTRY_UNKNOWN;
        struct judgement judgement = scene_judge(country_unknown_judge, &facts);
        assert_int_equal(judgement.finding, row->finding);
        assert_int_equal(judgement.report_only, row->report_only);
        scene_says(country_unknown_judge, country_unknown_tell, &facts, row->words);
    }
}

static void a_denial_names_the_value_that_set_it(void **state) {
    (void)state;
    struct facts facts = {.address = scene_address(ABROAD)};
    set(&(struct row){.restricted = true, .unknown = UNSET});
    assert_ptr_equal(scene_judge(country_unknown_judge, &facts).source, &allow);
    set(&(struct row){.restricted = true, .unknown = ACTION_DENY});
    assert_ptr_equal(scene_judge(country_unknown_judge, &facts).source, &unknown);
    assert_null(scene_judge(country_unknown_judge, &facts).softener);
    set(&(struct row){.restricted = true, .unknown = ACTION_REPORT});
    assert_ptr_equal(scene_judge(country_unknown_judge, &facts).softener, &unknown);
    facts.address = scene_address(HOME);
    assert_ptr_equal(scene_judge(country_unknown_judge, &facts).source, &trusted);
}

static void an_empty_deny_restricts_nothing(void **state) {
    (void)state;
    struct value empty = {.file = "test"};
    struct facts facts = {.address = scene_address(ABROAD)};
    set(&(struct row){.unknown = UNSET});
    scene.key[POLICY_COUNTRIES_DENY] = &empty;
    assert_int_equal(scene_judge(country_unknown_judge, &facts).finding, FINDING_PASS);
    scene_countries("CN", &empty.countries);
    assert_int_equal(scene_judge(country_unknown_judge, &facts).finding, FINDING_AGAINST);
    assert_ptr_equal(scene_judge(country_unknown_judge, &facts).source, &empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_holds),
        cmocka_unit_test(a_denial_names_the_value_that_set_it),
        cmocka_unit_test(an_empty_deny_restricts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
