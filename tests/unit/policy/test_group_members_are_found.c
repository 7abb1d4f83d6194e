/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig -Wl,--wrap=getpwnam_r -Wl,--wrap=getgrnam_r -Wl,--wrap=getgrouplist */
/* Who is in a group: by name, by a file of names, by a Unix group. NSS is played by this file, so that it can fail. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

#define MINUTE 60000

/* ---- NSS as these tests want it ---- */

static int nss_error;   /* what every look-up answers */
static int nss_lookups; /* how many users were looked up */
static int nss_group_lookups;
static const char *nss_user;
static int longest_needed; /* ERANGE below this many bytes */

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *bytes, size_t size, struct passwd **result);
int __wrap_getgrnam_r(const char *name, struct group *entry, char *bytes, size_t size, struct group **result);
int __wrap_getgrouplist(const char *user, gid_t own, gid_t *groups, int *count);

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *bytes, size_t size, struct passwd **result) {
    (void)bytes;
    nss_lookups++;
    *result = NULL;
    if (nss_error != 0)
        return nss_error;
    if (size < (size_t)longest_needed)
        return ERANGE;
    if (strcmp(name, nss_user) == 0) {
        *entry = (struct passwd){.pw_gid = 100};
        *result = entry;
    }
    return 0;
}

/* `primary` is the user's own group, `listed` lists him, `supplementary` is known by number alone. */
int __wrap_getgrnam_r(const char *name, struct group *entry, char *bytes, size_t size, struct group **result) {
    (void)bytes, (void)size;
    static char *nobody[] = {NULL}, *members[] = {(char *)"zoe", (char *)"alice", NULL};
    static const struct {
        const char *name;
        gid_t number;
    } groups[] = {{"primary", 100}, {"listed", 200}, {"supplementary", 300}, {"empty", 400}};
    *result = NULL;
    nss_group_lookups++;
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(groups[i].name, name) == 0) {
            *entry = (struct group){.gr_gid = groups[i].number, .gr_mem = i == 1 ? members : nobody};
            *result = entry;
        }
    }
    return 0;
}

/* More groups than are asked for at first. */
int __wrap_getgrouplist(const char *user, gid_t own, gid_t *groups, int *count) {
    (void)user;
    int room = *count;
    *count = 100;
    if (room < 100)
        return -1;
    for (int i = 0; i < 100; i++)
        groups[i] = i == 0 ? own : i == 99 ? 300 : (gid_t)(5000 + i);
    return 100;
}

/* ---- what is asked ---- */

static struct configuration *configuration;

static int start(void **state) {
    nss_error = nss_lookups = nss_group_lookups = longest_needed = 0;
    nss_user = "alice";
    return place_make(state);
}

static int finish(void **state) {
    configuration_free(&configuration);
    return place_remove(state);
}

static void write_main(const char *more) {
    char text[512];
    snprintf(text, sizeof text, MAIN_START "domains = [ \"example.com\", \"example.org\" ];\n%s", more);
    place_write(MAIN_FILE, text);
}

/* The account's throttle.passwords, or -1 unreadable, -2 groups must be asked for. */
static int passwords_of(const char *account, int64_t now) {
    struct policy policy;
    enum policy_result result = configuration_policy(configuration, account, now, &policy);
    if (result != POLICY_FOUND)
        return result == POLICY_UNREADABLE ? -1 : -2;
    int number = (int)policy_number(&policy, POLICY_THROTTLE_PASSWORDS, -2);
    policy_release(&policy);
    return number;
}

static void ask(const char *account, int64_t now) {
    struct group_query *query = configuration_group_query(configuration, account);
    assert_non_null(query);
    group_query_run(query);
    configuration_group_answer(configuration, &query, now);
    assert_null(query);
}

static void members_by_name(void **state) {
    (void)state;
    write_main("groups = [ \"strict\", \"lax\" ];");
    place_write("groups/strict.conf", "members = [ \"Alice\", \"bob@EXAMPLE.org\" ]; throttle = { passwords = 2; };");
    place_write("groups/lax.conf", "members = [ \"alice\", \"carol\" ]; throttle = { passwords = 9; };");
    configuration = place_load();
    assert_int_equal(passwords_of("alice@example.com", 0), 2);
    assert_int_equal(passwords_of("bob@example.org", 0), 2);
    assert_int_equal(passwords_of("carol@example.com", 0), 9);
    assert_int_equal(passwords_of("bob@example.com", 0), 5);
    assert_int_equal(passwords_of("alice@example.org", 0), 5);
    assert_int_equal(nss_lookups, 0);
}

