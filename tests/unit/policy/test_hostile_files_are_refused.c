/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* Hostile configuration files (THREATS I1, I4): each must be an error, never a crash, a hang or a configuration, and
 * one that is in use must stay as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pwd.h>

#include "policy/place.h"

static char said[1024];

/* Whether the main file is refused; `said` has the first mistake. */
static bool refused(void) {
    struct mistakes mistakes = {.list = NULL};
    struct configuration *configuration = configuration_load(place_path(MAIN_FILE), &mistakes);
    bool none = configuration == NULL;
    snprintf(said, sizeof said, "%s", place_mistake(&mistakes, 0));
    assert_int_equal(none, mistakes.grave > 0);
    configuration_free(&configuration);
    mistakes_clear(&mistakes);
    return none;
}

static void assert_refused(const char *text, const char *because) {
    place_write(MAIN_FILE, text);
    bool none = refused();
    if (!none || strstr(said, because) == NULL)
        fail_msg("%s: said \"%s\" instead of \"%s\"", text, said, because);
}

static void repeat(FILE *file, const char *text, int times) {
    while (times-- > 0)
        fputs(text, file);
}

static void assert_repeated_refused(const char *start, const char *text, int times, const char *because) {
    FILE *file = fopen(place_path(MAIN_FILE), "w");
    assert_non_null(file);
    fputs(start, file);
    repeat(file, text, times);
    assert_int_equal(fclose(file), 0);
    assert_true(refused());
    if (strstr(said, because) == NULL)
        fail_msg("said \"%s\" instead of \"%s\"", said, because);
}

static void deep_nesting(void **state) {
    (void)state;
    static const int depths[] = {17, 100, 10000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        assert_repeated_refused("a = ", "(\n", depths[i], "more than 16 deep");
        assert_repeated_refused("", "a = {\n", depths[i], "more than 16 deep");
        assert_repeated_refused("a = ", "[\n", depths[i], "more than 16 deep");
        assert_repeated_refused("a = ", "( { b =\n", depths[i], "more than 16 deep");
    }
}

static void include_loops(void **state) {
    (void)state;
    assert_refused("@include \"authgate.conf\"\n", "includes itself");
    place_write("one.conf", "@include \"two.conf\"\n");
    place_write("two.conf", "# the long way\n  @include \"./domains/../one.conf\"\n");
    assert_refused("@include \"one.conf\"\n", "two.conf:2:3: a file includes itself");
    for (int i = 0; i < 12; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "deep%d.conf", i);
        snprintf(text, sizeof text, "@include \"deep%d.conf\"\n", i + 1);
        place_write(name, text);
    }
    assert_refused("@include \"deep0.conf\"\n", "too many files within files");
    place_write("leaf.conf", "# nothing\n");
    assert_repeated_refused("", "@include \"leaf.conf\"\n", 100, "more than 64 files");
}

static void what_is_included_keeps_its_own_place(void **state) {
    (void)state;
    place_write("campus.inc", "# shared\n\"192.0.2.0/24\",\n\"10.0.0.1/8\"\n");
    place_write(
        MAIN_FILE,
        "sockets = ( ); defaults = { networks = { trusted = [\n@include \"campus.inc\"\n]; }; contries = 1; };");
    struct mistakes mistakes = {.list = NULL};
    assert_null(configuration_load(place_path(MAIN_FILE), &mistakes));
    assert_int_equal(mistakes.count, 2);
    assert_string_equal(place_mistake(&mistakes, 0),
                        "campus.inc:3:1: \"10.0.0.1/8\" has bits set beyond its length; did "
                        "you mean \"10.0.0.0/8\"?");
    assert_string_equal(place_mistake(&mistakes, 1),
                        "authgate.conf:3:7: there is no key contries; did you mean countries?");
    mistakes_clear(&mistakes);
}

static void long_lines_and_files(void **state) {
    (void)state;
    assert_repeated_refused("a = \"", "x", 1024 * 1024 - 6, "more than 64 KiB");
    assert_repeated_refused("a = \"", "x", 1024 * 1024, "longer than 1024 KiB");
    assert_repeated_refused("", "# comment\n", 200000, "longer than 1024 KiB");
    assert_repeated_refused("", "x", 70000, "more than 64 KiB");
    assert_repeated_refused("", "{", 1000000, "more than 64 KiB");
}

