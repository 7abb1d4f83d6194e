/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* Every policy key at every level: for each, files are written that set it from that level outwards, and the nearest
 * must win, known by its file and line. Keys with a slot for each service or rule merge slot by slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/keys.h"
#include "policy/place.h"

/* From the nearest to the farthest. */
static const char *const levels[] = {"accounts/alice.conf", "groups/first.conf", "groups/second.conf",
                                     "domains/example.com.conf", MAIN_FILE};
#define LEVEL_COUNT 5

/* How a key of each type may be written. */
static const char *sample(const struct key *key) {
    static char choice[64];
    switch (key->type) {
    case TYPE_CHOICE:
        snprintf(choice, sizeof choice, "\"%s\"", key->choices[1]);
        return choice;
    case TYPE_BOOLEAN:
        return "false";
    case TYPE_NUMBER:
        return "4";
    case TYPE_DURATION:
        return "\"2h\"";
    case TYPE_FROM:
        return "\"2026-12-01\"";
    case TYPE_COUNTRIES:
        return "[ \"FR\" ]";
    case TYPE_PREFIXES:
        return "[ \"private\" ]";
    case TYPE_MECHANISMS:
        return "[ \"CRAM-MD5\" ]";
    default:
        return "( )";
    }
}

static const char *slot_name(const struct key *key, int slot) {
    if (key->per == PER_SERVICE)
        return slot == 0 ? "imap" : "pop3";
    return slot == 0 ? "country" : "network";
}

static int slot_index(const struct key *key, int slot) {
    if (key->per == PER_SERVICE)
        return slot;
    return slot == 0 ? REASON_COUNTRY : REASON_NETWORK;
}

/* Appends `a = { b = VALUE; };` for the key a.b; for a key with slots the slot's name is the innermost. */
static void write_key(FILE *file, const struct key *key, int slot) {
    char name[128];
    snprintf(name, sizeof name, "%s%s%s", key->name, key->per == PER_NONE ? "" : ".",
             key->per == PER_NONE ? "" : slot_name(key, slot));
    int depth = 0;
    for (char *rest = name, *part = strsep(&rest, "."); part != NULL; part = strsep(&rest, ".")) {
        fprintf(file, rest == NULL ? "%s = " : "%s = { ", part);
        depth += rest != NULL;
    }
    fprintf(file, "%s;", sample(key));
    while (depth-- > 0)
        fputs(" };", file);
    fputc('\n', file);
}

/* One level's file. Without `key` it sets nothing. */
static void write_level(size_t level, const struct key *key, int slot) {
    static const char *const starts[] = {"# account\n", "members = [ \"alice\" ];\n", "members = [ \"alice\" ];\n",
                                         "# domain\n",
                                         MAIN_START "groups = [ \"first\", \"second\" ];\ndefaults = {\n"};
    FILE *file = fopen(place_path(levels[level]), "w");
    assert_non_null(file);
    fputs(starts[level], file);
    if (key != NULL)
        write_key(file, key, slot);
    if (level == LEVEL_COUNT - 1)
        fputs("};\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(place_path(levels[level]), 0644), 0);
}

static const int line_of_level[] = {2, 2, 2, 2, 4};

static void look_up(struct configuration *configuration, struct policy *policy) {
    assert_int_equal(configuration_policy(configuration, "alice@example.com", 0, policy), POLICY_FOUND);
}

static void assert_from_level(const struct key *key, int slot, size_t level) {
    struct configuration *configuration = place_load();
    struct policy policy;
    look_up(configuration, &policy);
    const struct value *value = key->per == PER_NONE
                                    ? policy_value(&policy, (enum policy_key)key->id)
                                    : policy_value_of(&policy, (enum policy_key)key->id, slot_index(key, slot));
    if (value == NULL)
        fail_msg("%s at %s: no value", key->name, levels[level]);
    if (strcmp(value->file, place_path(levels[level])) != 0 || value->line != line_of_level[level])
        fail_msg("%s at %s: from %s:%d", key->name, levels[level], value->file, value->line);
    policy_release(&policy);
    configuration_free(&configuration);
}

static void each_key_at_each_level(void **state) {
    (void)state;
    for (int id = 0; id < POLICY_KEY_COUNT; id++) {
        const struct key *key = key_of_policy((enum policy_key)id);
        assert_non_null(key);
        for (size_t nearest = 0; nearest < LEVEL_COUNT; nearest++) {
            for (size_t level = 0; level < LEVEL_COUNT; level++)
                write_level(level, level >= nearest ? key : NULL, 0);
            assert_from_level(key, 0, nearest);
        }
    }
}

static void slots_merge_one_by_one(void **state) {
    (void)state;
    for (int id = 0; id < POLICY_KEY_COUNT; id++) {
        const struct key *key = key_of_policy((enum policy_key)id);
        if (key->per == PER_NONE)
            continue;
        for (size_t level = 0; level < LEVEL_COUNT; level++)
            write_level(level, level == 1 || level == 3 ? key : NULL, level == 1 ? 0 : 1);
        assert_from_level(key, 0, 1);
        assert_from_level(key, 1, 3);
    }
}

static void built_in_defaults_come_last(void **state) {
    (void)state;
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        write_level(level, NULL, 0);
    struct configuration *configuration = place_load();
    struct policy policy;
    look_up(configuration, &policy);
    for (int id = 0; id < POLICY_KEY_COUNT; id++) {
        const struct key *key = key_of_policy((enum policy_key)id);
        const struct value *value = policy_value(&policy, (enum policy_key)id);
        assert_int_equal(value != NULL, key->fallback != NULL);
        if (value != NULL) {
            assert_string_equal(value->file, "built-in");
            assert_int_equal(value->line, 0);
        }
    }
    assert_int_equal(policy_number(&policy, POLICY_MODE, -1), MODE_ENFORCE);
    assert_int_equal(policy_number(&policy, POLICY_LEGACY_AUTH_DEFAULT, -1), ACTION_ALLOW);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_TOTP, -1), TOTP_ENROLLED);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_REMEMBER, -1), 30 * 86400);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_WINDOW, -1), 1);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_APP_PASSWORDS, -1), 1);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_TRUSTED_NETWORKS, -1), 0);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_PASSWORDS, -1), 5);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_WINDOW, -1), 900);
    assert_int_equal(policy_number(&policy, POLICY_COMPROMISE_ACTION, -1), ACTION_REPORT);
    assert_int_equal(policy_number(&policy, POLICY_STOLEN_ACTION, -1), ACTION_REPORT);
    assert_int_equal(policy_number(&policy, POLICY_COUNTRIES_UNKNOWN, -1), -1);
    policy_release(&policy);
    configuration_free(&configuration);
}

