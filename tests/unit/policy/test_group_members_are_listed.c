/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o policy/group_members.o -lconfig -Wl,--wrap=getgrnam -Wl,--wrap=getpwent */
/* Everybody in a group, however it names them: for verbs that do something for each. NSS is played by this file. */
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

struct group *__wrap_getgrnam(const char *name);
struct passwd *__wrap_getpwent(void);

static size_t next_user;

struct group *__wrap_getgrnam(const char *name) {
    static char *members[] = {(char *)"zoe", (char *)"bad/name", NULL};
    static struct group staff = {.gr_gid = 200, .gr_mem = members};
    return strcmp(name, "staff") == 0 ? &staff : NULL;
}

struct passwd *__wrap_getpwent(void) {
    static struct passwd users[] = {{.pw_name = (char *)"yan", .pw_gid = 200},
                                    {.pw_name = (char *)"other", .pw_gid = 1}};
    return next_user < 2 ? &users[next_user++] : NULL;
}

static char found[512];

static void take(void *context, const char *account) {
    (void)context;
    size_t length = strlen(found);
    snprintf(found + length, sizeof found - length, "%s ", account);
}

static bool list(const char *group) {
    struct configuration *configuration = place_load();
    found[0] = '\0';
    next_user = 0;
    bool known = configuration_group_members(configuration, group, take, NULL);
    configuration_free(&configuration);
    return known;
}

static void assert_found(const char *account) {
    if (strstr(found, account) == NULL)
        fail_msg("%s is not among %s", account, found);
}

static void by_name_and_by_file(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "groups = [ \"other\", \"both\" ]; defaults = { };\n");
    place_write("groups/other.conf", "members = [ \"xena\" ];\n");
    place_write("groups/both.conf", "members = [ \"Alice\", \"bob@example.com\" ]; members_file = \"list\";\n");
    place_write("list", "carol\nalice\n# dave\n");
    assert_true(list("both"));
    assert_found("alice@example.com ");
    assert_found("bob@example.com ");
    assert_found("carol@example.com ");
    assert_null(strstr(found, "xena"));
    assert_int_equal(strlen(found), strlen("alice@example.com bob@example.com carol@example.com "));
}

static void by_unix_group(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "groups = [ \"names\", \"staff\", \"gone\" ]; defaults = { };\n");
    place_write("groups/names.conf", "members = [ \"alice\" ];\n");
    place_write("groups/staff.conf", "unix_group = \"staff\"; members = [ \"alice\" ];\n");
    place_write("groups/gone.conf", "unix_group = \"gone\";\n");
    assert_true(list("staff"));
    assert_found("zoe@example.com ");
    assert_found("yan@example.com ");
    assert_found("alice@example.com ");
    assert_null(strstr(found, "other"));
    assert_null(strstr(found, "bad"));
    assert_true(list("names"));
    assert_string_equal(found, "alice@example.com ");
    assert_false(list("gone")); /* NSS does not know it: not the same as nobody */
}

static void a_group_that_is_none(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "defaults = { };\n");
    assert_false(list("staff"));
    assert_string_equal(found, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_name_and_by_file, place_make, place_remove),
        cmocka_unit_test_setup_teardown(by_unix_group, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_group_that_is_none, place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
