/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o policy/check.o -lconfig */
/* `check` looks at every file there is, and at none but those it was asked about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/place.h"

#define NOW 1795000000 /* 18 November 2026 */

static size_t calls, last_done, last_all;

static void count_progress(void *context, size_t done, size_t all) {
    assert_ptr_equal(context, &calls);
    assert_true(done <= all && done >= last_done);
    calls++;
    last_done = done;
    last_all = all;
}

static struct mistakes mistakes;

static int start(void **state) {
    calls = last_done = last_all = 0;
    (void)place_make(state);
    place_write(MAIN_FILE, MAIN_START "sockets = ( ); groups = [ \"staff\" ];\n"
                                      "domains = [ \"example.com\", \"example.org\" ]; recipient_delimiter = \"+\";");
    place_write("groups/staff.conf", "members = [ \"alice\" ];");
    place_write("domains/example.org.conf", "countries = { allow = [ \"JP\" ]; };");
    place_write("accounts/alice.conf", "countries = { allow = [ \"JP\" ]; };");
    assert_int_equal(mkdir(place_path("accounts/example.org"), 0755), 0);
    place_write("accounts/example.org/bob.conf", "mode = \"report\";");
    return 0;
}

static int finish(void **state) {
    mistakes_clear(&mistakes);
    return place_remove(state);
}

static bool check(void) {
    mistakes_clear(&mistakes);
    struct check_order order = {.now = NOW, .progress = count_progress, .context = &calls};
    return configuration_check(place_path(MAIN_FILE), &order, &mistakes);
}

static bool check_only(const char *one, const char *other) {
    const char *only[] = {one, other};
    mistakes_clear(&mistakes);
    struct check_order order = {.only = only, .only_count = other == NULL ? 1 : 2, .now = NOW};
    return configuration_check(place_path(MAIN_FILE), &order, &mistakes);
}

static void assert_says(const char *what) {
    for (size_t i = 0; i < mistakes.count; i++)
        if (strcmp(place_mistake(&mistakes, i), what) == 0)
            return;
    fail_msg("\"%s\" is not said, but \"%s\"", what, place_mistake(&mistakes, 0));
}

static void nothing_is_wrong(void **state) {
    (void)state;
    assert_true(check());
    assert_int_equal(mistakes.count, 0);
    assert_int_equal(last_done, last_all);
    assert_int_equal(last_all, 3); /* alice, the folder, bob */
}

static void every_kind_of_file_is_looked_at(void **state) {
    (void)state;
    place_write("groups/staff.conf", "members = [ \"alice\" ]; one = 1;");
    place_write("domains/example.org.conf", "two = 1;");
    place_write("accounts/alice.conf", "three = 1;");
    place_write("accounts/example.org/bob.conf", "four = 1;");
    assert_false(check());
    assert_int_equal(mistakes.grave, 4);
    assert_says("groups/staff.conf:1:24: there is no key one; authgate.conf(5) lists all of them");
    assert_says("domains/example.org.conf:1:1: there is no key two; authgate.conf(5) lists all of them");
    assert_says("accounts/alice.conf:1:1: there is no key three; authgate.conf(5) lists all of them");
    assert_says("accounts/example.org/bob.conf:1:1: there is no key four; authgate.conf(5) lists all of them");
}

static void a_broken_main_file_does_not_hide_the_others(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "sockets = ( ); groups = [ \"staff\" ]; wrong = 1;\n"
                                      "domains = [ \"example.com\", \"example.org\" ];");
    place_write("accounts/alice.conf", "three = 1;");
    assert_false(check());
    assert_int_equal(mistakes.grave, 2);
}

#define NOBODY "authgate-nobody"

