/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/gate.o gate/locked.o gate/throttled.o gate/service_closed.o gate/mechanism.o gate/network.o
 * gate/country.o gate/country_unknown.o gate/legacy_auth.o gate/second_factor_missing.o gate/place.o gate/schedule.o */
/* All rules together on a login that passes every one of them, and what that takes. */
#include "scene.h"

#include "base/clock.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||               \
    __has_feature(thread_sanitizer)
#define SLOWER 20
#else
#define SLOWER 1
#endif

enum { TURNS = 200000, NANOSECONDS_ALLOWED = 1000 };

static struct prefix prefixes[4];
static struct value allow, unknown, trusted, denied, proxies, mechanisms, legacy, totp;
static const char *const words[] = {"CRAM-MD5"};

static void set(void) {
    scene_clear();
    scene_countries("JP KR TW", &allow.countries);
    scene.key[POLICY_COUNTRIES_ALLOW] = &allow;
    unknown.number = ACTION_DENY;
    scene.key[POLICY_COUNTRIES_UNKNOWN] = &unknown;
    scene_network(POLICY_NETWORKS_TRUSTED, "10.0.0.0/8", &prefixes[0], &trusted);
    scene_network(POLICY_NETWORKS_DENIED, "203.0.113.0/24", &prefixes[1], &denied);
    scene_network(POLICY_NETWORKS_PROXIES, "192.0.2.7/32", &prefixes[2], &proxies);
    mechanisms = (struct value){.count = 1, .words = words};
    scene.key[POLICY_LEGACY_AUTH_MECHANISMS] = &mechanisms;
    legacy.number = ACTION_ALLOW;
    scene.key[POLICY_LEGACY_AUTH_DEFAULT] = &legacy;
    totp.number = TOTP_ENROLLED;
    scene.key[POLICY_SECOND_FACTOR_TOTP] = &totp;
}

static void a_decision_takes_under_a_microsecond(void **state) {
    (void)state;
    set();
    struct facts facts = {.mechanism = "PLAIN", .address = scene_address("198.51.100.7")};
    facts.country = country_code_parse("JP");
    int64_t best = INT64_MAX;
    for (int attempt = 0; attempt < 5; attempt++) {
        int64_t begun = clock_monotonic();
        for (int turn = 0; turn < TURNS; turn++) {
            struct decision decision;
            gate_decide(&facts, SCENE_POLICY, &decision);
            assert_int_equal(decision.verdict, VERDICT_CONTINUE);
        }
        int64_t taken = clock_monotonic() - begun;
        best = taken < best ? taken : best;
    }
    print_message("%lld ns a decision\n", (long long)(best * 1000000 / TURNS));
    assert_true(best * 1000000 / TURNS < NANOSECONDS_ALLOWED * SLOWER);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_decision_takes_under_a_microsecond)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