static void the_order_is_that_of_the_main_file(void **state) {
    (void)state;
    write_main("groups = [ \"lax\", \"strict\" ];");
    place_write("groups/strict.conf", "members = [ \"alice\" ]; throttle = { passwords = 2; };");
    place_write("groups/lax.conf", "members = [ \"alice\" ]; throttle = { passwords = 9; };");
    configuration = place_load();
    assert_int_equal(passwords_of("alice@example.com", 0), 9);
}

static void members_by_file(void **state) {
    (void)state;
    write_main("groups = [ \"staff\" ];");
    place_write("groups/staff.conf", "members_file = \"staff.txt\"; throttle = { passwords = 2; };");
    place_write("staff.txt", "# from the directory\n\n  alice\t# head\nBOB@example.org\r\n\n");
    configuration = place_load();
    assert_int_equal(passwords_of("alice@example.com", 0), 2);
    assert_int_equal(passwords_of("bob@example.org", 0), 2);
    assert_int_equal(passwords_of("carol@example.com", 0), 5);
}

static void a_hundred_thousand_members(void **state) {
    (void)state;
    write_main("groups = [ \"students\" ];");
    place_write("groups/students.conf", "members_file = \"students.txt\"; throttle = { passwords = 2; };");
    FILE *file = fopen(place_path("students.txt"), "w");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++)
        fprintf(file, "s%06d\n", i);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(place_path("students.txt"), 0644), 0);
    configuration = place_load();
    char account[64];
    for (int i = 0; i < 100000; i += 997) {
        snprintf(account, sizeof account, "s%06d@example.com", i);
        assert_int_equal(passwords_of(account, 0), 2);
    }
    assert_int_equal(passwords_of("s100000@example.com", 0), 5);
}

static void assert_refused(const char *because) {
    struct mistakes mistakes = {.list = NULL};
    assert_null(configuration_load(place_path(MAIN_FILE), &mistakes));
    if (strcmp(place_mistake(&mistakes, mistakes.count - 1), because) != 0)
        fail_msg("%s", place_mistake(&mistakes, mistakes.count - 1));
    mistakes_clear(&mistakes);
}

static void mistakes_about_members(void **state) {
    (void)state;
    write_main("groups = [ \"staff\" ];");
    place_write("groups/staff.conf", "# who?\nmembers = [ \"alice\", \"bob@example.net\" ];");
    assert_refused(
        "groups/staff.conf:2: \"bob@example.net\" cannot be an account here; write a name, with a domain that "
        "is served");
    place_write("groups/staff.conf", "members_file = \"staff.txt\";");
    place_write("staff.txt", "alice\nbob@@example.com\n");
    assert_refused("staff.txt:2: \"bob@@example.com\" cannot be an account here; write a name, with a domain that is "
                   "served");
    place_write("groups/staff.conf", "mode = \"off\";");
    assert_refused("groups/staff.conf: nobody is in the group staff; add members, members_file or unix_group");
    place_write("groups/staff.conf", "members = [ ];");
    place_write("groups/forgotten.conf", "members = [ ];");
    assert_refused("groups/forgotten.conf: the group forgotten is not in groups of the main file, so its policy holds "
                   "for nobody; add it there");
}

/* Each of the three ways in which a user can be in a Unix group gives it; no other does. */
static void write_unix_groups(void) {
    write_main("groups = [ \"a\", \"b\", \"c\", \"d\" ];");
    place_write("groups/a.conf", "unix_group = \"empty\"; throttle = { passwords = 2; };");
    place_write("groups/b.conf", "unix_group = \"primary\"; throttle = { window = \"1m\"; };");
    place_write("groups/c.conf", "unix_group = \"listed\"; second_factor = { window = 3; };");
    place_write("groups/d.conf", "unix_group = \"supplementary\"; second_factor = { remember = \"1h\"; };");
}

static void unix_groups_are_asked_for_first(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    struct policy policy;
    assert_int_equal(passwords_of("alice@example.com", 0), -2);
    ask("alice@example.com", 0);
    assert_int_equal(configuration_policy(configuration, "alice@example.com", 1, &policy), POLICY_FOUND);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_PASSWORDS, 0), 5);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_WINDOW, 0), 60);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_WINDOW, 0), 3);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_REMEMBER, 0), 3600);
    policy_release(&policy);
    assert_int_equal(passwords_of("bob@example.com", 1), -2);
}