/* A configuration may be checked for another host, so none of them is a mistake. */
static void names_that_this_host_does_not_know(void **state) {
    (void)state;
    place_write(MAIN_FILE,
                MAIN_START "groups = [ \"staff\" ]; domains = [ \"example.com\", \"example.org\" ];\n"
                           "user = \"" NOBODY "\";\n"
                           "sockets = ( { kind = \"gate\"; path = \"/a\"; owner = \"root\"; group = \"root\"; },\n"
                           "  { kind = \"gate\"; path = \"/b\"; owner = \"" NOBODY "\"; group = \"" NOBODY "\"; } );");
    place_write("groups/staff.conf", "\nunix_group = \"" NOBODY "\";");
    static const char *const of_main[] = {MAIN_FILE ":3: warning: there is no user " NOBODY
                                                    " on this host; create it, or name another",
                                          MAIN_FILE ":5: warning: there is no user " NOBODY
                                                    " on this host; create it, or name another as the socket's owner",
                                          MAIN_FILE ":5: warning: there is no group " NOBODY
                                                    " on this host; create it, or name another as the socket's group"};
    static const char *const of_group = "groups/staff.conf:2: warning: there is no group " NOBODY
                                        " on this host, so nobody is in it; create it, or name another";
    assert_true(check());
    assert_int_equal(mistakes.count, 4);
    assert_says(of_group);
    for (size_t i = 0; i < 3; i++)
        assert_says(of_main[i]);
    assert_true(check_only(place_path("groups/staff.conf"), NULL));
    assert_int_equal(mistakes.count, 1);
    assert_says(of_group);
    assert_true(check_only(place_path(MAIN_FILE), NULL));
    assert_int_equal(mistakes.count, 3);
    assert_says(of_main[0]);
}

static void programs_that_will_not_be_run(void **state) {
    (void)state;
    place_write(MAIN_FILE, MAIN_START "sockets = ( ); groups = [ \"staff\" ];"
                                      " domains = [ \"example.com\", \"example.org\" ];\n"
                                      "account_exists = \"/bin/sh\"; notify = \"/nowhere/program\";");
    assert_true(check());
    assert_int_equal(mistakes.count, 1);
    assert_says(MAIN_FILE ":3: warning: /nowhere/program is not there, or cannot be looked at; it is not run");
    place_write(MAIN_FILE, MAIN_START "sockets = ( ); groups = [ \"staff\" ];"
                                      " domains = [ \"example.com\", \"example.org\" ];\n"
                                      "account_exists = \"/dev/null\";");
    assert_true(check());
    assert_says(MAIN_FILE ":3: warning: /dev/null is no file; it is not run");
}