/* A value that an account may still point at outlives the configuration that it came from. */
static void a_policy_outlives_its_configuration(void **state) {
    (void)state;
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        write_level(level, key_of_policy(POLICY_COUNTRIES_ALLOW), 0);
    struct configuration *configuration = place_load();
    struct policy policy;
    look_up(configuration, &policy);
    configuration_free(&configuration);
    const struct value *value = policy_value(&policy, POLICY_COUNTRIES_ALLOW);
    assert_string_equal(value->file, place_path(levels[0]));
    assert_true(country_set_has(&value->countries, country_code_parse("FR")));
    policy_release(&policy);
    policy_release(&policy);
}

static void other_accounts_have_the_defaults_alone(void **state) {
    (void)state;
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        write_level(level, key_of_policy(POLICY_MODE), 0);
    place_write("domains/example.org.conf", "services = { imap = \"closed\"; };\n");
    struct configuration *configuration = place_load();
    struct policy policy;
    assert_int_equal(configuration_policy(configuration, "alice@example.org", 0, &policy), POLICY_FOUND);
    assert_string_equal(policy_value(&policy, POLICY_MODE)->file, place_path(MAIN_FILE));
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, 0)->number, 1);
    assert_null(policy_value_of(&policy, POLICY_SERVICES, 1));
    assert_null(policy_value_of(&policy, POLICY_SERVICES, -1));
    assert_null(policy_value_of(&policy, POLICY_SERVICES, SERVICE_LIMIT));
    assert_null(policy_value_of(&policy, POLICY_MODES, REASON_COUNT));
    policy_release(&policy);
    configuration_free(&configuration);
}

/* policy.h counts the slots by hand; the table knows which keys have several. */
static void slots_follow_the_table(void **state) {
    (void)state;
    size_t slot = 0;
    for (int id = 0; id < POLICY_KEY_COUNT; id++) {
        const struct key *key = key_of_policy((enum policy_key)id);
        assert_int_equal(policy_slot((enum policy_key)id), slot);
        size_t count = key->per == PER_SERVICE ? SERVICE_LIMIT : key->per == PER_RULE ? REASON_COUNT : 1;
        assert_int_equal(policy_slot_count((enum policy_key)id), count);
        slot += count;
    }
    assert_int_equal(slot, POLICY_SLOT_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_key_at_each_level, place_make, place_remove),
        cmocka_unit_test_setup_teardown(slots_merge_one_by_one, place_make, place_remove),
        cmocka_unit_test_setup_teardown(built_in_defaults_come_last, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_policy_outlives_its_configuration, place_make, place_remove),
        cmocka_unit_test_setup_teardown(other_accounts_have_the_defaults_alone, place_make, place_remove),
        cmocka_unit_test(slots_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
