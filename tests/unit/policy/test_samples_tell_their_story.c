/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/check.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* The configurations under conf/: each is without a mistake, says at its top what it is about, and gives the accounts
 * that it speaks of the policies that it speaks of. They are copied first, since who may write a file counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

#define NOW 1795000000 /* 18 November 2026 */

static size_t skipped; /* of a path under conf/, to what is copied */

static int copy_one(const char *path, const struct stat *status, int flag, struct FTW *walk) {
    (void)walk;
    static char text[100000];
    const char *name = strlen(path) < skipped ? NULL : path + skipped; /* NULL: the folder itself */
    if (flag == FTW_D)
        return name == NULL ? 0 : mkdir(place_path(name), 0755) != 0 && access(place_path(name), F_OK) != 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true((size_t)status->st_size < sizeof text);
    size_t length = fread(text, 1, sizeof text, file);
    assert_int_equal(fclose(file), 0);
    place_write_bytes(name, text, length);
    return 0;
}

static void copy(const char *folder) {
    skipped = strlen(folder) + 1;
    assert_int_equal(nftw(folder, copy_one, 8, FTW_PHYS), 0);
}

/* Nothing wrong and nothing to warn of in any file, but users and groups that this host has not; three lines of story
 * at least at the top of the main one. */
static void assert_sound(void) {
    struct check_order order = {.now = NOW};
    struct mistakes mistakes = {.list = NULL};
    bool good = configuration_check(place_path(MAIN_FILE), &order, &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        if (!good || strstr(mistakes.list[i].what, " on this host; ") == NULL)
            fail_msg("%s", place_mistake(&mistakes, i));
    mistakes_clear(&mistakes);
    FILE *file = fopen(place_path(MAIN_FILE), "r");
    char line[256];
    int lines = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && line[0] == '#')
        lines++;
    assert_int_equal(fclose(file), 0);
    assert_in_range(lines, 4, 12);
}

static struct configuration *configuration;
static struct policy policy;

static int finish(void **state) {
    policy_release(&policy);
    configuration_free(&configuration);
    return place_remove(state);
}

/* The policy of an account, which no Unix group has. */
static void look_up(const char *name) {
    char account[ACCOUNT_NAME_SIZE];
    policy_release(&policy);
    assert_true(account_name_canonical(&configuration_settings(configuration)->naming, name, account));
    if (configuration_policy(configuration, account, 0, &policy) == POLICY_FOUND)
        return;
    struct group_query *query = configuration_group_query(configuration, account);
    group_query_run(query);
    configuration_group_answer(configuration, &query, 0);
    assert_int_equal(configuration_policy(configuration, account, 0, &policy), POLICY_FOUND);
}

static void start(const char *folder) {
    copy(folder);
    assert_sound();
    configuration = place_load();
}

static bool allows(const char *country) {
    const struct value *value = policy_value(&policy, POLICY_COUNTRIES_ALLOW);
    return value == NULL || country_set_has(&value->countries, country_code_parse(country));
}

static bool trusts(const char *text) {
    struct address address;
    assert_true(address_parse(text, &address));
    return value_holds_address(policy_value(&policy, POLICY_NETWORKS_TRUSTED), &address);
}

static void assert_from(enum policy_key key, int index, const char *file) {
    const struct value *value = policy_value_of(&policy, key, index);
    assert_non_null(value);
    assert_string_equal(value->file, place_path(file));
}

enum { IMAP, POP3, SMTP };

static void the_shipped_one(void **state) {
    (void)state;
    char text[20000];
    FILE *file = fopen("conf/authgate.conf", "r");
    assert_non_null(file);
    place_write_bytes(MAIN_FILE, text, fread(text, 1, sizeof text, file));
    assert_int_equal(fclose(file), 0);
    assert_sound();
    configuration = place_load();
    look_up("alice@example.com");
    assert_int_equal(policy_number(&policy, POLICY_MODE, -1), MODE_REPORT);
    assert_true(allows("JP"));
    assert_int_equal(configuration_settings(configuration)->socket_count, 2);
    assert_string_equal(configuration_settings(configuration)->user, "authgate");
}

