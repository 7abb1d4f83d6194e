/* SPDX-License-Identifier: BSD-2-Clause */
/* links: gate/second_factor_missing.o gate/place.o gate/schedule.o */
/* When a second factor is due, and what stands in for it. */
#include "scene.h"

enum { UNSET = -1, SKIP = 1, FROM = 5000 };
enum fact { ENROLLED = 1, REMEMBERED = 2, AT_HOME = 4, UNREADABLE = 8 };

struct row {
    int totp;    /* or UNSET */
    int trusted; /* second_factor.trusted_networks, or UNSET */
    unsigned known;
    enum credential credential;
    enum finding finding;
    const char *words;
};

#define MISSING  "the account has a confirmed secret, and only a password was given"
#define REQUIRED "a second factor is required, and only a password was given"
#define NO_STORE "the store could not be read"

static const struct row rows[] = {
    {UNSET, UNSET, 0, CREDENTIAL_PASSWORD, FINDING_PASS, "the account has no confirmed secret"},
    {UNSET, UNSET, ENROLLED, CREDENTIAL_PASSWORD, FINDING_AGAINST, MISSING},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_PASSWORD, FINDING_AGAINST, MISSING},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_TOTP, FINDING_PASS, "totp is no bare password"},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_REMEMBERED, FINDING_PASS, "remembered is no bare password"},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_RECOVERY_CODE, FINDING_PASS, "recovery-code is no bare password"},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_APP_PASSWORD, FINDING_PASS, "app-password is no bare password"},
    {TOTP_ENROLLED, UNSET, ENROLLED, CREDENTIAL_TOKEN, FINDING_PASS, "token is no bare password"},
    {TOTP_REQUIRED, UNSET, 0, CREDENTIAL_PASSWORD, FINDING_AGAINST, REQUIRED},
    {TOTP_REQUIRED, UNSET, ENROLLED, CREDENTIAL_PASSWORD, FINDING_AGAINST, REQUIRED},
    {TOTP_REQUIRED, UNSET, ENROLLED | REMEMBERED, CREDENTIAL_PASSWORD, FINDING_PASS,
     "a second factor was given from this network before"},
    {TOTP_OFF, UNSET, ENROLLED, CREDENTIAL_PASSWORD, FINDING_PASS, "second_factor.totp is off"},
    {TOTP_OFF, UNSET, UNREADABLE, CREDENTIAL_PASSWORD, FINDING_PASS, "second_factor.totp is off"},
    {TOTP_REQUIRED, UNSET, AT_HOME, CREDENTIAL_PASSWORD, FINDING_AGAINST, REQUIRED},
    {TOTP_REQUIRED, SKIP, AT_HOME, CREDENTIAL_PASSWORD, FINDING_PASS, "trusted networks need no second factor"},
    {TOTP_REQUIRED, SKIP, 0, CREDENTIAL_PASSWORD, FINDING_AGAINST, REQUIRED},
    {TOTP_REQUIRED, UNSET, UNREADABLE, CREDENTIAL_PASSWORD, FINDING_CANNOT_TELL, NO_STORE},
    {TOTP_ENROLLED, UNSET, UNREADABLE, CREDENTIAL_PASSWORD, FINDING_CANNOT_TELL, NO_STORE},
    {TOTP_REQUIRED, SKIP, UNREADABLE | AT_HOME, CREDENTIAL_PASSWORD, FINDING_PASS,
     "trusted networks need no second factor"},
    {TOTP_REQUIRED, UNSET, UNREADABLE, CREDENTIAL_TOKEN, FINDING_PASS, "token is no bare password"},
};

static struct value totp, skip, home, from;
static struct prefix home_prefix;

static struct facts set(const struct row *row) {
    scene_clear();
    totp = (struct value){.file = "test", .line = 1, .number = row->totp};
    skip = (struct value){.file = "test", .line = 2, .number = row->trusted};
    scene.key[POLICY_SECOND_FACTOR_TOTP] = row->totp != UNSET ? &totp : NULL;
    scene.key[POLICY_SECOND_FACTOR_TRUSTED_NETWORKS] = row->trusted != UNSET ? &skip : NULL;
    scene_network(POLICY_NETWORKS_TRUSTED, "10.0.0.0/8", &home_prefix, &home);
    return (struct facts){
        .address = scene_address((row->known & AT_HOME) != 0 ? "10.0.0.9" : "198.51.100.7"),
        .credential = row->credential,
        .enrolled = (row->known & ENROLLED) != 0,
        .network_remembered = (row->known & REMEMBERED) != 0,
        .store_unreadable = (row->known & UNREADABLE) != 0,
    };
}

static void each_row_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct facts facts = set(&rows[i]);
        assert_int_equal(scene_judge(second_factor_missing_judge, &facts).finding, rows[i].finding);
        scene_says(second_factor_missing_judge, second_factor_missing_tell, &facts, rows[i].words);
    }
}

static void it_only_reports_until_its_day(void **state) {
    (void)state;
    struct row row = {.totp = TOTP_REQUIRED, .trusted = UNSET};
    struct facts facts = set(&row);
    from = (struct value){.file = "test", .line = 3, .number = FROM};
    scene.key[POLICY_SECOND_FACTOR_FROM] = &from;
    facts.now = FROM - 1;
    struct judgement judgement = scene_judge(second_factor_missing_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_AGAINST);
    assert_true(judgement.report_only);
    facts.store_unreadable = true;
    judgement = scene_judge(second_factor_missing_judge, &facts);
    assert_int_equal(judgement.finding, FINDING_CANNOT_TELL);
    assert_true(judgement.report_only);
    facts.now = FROM;
    assert_false(scene_judge(second_factor_missing_judge, &facts).report_only);
}

static void it_names_the_setting_that_settled_it(void **state) {
    (void)state;
    struct row row = {.totp = TOTP_REQUIRED, .trusted = SKIP};
    struct facts facts = set(&row);
    assert_ptr_equal(scene_judge(second_factor_missing_judge, &facts).source, &totp);
    row.known = AT_HOME;
    facts = set(&row);
    assert_ptr_equal(scene_judge(second_factor_missing_judge, &facts).source, &skip);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_holds),
        cmocka_unit_test(it_only_reports_until_its_day),
        cmocka_unit_test(it_names_the_setting_that_settled_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