static void an_answer_is_kept_for_five_minutes(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    ask("alice@example.com", 1000);
    assert_int_equal(passwords_of("alice@example.com", 1000 + 5 * MINUTE - 1), 5);
    assert_int_equal(passwords_of("alice@example.com", 1000 + 5 * MINUTE), -2);
    assert_int_equal(nss_lookups, 1);
}

static void no_answer_is_never_no_group(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    nss_error = EIO;
    ask("alice@example.com", 1000);
    assert_int_equal(passwords_of("alice@example.com", 1000), -1);
    assert_int_equal(passwords_of("alice@example.com", 1000 + 9999), -1);
    assert_int_equal(passwords_of("alice@example.com", 1000 + 10000), -2);
    struct group_query *query = configuration_group_query(configuration, "bob@example.com");
    configuration_group_answer(configuration, &query, 0); /* a worker that never ran it */
    assert_int_equal(passwords_of("bob@example.com", 0), -1);
}

/* Nor is a group looked up for one: names are cheap to guess. `zoe` is listed. */
static void a_user_nobody_knows_is_in_no_group(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    struct policy policy;
    ask("bob@example.com", 0);
    assert_int_equal(passwords_of("bob@example.com", 0), 5);
    ask("zoe@example.com", 0);
    assert_int_equal(configuration_policy(configuration, "zoe@example.com", 0, &policy), POLICY_FOUND);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_WINDOW, 0), 1);
    policy_release(&policy);
    assert_int_equal(nss_lookups, 2);
    assert_int_equal(nss_group_lookups, 0);
    ask("alice@example.com", 0);
    assert_int_equal(nss_group_lookups, 4);
}

static void a_look_up_that_is_dropped_says_nothing(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    struct group_query *query = configuration_group_query(configuration, "alice@example.com");
    assert_non_null(query);
    group_query_drop(&query);
    assert_null(query);
    group_query_drop(&query);
    assert_int_equal(passwords_of("alice@example.com", 0), -2);
}

/* In the default domain NSS knows the local part, elsewhere the whole name. */
static void the_name_that_nss_knows(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    struct policy policy;
    nss_user = "alice@example.org";
    longest_needed = 100000;
    ask("alice@example.org", 0);
    assert_int_equal(configuration_policy(configuration, "alice@example.org", 0, &policy), POLICY_FOUND);
    assert_int_equal(policy_number(&policy, POLICY_THROTTLE_WINDOW, 0), 60);
    assert_int_equal(policy_number(&policy, POLICY_SECOND_FACTOR_WINDOW, 0), 1); /* only alice is listed */
    policy_release(&policy);
    assert_int_equal(nss_lookups, 3); /* the buffer grew twice */
}

static void an_answer_to_another_configuration_is_dropped(void **state) {
    (void)state;
    write_unix_groups();
    configuration = place_load();
    struct group_query *query = configuration_group_query(configuration, "alice@example.com");
    configuration_free(&configuration);
    group_query_run(query);
    place_write("groups/d.conf", "unix_group = \"primary\"; second_factor = { remember = \"1h\"; };");
    configuration = place_load();
    configuration_group_answer(configuration, &query, 0);
    assert_null(query);
    assert_int_equal(passwords_of("alice@example.com", 0), -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_by_name, start, finish),
        cmocka_unit_test_setup_teardown(the_order_is_that_of_the_main_file, start, finish),
        cmocka_unit_test_setup_teardown(members_by_file, start, finish),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_members, start, finish),
        cmocka_unit_test_setup_teardown(mistakes_about_members, start, finish),
        cmocka_unit_test_setup_teardown(unix_groups_are_asked_for_first, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_is_kept_for_five_minutes, start, finish),
        cmocka_unit_test_setup_teardown(no_answer_is_never_no_group, start, finish),
        cmocka_unit_test_setup_teardown(a_user_nobody_knows_is_in_no_group, start, finish),
        cmocka_unit_test_setup_teardown(a_look_up_that_is_dropped_says_nothing, start, finish),
        cmocka_unit_test_setup_teardown(the_name_that_nss_knows, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_to_another_configuration_is_dropped, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