static void the_university(void **state) {
    (void)state;
    start("conf/samples/university");
    look_up("Tanaka");
    assert_true(allows("JP") && !allows("FR"));
    assert_int_equal(policy_value(&policy, POLICY_TRAVEL)->count, 2);
    assert_true(trusts("198.51.100.9") && trusts("2001:db8:100::1") && trusts("10.0.0.1") && !trusts("192.0.2.1"));
    assert_int_equal(policy_value_of(&policy, POLICY_LEGACY_AUTH_SERVICES, SMTP)->number, ACTION_DENY);
    assert_int_equal(policy_number(&policy, POLICY_LEGACY_AUTH_FROM, 0), 1806505200); /* 1 April 2027, Tokyo */
    assert_int_equal(policy_value(&policy, POLICY_LEGACY_AUTH_BROWNOUTS)->count, 3);
    look_up("s2600002@example.ac.jp");
    assert_true(allows("FI") && allows("JP") && !allows("FR"));
    assert_from(POLICY_SERVICES, POP3, "groups/students.conf");
    look_up("s2600004");
    assert_null(policy_value_of(&policy, POLICY_SERVICES, POP3));
    look_up("MFP-room204");
    assert_int_equal(policy_value(&policy, POLICY_EXCEPTIONS)->exceptions[0].rule, REASON_LEGACY_AUTH);
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, IMAP)->number, 1);
    assert_null(policy_value_of(&policy, POLICY_SERVICES, SMTP));
    look_up("sato@alumni.example.ac.jp");
    assert_true(allows("FR") && allows("BR"));
    assert_from(POLICY_COUNTRIES_ALLOW, 0, "domains/alumni.example.ac.jp.conf");
}

static void the_hosting_company(void **state) {
    (void)state;
    start("conf/samples/hosting");
    char canonical[ACCOUNT_NAME_SIZE];
    assert_int_equal(configuration_settings(configuration)->naming.domain_count, 3);
    assert_false(
        account_name_canonical(&configuration_settings(configuration)->naming, "claire@elsewhere.example", canonical));
    look_up("claire@brasserie.example");
    assert_true(allows("FR") && allows("BE") && !allows("IT"));
    assert_int_equal(policy_value(&policy, POLICY_TRAVEL)->count, 1);
    look_up("chef@brasserie.example");
    assert_null(policy_value(&policy, POLICY_TRAVEL));
    look_up("bosun@maritime.example");
    assert_true(allows("PA"));
    assert_int_equal(policy_value_of(&policy, POLICY_LEGACY_AUTH_SERVICES, SMTP)->number, ACTION_DENY);
    look_up("shop@tanuki.example");
    assert_int_equal(policy_number(&policy, POLICY_MODE, -1), MODE_REPORT);
    assert_true(allows("JP") && !allows("FR"));
    assert_int_equal(configuration_service(configuration, "webmail"), 5);
}

static void the_company_of_30(void **state) {
    (void)state;
    start("conf/samples/company");
    look_up("meier");
    assert_true(allows("DE") && allows("AT") && !allows("CH"));
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, POP3)->number, 1);
    look_up("Rossi+offers");
    assert_true(allows("IT") && allows("CH") && !allows("US"));
    assert_true(country_set_has(&policy_value(&policy, POLICY_COUNTRIES_DENY)->countries, country_code_parse("BY")));
    look_up("scanner@example.de");
    assert_int_equal(policy_value(&policy, POLICY_EXCEPTIONS)->exceptions[0].service, SMTP);
    assert_int_equal(policy_value_of(&policy, POLICY_SERVICES, IMAP)->number, 1);
    assert_from(POLICY_SERVICES, POP3, MAIN_FILE);
    look_up("weber");
    assert_int_equal(policy_value_of(&policy, POLICY_MODES, REASON_COUNTRY)->number, MODE_REPORT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shipped_one, place_make, finish),
        cmocka_unit_test_setup_teardown(the_university, place_make, finish),
        cmocka_unit_test_setup_teardown(the_hosting_company, place_make, finish),
        cmocka_unit_test_setup_teardown(the_company_of_30, place_make, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