static void many_settings(void **state) {
    (void)state;
    FILE *file = fopen(place_path(MAIN_FILE), "w");
    assert_non_null(file);
    for (int i = 0; i < 60000; i++)
        fprintf(file, "name%d=1;\n", i);
    assert_int_equal(fclose(file), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "more than 4096 settings"));
    assert_repeated_refused("a = (\n", "word\n", 150000, "stands without quotes");
    assert_repeated_refused("defaults = { countries = { allow = (\n", "1,\n", 300000, "never closed");
}

static void bytes_that_are_no_text(void **state) {
    (void)state;
    static const char nul[] = "log = \"stderr\";\n\0mode = \"off\";\n";
    place_write_bytes(MAIN_FILE, nul, sizeof nul - 1);
    assert_true(refused());
    assert_non_null(strstr(said, "authgate.conf:2:1: a NUL"));
    assert_refused("user = \"root\\x00\";", "a NUL in a text");
    assert_refused("user = \"root\n\";", "does not end on its line");
    assert_refused("user = \"root\\\";", "does not end on its line");
    assert_refused("user = \"", "does not end on its line");
    assert_refused("/*", "never ends");
    assert_refused("/*/", "never ends");
    assert_refused("\xef\xbb\xbflog = \"stderr\";", "not ASCII");
    assert_refused("@", "an @ is no setting");
    assert_refused("@include \"", "an @ is no setting");
    assert_refused("sockets = ( ); log = 99999999999999999999;", "cannot be");
    assert_refused("sockets = ( ); log = +;", "cannot be");
    assert_refused("=", "cannot stand here");
    assert_refused("a = {};;", "cannot stand here");
}

/* What a file says must not depend on a last line without its end, or on Windows' line ends. */
static void harmless_oddities(void **state) {
    (void)state;
    static const char *const texts[] = {"sockets = ( );# end",       "sockets = ( )",
                                        "sockets = ( ); // end",     "sockets = ( );\r\nlog = \"stderr\";\r\n",
                                        "\f\v\tsockets = ( );",      "sockets = ( ); user = \"a\" \"b\";",
                                        "# \xff\xfe\nsockets = ( );"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        place_write(MAIN_FILE, texts[i]);
        if (refused())
            fail_msg("%s: %s", texts[i], said);
    }
}

static void files_that_are_none(void **state) {
    (void)state;
    assert_int_equal(mkdir(place_path(MAIN_FILE), 0755), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "no regular file"));
    assert_int_equal(rmdir(place_path(MAIN_FILE)), 0);
    assert_int_equal(mkfifo(place_path(MAIN_FILE), 0600), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "no regular file"));
    assert_int_equal(unlink(place_path(MAIN_FILE)), 0);
    place_write("real.conf", "sockets = ( );");
    assert_int_equal(symlink("real.conf", place_path(MAIN_FILE)), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "symbolic link"));
    assert_int_equal(unlink(place_path(MAIN_FILE)), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "No such file"));
    assert_refused("", "is empty");
}

static void files_that_others_could_write(void **state) {
    (void)state;
    place_write(MAIN_FILE, "sockets = ( );");
    assert_false(refused());
    assert_int_equal(chmod(place_path(MAIN_FILE), 0664), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "can be written by others"));
    assert_int_equal(chmod(place_path(MAIN_FILE), 0646), 0);
    assert_true(refused());
    place_write(MAIN_FILE, "sockets = ( ); groups = [ \"staff\" ];");
    place_write("groups/staff.conf", "members_file = \"staff.txt\";");
    place_write("staff.txt", "alice\n");
    assert_false(refused());
    assert_int_equal(chmod(place_path("staff.txt"), 0666), 0);
    assert_true(refused());
    assert_non_null(strstr(said, "groups/staff.conf:1: "));
    assert_non_null(strstr(said, "staff.txt can be written by others"));
}

/* The main file, and a file of each kind that it leads to. */
static const char *const kinds[] = {MAIN_FILE, "more.conf", "domains/example.com.conf", "groups/staff.conf",
                                    "staff.txt"};

static void write_one_of_each_kind(const char *user) {
    char text[200];
    snprintf(text, sizeof text, "sockets = ( ); groups = [ \"staff\" ]; default_domain = \"example.com\"; %s%s%s\n%s",
             user == NULL ? "" : "user = \"", user == NULL ? "" : user, user == NULL ? "" : "\";",
             "@include \"more.conf\"\n");
    place_write(MAIN_FILE, text);
    place_write("more.conf", "# nothing\n");
    place_write("domains/example.com.conf", "mode = \"report\";");
    place_write("groups/staff.conf", "members_file = \"staff.txt\";");
    place_write("staff.txt", "alice\n");
}

