/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/network.o gate/place.o */
/* Denied networks, against every kind of address. */
#include "scene.h"

static const struct {
    const char *denied, *trusted, *address;
    enum finding finding;
    const char *words;
} rows[] = {
    {NULL, NULL, "192.0.2.1", FINDING_PASS, "no network is denied"},
    {NULL, NULL, NULL, FINDING_PASS, "no network is denied"},
    {"192.0.2.0/24", NULL, "192.0.2.255", FINDING_AGAINST, "192.0.2.255 is in networks.denied"},
    {"192.0.2.0/24", NULL, "192.0.3.0", FINDING_PASS, "192.0.3.0 is not in networks.denied"},
    {"192.0.2.0/24", NULL, "::ffff:192.0.2.9", FINDING_AGAINST, "192.0.2.9 is in networks.denied"},
    {"2001:db8::/32", NULL, "2001:db8:1::9", FINDING_AGAINST, "2001:db8:1::9 is in networks.denied"},
    {"0.0.0.0/0", NULL, "2001:db8::1", FINDING_PASS, "2001:db8::1 is not in networks.denied"},
    {"192.0.2.0/24", "192.0.2.0/25", "192.0.2.1", FINDING_AGAINST, "192.0.2.1 is in networks.denied"},
    {"0.0.0.0/0", NULL, NULL, FINDING_SILENT, "an unknown address lies in no network"},
};

static void an_address_is_denied_exactly_in_a_denied_network(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct prefix prefixes[2];
        struct value values[2];
        scene_clear();
        scene_network(POLICY_NETWORKS_DENIED, rows[i].denied, &prefixes[0], &values[0]);
        scene_network(POLICY_NETWORKS_TRUSTED, rows[i].trusted, &prefixes[1], &values[1]);
        struct facts facts = {.address = scene_address(rows[i].address)};
        assert_int_equal(scene_judge(network_judge, &facts).finding, rows[i].finding);
        scene_says(network_judge, network_tell, &facts, rows[i].words);
    }
}

static void an_empty_list_denies_no_network(void **state) {
    (void)state;
    const struct value none = {.file = "test", .line = 1};
    scene_clear();
    scene.key[POLICY_NETWORKS_DENIED] = &none;
    struct facts facts = {.address = scene_address(NULL)};
    assert_int_equal(scene_judge(network_judge, &facts).finding, FINDING_PASS);
    scene_says(network_judge, network_tell, &facts, "no network is denied");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_denied_exactly_in_a_denied_network),
        cmocka_unit_test(an_empty_list_denies_no_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