/* Names that no login can lead to: whoever wrote the file believes that it holds. */
static void files_that_are_never_read(void **state) {
    (void)state;
    assert_int_equal(mkdir(place_path("accounts/example.net"), 0755), 0);
    assert_int_equal(mkdir(place_path("accounts/Example.org"), 0755), 0);
    assert_int_equal(mkdir(place_path("accounts/example.com"), 0755), 0);
    static const char *const files[] = {
        "accounts/Bob.conf",     "accounts/bob@example.org.conf", "accounts/b+x.conf", "accounts/b*.conf",
        "accounts/carol",        "accounts/example.org/Eve.conf", "accounts/.hidden",  "accounts/bob.conf~",
        "domains/X.example.conf"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        place_write(files[i], "mode = \"report\";");
    assert_false(check());
    char expected[256];
    snprintf(expected, sizeof expected,
             "accounts/Bob.conf: this file is never read; the file of the account bob@example.com is %s",
             place_path("accounts/bob.conf"));
    assert_says(expected);
    snprintf(expected, sizeof expected,
             "accounts/bob@example.org.conf: this file is never read; the file of the account bob@example.org is %s",
             place_path("accounts/example.org/bob.conf"));
    assert_says(expected);
    snprintf(expected, sizeof expected,
             "accounts/b+x.conf: this file is never read; the file of the account b@example.com is %s",
             place_path("accounts/b.conf"));
    assert_says(expected);
    assert_says("accounts/b*.conf: b* cannot be the name of an account here, so this file is never read");
    assert_says("accounts/carol: warning: this is never read; its name does not end in .conf");
    assert_says("accounts/example.net: nothing in here is ever read; example.net is not the name, in lower case, of a "
                "domain that is served");
    assert_says("accounts/Example.org: nothing in here is ever read; Example.org is not the name, in lower case, of a "
                "domain that is served");
    assert_says("domains/X.example.conf: X.example is no domain; name the file after a domain in lower case, such as "
                "example.com.conf");
    snprintf(
        expected, sizeof expected,
        "accounts/example.com: nothing in here is ever read; files of accounts in default_domain lie directly in %s",
        place_path("accounts"));
    assert_says(expected);
    assert_int_equal(mistakes.count, 10);
}

static void a_folder_of_a_domain_that_others_could_write(void **state) {
    (void)state;
    char expected[256];
    const char *folder = place_path("accounts/example.org");
    assert_int_equal(chmod(folder, 0775), 0);
    assert_false(check());
    snprintf(expected, sizeof expected,
             "accounts/example.org: the folder can be written by others than its owner; chmod go-w %s", folder);
    assert_says(expected);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_true(check());
}

static void exceptions_about_to_end(void **state) {
    (void)state;
    static const char text[] = "exceptions = ( { rule = \"country\"; until = \"2026-11-20\"; reason = \"a ship\"; } );";
    place_write("accounts/alice.conf", text);
    place_write("domains/example.org.conf", text);
    assert_true(check());
    assert_int_equal(mistakes.count, 2);
    assert_says(
        "accounts/alice.conf:1: warning: the exception from country (a ship) ends with 2026-11-20; be ready for "
        "it, or move until");
}

static void only_what_was_asked_for(void **state) {
    (void)state;
    place_write("groups/staff.conf", "members = [ \"alice\" ]; one = 1;");
    place_write("accounts/alice.conf", "three = 1;");
    assert_false(check_only(place_path("accounts/alice.conf"), NULL));
    assert_int_equal(mistakes.count, 1);
    assert_true(check_only(place_path("accounts/example.org/bob.conf"), place_path("domains/example.org.conf")));
    assert_int_equal(mistakes.count, 0);
    assert_false(check_only(place_path("groups/staff.conf"), NULL));
    assert_int_equal(mistakes.count, 1);
    assert_true(check_only(place_path(MAIN_FILE), NULL));
    assert_false(check_only(place_path("accounts/nobody.conf"), NULL));
}

/* What is being edited has another name until it is whole. */
static void a_copy_elsewhere_is_a_policy(void **state) {
    (void)state;
    place_write("copy", "countries = { allow = [ \"UK\" ]; };");
    assert_false(check_only(place_path("copy"), NULL));
    assert_string_equal(place_mistake(&mistakes, 0),
                        "copy:1:25: \"UK\" is no country code of ISO 3166-1; did you mean \"GB\"?");
    place_write("copy", "countries = { allow = [ \"GB\" ]; };");
    assert_true(check_only(place_path("copy"), NULL));
}

static void a_main_file_that_cannot_be_parsed(void **state) {
    (void)state;
    place_write(MAIN_FILE, "log = \"");
    assert_false(check());
    assert_int_equal(mistakes.count, 1);
    assert_false(check_only(place_path("accounts/alice.conf"), NULL));
    assert_says("authgate.conf:1:7: this text does not end on its line; write the closing \"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_wrong, start, finish),
        cmocka_unit_test_setup_teardown(every_kind_of_file_is_looked_at, start, finish),
        cmocka_unit_test_setup_teardown(a_broken_main_file_does_not_hide_the_others, start, finish),
        cmocka_unit_test_setup_teardown(names_that_this_host_does_not_know, start, finish),
        cmocka_unit_test_setup_teardown(programs_that_will_not_be_run, start, finish),
        cmocka_unit_test_setup_teardown(files_that_are_never_read, start, finish),
        cmocka_unit_test_setup_teardown(a_folder_of_a_domain_that_others_could_write, start, finish),
        cmocka_unit_test_setup_teardown(exceptions_about_to_end, start, finish),
        cmocka_unit_test_setup_teardown(only_what_was_asked_for, start, finish),
        cmocka_unit_test_setup_teardown(a_copy_elsewhere_is_a_policy, start, finish),
        cmocka_unit_test_setup_teardown(a_main_file_that_cannot_be_parsed, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