static void files_of_strangers(void **state) {
    (void)state;
    const struct passwd *nobody = getpwnam("nobody");
    if (geteuid() != 0 || nobody == NULL)
        skip(); /* only root can give files away */
    const uid_t daemon = nobody->pw_uid;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        write_one_of_each_kind(NULL);
        assert_int_equal(chown(place_path(kinds[i]), 12345, 0), 0);
        bool main_file = strcmp(kinds[i], MAIN_FILE) == 0; /* whoever it is that root names the main file of */
        assert_int_equal(refused(), !main_file);
        if (main_file) {
            assert_int_equal(chown(place_path(kinds[i]), 0, 0), 0);
            continue;
        }
        assert_non_null(strstr(said, kinds[i]));
        assert_non_null(strstr(said, ": the file belongs to user id 12345, neither root nor the daemon nor the main "));
        assert_int_equal(chown(place_path(kinds[i]), daemon, 0), 0);
        assert_true(refused());
        write_one_of_each_kind("nobody");
        if (refused())
            fail_msg("%s of the daemon's own user: %s", kinds[i], said);
        assert_int_equal(chown(place_path(kinds[i]), 12345, 0), 0);
        assert_true(refused());
        write_one_of_each_kind("authgate-no-such-user");
        assert_true(refused());
        assert_int_equal(chown(place_path(kinds[i]), 0, 12345), 0);
        if (refused())
            fail_msg("%s of root's: %s", kinds[i], said);
    }
}

/* An ordinary user tries out files of his own, as `authgatectl check` does for him. */
static void the_readers_own_files(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip(); /* then every other test is this one */
    write_one_of_each_kind("root");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_int_equal(chown(place_path(kinds[i]), 12345, 0), 0);
    assert_int_equal(chown(place_path("."), 12345, 0), 0);
    assert_int_equal(seteuid(12345), 0);
    bool none = refused();
    assert_int_equal(seteuid(0), 0);
    if (none)
        fail_msg("%s", said);
    if (refused()) /* nor is it a stranger's to root, who was handed the main file */
        fail_msg("%s", said);
    assert_int_equal(chown(place_path(MAIN_FILE), 0, 0), 0);
    assert_true(refused());
}

static void folders_that_others_could_write(void **state) {
    (void)state;
    static const char *const folders[] = {"", "accounts", "domains", "groups"};
    write_one_of_each_kind(NULL);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        static const mode_t modes[] = {0775, 0757};
        for (size_t j = 0; j < sizeof modes / sizeof modes[0]; j++) {
            assert_int_equal(chmod(place_path(folders[i]), modes[j]), 0);
            assert_true(refused());
            assert_non_null(strstr(said, "the folder can be written by others than its owner; chmod go-w "));
            assert_non_null(strstr(said, folders[i]));
        }
        assert_int_equal(chmod(place_path(folders[i]), 01777), 0);
        assert_int_equal(refused(), i > 0); /* a main file may be tried out in /tmp */
        assert_int_equal(chmod(place_path(folders[i]), 0755), 0);
        assert_false(refused());
        if (geteuid() != 0)
            continue;
        assert_int_equal(chown(place_path(folders[i]), 12345, 0), 0);
        assert_true(refused());
        assert_non_null(strstr(said, "the folder belongs to neither root nor the daemon nor the main file's owner; "
                                     "chown root "));
        assert_int_equal(chown(place_path(folders[i]), 0, 0), 0);
    }
    assert_int_equal(rmdir(place_path("accounts")), 0);
    assert_false(refused());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deep_nesting, place_make, place_remove),
        cmocka_unit_test_setup_teardown(include_loops, place_make, place_remove),
        cmocka_unit_test_setup_teardown(what_is_included_keeps_its_own_place, place_make, place_remove),
        cmocka_unit_test_setup_teardown(long_lines_and_files, place_make, place_remove),
        cmocka_unit_test_setup_teardown(many_settings, place_make, place_remove),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text, place_make, place_remove),
        cmocka_unit_test_setup_teardown(harmless_oddities, place_make, place_remove),
        cmocka_unit_test_setup_teardown(files_that_are_none, place_make, place_remove),
        cmocka_unit_test_setup_teardown(files_that_others_could_write, place_make, place_remove),
        cmocka_unit_test_setup_teardown(files_of_strangers, place_make, place_remove),
        cmocka_unit_test_setup_teardown(the_readers_own_files, place_make, place_remove),
        cmocka_unit_test_setup_teardown(folders_that_others_could_write, place_make, place_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
