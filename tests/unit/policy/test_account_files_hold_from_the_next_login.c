/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* An account's file is read when its account logs in, again when it has changed, and one that cannot be used never
 * takes the place of one that could. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/account_file.h"
#include "policy/place.h"

#define ALICE    "accounts/alice.conf"
#define STRANGER 12345

static char lines[8][2048];
static int line_count;

static void keep_line(void *context, const char *line) {
    assert_ptr_equal(context, lines);
    snprintf(lines[line_count++ % 8], sizeof lines[0], "%s", line);
}

static struct configuration *configuration;

static int start(void **state) {
    (void)place_make(state);
    place_write(MAIN_FILE, MAIN_START "recipient_delimiter = \"+\"; domains = [ \"example.com\", \"example.org\" ];");
    configuration = place_load();
    configuration_complain(configuration, keep_line, lines);
    line_count = 0;
    return 0;
}

static int finish(void **state) {
    configuration_free(&configuration);
    return place_remove(state);
}

/* The account's throttle.passwords, which the tests count with; -1 where its policy cannot be read. */
static int passwords_of(const char *account) {
    struct policy policy;
    if (configuration_policy(configuration, account, 0, &policy) != POLICY_FOUND) {
        assert_int_equal(policy.layer_count, 0);
        return -1;
    }
    int number = (int)policy_number(&policy, POLICY_THROTTLE_PASSWORDS, -2);
    policy_release(&policy);
    return number;
}

static void write_passwords(const char *name, int passwords) {
    char text[64];
    snprintf(text, sizeof text, "throttle = { passwords = %d; };\n", passwords);
    place_write(name, text);
}

/* In place: same inode and size, and often the same tick of the kernel's clock. */
static void overwrite(const char *name, const char *text) {
    FILE *file = fopen(place_path(name), "r+");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void an_edit_holds_from_the_next_login(void **state) {
    (void)state;
    assert_int_equal(passwords_of("alice@example.com"), 5);
    for (int i = 10; i < 99; i++) {
        write_passwords(ALICE, i);
        assert_int_equal(passwords_of("alice@example.com"), i);
        assert_int_equal(passwords_of("alice@example.com"), i);
    }
    for (int i = 10; i < 99; i++) {
        char text[64];
        snprintf(text, sizeof text, "throttle = { passwords = %d; };\n", i);
        overwrite(ALICE, text);
        assert_int_equal(passwords_of("alice@example.com"), i);
    }
    assert_int_equal(unlink(place_path(ALICE)), 0);
    assert_int_equal(passwords_of("alice@example.com"), 5);
    assert_int_equal(line_count, 0);
}

static void a_broken_file_leaves_the_last_good_version(void **state) {
    (void)state;
    write_passwords(ALICE, 7);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    place_write(ALICE, "throttle = { passwords = 8 }; contries = 1;\n");
    for (int i = 0; i < 5; i++)
        assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "accounts/alice.conf:1:31: there is no key contries; did you mean countries?"));
    assert_non_null(strstr(lines[0], "the version before stays in force for alice@example.com"));
    place_write(ALICE, "throttle = {");
    for (int i = 0; i < 5; i++)
        assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(line_count, 2);
    write_passwords(ALICE, 9);
    assert_int_equal(passwords_of("alice@example.com"), 9);
    assert_int_equal(line_count, 2);
}

static void without_a_good_version_there_is_no_policy(void **state) {
    (void)state;
    place_write(ALICE, "countries = { allow = [ \"UK\" ]; unknown = 1; };\n");
    for (int i = 0; i < 5; i++)
        assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "did you mean \"GB\"? (and 1 more); until then no login of alice@example.com is "
                                     "possible"));
    assert_int_equal(passwords_of("bob@example.com"), 5);
    write_passwords(ALICE, 9);
    assert_int_equal(passwords_of("alice@example.com"), 9);
}

/* An editor that empties a file before it writes to it must not open the account for a moment. */
static void an_empty_file_is_a_broken_one(void **state) {
    (void)state;
    write_passwords(ALICE, 7);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    place_write(ALICE, "");
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(line_count, 1);
}

static void a_file_of_a_stranger_is_a_broken_one(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip(); /* nobody else can give files away */
    write_passwords(ALICE, 7);
    assert_int_equal(chown(place_path(ALICE), STRANGER, 0), 0);
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_non_null(strstr(lines[0], "accounts/alice.conf: the file belongs to user id 12345, neither root nor the "
                                     "daemon"));
    assert_int_equal(chown(place_path(ALICE), 0, STRANGER), 0);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(chown(place_path(ALICE), STRANGER, 0), 0);
    assert_int_equal(passwords_of("alice@example.com"), 7); /* the last good version */
    assert_int_equal(line_count, 2);
}

/* Whoever can write in a folder can take the strict policy in it away. */
static void in_a_folder_of_strangers_there_is_no_policy(void **state) {
    (void)state;
    static const char *const folders[] = {"accounts", "accounts/example.org"};
    static const char *const accounts[][2] = {{"alice@example.com", "bob@example.com"},
                                              {"alice@example.org", "bob@example.org"}};
    assert_int_equal(mkdir(place_path(folders[1]), 0755), 0);
    write_passwords(ALICE, 7);
    write_passwords("accounts/example.org/alice.conf", 7);
    for (int i = 0; i < 2; i++) {
        static const mode_t modes[] = {0775, 0757, 01777};
        for (size_t j = 0; j < sizeof modes / sizeof modes[0]; j++) {
            assert_int_equal(chmod(place_path(folders[i]), modes[j]), 0);
            line_count = 0;
            for (int k = 0; k < 3; k++)
                assert_int_equal(passwords_of(accounts[i][1]), -1);
            assert_int_equal(line_count, 1);
            assert_non_null(strstr(lines[0], folders[i]));
            assert_non_null(strstr(lines[0], "the folder can be written by others than its owner; chmod go-w"));
            assert_int_equal(passwords_of(accounts[i][0]), j == 0 ? -1 : 7); /* later the last good version */
            assert_int_equal(chmod(place_path(folders[i]), 0755), 0);
            assert_int_equal(passwords_of(accounts[i][1]), 5);
            assert_int_equal(passwords_of(accounts[i][0]), 7);
        }
        if (geteuid() != 0)
            continue;
        assert_int_equal(chown(place_path(folders[i]), STRANGER, 0), 0);
        assert_int_equal(passwords_of(accounts[i][1]), -1);
        assert_int_equal(chown(place_path(folders[i]), 0, 0), 0);
        assert_int_equal(passwords_of(accounts[i][1]), 5);
    }
}

static void files_that_cannot_be_trusted(void **state) {
    (void)state;
    write_passwords(ALICE, 7);
    assert_int_equal(chmod(place_path(ALICE), 0664), 0);
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(unlink(place_path(ALICE)), 0);
    write_passwords("elsewhere.conf", 8);
    assert_int_equal(symlink("../elsewhere.conf", place_path(ALICE)), 0);
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(unlink(place_path(ALICE)), 0);
    assert_int_equal(symlink("nowhere", place_path(ALICE)), 0);
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(unlink(place_path(ALICE)), 0);
    assert_int_equal(mkdir(place_path(ALICE), 0755), 0);
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(rmdir(place_path(ALICE)), 0);
    place_write(ALICE, "@include \"../elsewhere.conf\"\n");
    assert_int_equal(passwords_of("alice@example.com"), -1);
    assert_int_equal(line_count, 5);
    place_write("accounts/example.org", "a file where a folder belongs\n");
    assert_int_equal(passwords_of("alice@example.org"), -1);
}

static void each_domain_has_a_folder(void **state) {
    (void)state;
    assert_int_equal(mkdir(place_path("accounts/example.org"), 0755), 0);
    write_passwords(ALICE, 7);
    write_passwords("accounts/example.org/alice.conf", 8);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(passwords_of("alice@example.org"), 8);
    assert_int_equal(passwords_of("bob@example.org"), 5);
}

/* Canonical names hold no '/'; what they do hold must stay a file's name. */
static void odd_names_stay_in_the_folder(void **state) {
    (void)state;
    static const char *const names[] = {"-f root", "%{user}", "' or 1=1--", "a b", "con", "a\\b", "$(id)", "a;b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[64], account[64];
        snprintf(file, sizeof file, "accounts/%s.conf", names[i]);
        snprintf(account, sizeof account, "%s@example.com", names[i]);
        assert_int_equal(passwords_of(account), 5);
        write_passwords(file, 20 + (int)i);
        assert_int_equal(passwords_of(account), 20 + (int)i);
    }
    char longest[ACCOUNT_NAME_SIZE];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 300, "@example.com", 13);
    assert_int_equal(passwords_of(longest), 5);
}

static void a_path_is_made_of_domain_and_local_part(void **state) {
    (void)state;
    char path[64];
    assert_true(account_file_path("/e/accounts", "example.com", "alice@example.com", path, sizeof path));
    assert_string_equal(path, "/e/accounts/alice.conf");
    assert_true(account_file_path("/e/accounts", "example.com", "alice@example.org", path, sizeof path));
    assert_string_equal(path, "/e/accounts/example.org/alice.conf");
    assert_true(account_file_path("/e/accounts", NULL, "alice", path, sizeof path));
    assert_string_equal(path, "/e/accounts/alice.conf");
    assert_false(account_file_path("/e/accounts", NULL, "a-name-that-is-too-long-for-this-path", path, 32));
}

static void a_name_that_is_not_canonical_is_refused(void **state) {
    (void)state;
    write_passwords("elsewhere.conf", 8);
    static const char *const names[] = {"../elsewhere", "../elsewhere@example.com", "x/../../elsewhere", ".hidden",
                                        "x@../../elsewhere"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(passwords_of(names[i]), -1);
}

static void reload(const char *text) {
    place_write(MAIN_FILE, text);
    struct configuration *next = place_load();
    configuration_adopt(next, configuration);
    configuration_free(&configuration);
    configuration = next;
    configuration_complain(configuration, keep_line, lines);
}

static void the_last_good_version_outlives_a_reload(void **state) {
    (void)state;
    write_passwords(ALICE, 7);
    write_passwords("accounts/bob.conf", 8);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(passwords_of("bob@example.com"), 8);
    place_write(ALICE, "throttle = {");
    write_passwords("accounts/bob.conf", 9);
    reload(MAIN_START);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(passwords_of("bob@example.com"), 9);
    reload(MAIN_START);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    assert_int_equal(unlink(place_path(ALICE)), 0);
    assert_int_equal(passwords_of("alice@example.com"), 5);
    /* but not where its services may mean others */
    write_passwords(ALICE, 7);
    assert_int_equal(passwords_of("alice@example.com"), 7);
    place_write(ALICE, "throttle = {");
    reload(MAIN_START "services_known = [ \"webmail\" ];");
    assert_int_equal(passwords_of("alice@example.com"), -1);
}

/* ---- the store by itself ---- */

static int reads;

static struct layer *count_read(void *context, const char *path, struct mistakes *mistakes, struct stat *status) {
    (void)context, (void)mistakes;
    reads++;
    return stat(path, status) == 0 ? layer_create() : NULL;
}

static void only_the_last_used_are_kept(void **state) {
    (void)state;
    struct account_reader reader = {.read = count_read};
    struct account_files *files = account_files_create(place_path("accounts"), NULL, 4, reader);
    struct layer *layer;
    for (int i = 0; i < 9; i++) {
        char name[32];
        snprintf(name, sizeof name, "accounts/u%d.conf", i);
        write_passwords(name, 1);
        snprintf(name, sizeof name, "u%d", i);
        assert_int_equal(account_files_find(files, "u0", &layer, NULL, NULL), ACCOUNT_FILE_FOUND);
        assert_int_equal(account_files_find(files, name, &layer, NULL, NULL), ACCOUNT_FILE_FOUND);
    }
    assert_int_equal(account_files_count(files), 4);
    assert_int_equal(unlink(place_path("accounts/u8.conf")), 0);
    assert_int_equal(account_files_find(files, "u8", &layer, NULL, NULL), ACCOUNT_FILE_NONE);
    assert_int_equal(account_files_count(files), 3);
    account_files_free(&files);
    assert_null(files);
}

static void an_old_file_is_read_once(void **state) {
    (void)state;
    struct account_reader reader = {.read = count_read};
    struct account_files *files = account_files_create("/etc", NULL, 4, reader);
    struct layer *layer;
    reads = 0;
    /* Debian's and RHEL's have one that the system wrote long ago; its content does not matter here. */
    assert_int_equal(account_files_find(files, "nsswitch", &layer, NULL, NULL), ACCOUNT_FILE_FOUND);
    for (int i = 0; i < 10; i++)
        assert_int_equal(account_files_find(files, "nsswitch", &layer, NULL, NULL), ACCOUNT_FILE_FOUND);
    assert_int_equal(reads, 1);
    account_files_free(&files);
}

/* A further change within the same tick of the kernel's clock would bear the same stamp. */
static void a_file_that_has_just_changed_is_read_again(void **state) {
    (void)state;
    struct account_reader reader = {.read = count_read};
    struct account_files *files = account_files_create(place_path("accounts"), NULL, 4, reader);
    struct layer *layer;
    reads = 0;
    write_passwords(ALICE, 7);
    for (int i = 0; i < 3; i++)
        assert_int_equal(account_files_find(files, "alice", &layer, NULL, NULL), ACCOUNT_FILE_FOUND);
    assert_int_equal(reads, 3);
    account_files_free(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_edit_holds_from_the_next_login, start, finish),
        cmocka_unit_test_setup_teardown(a_broken_file_leaves_the_last_good_version, start, finish),
        cmocka_unit_test_setup_teardown(without_a_good_version_there_is_no_policy, start, finish),
        cmocka_unit_test_setup_teardown(an_empty_file_is_a_broken_one, start, finish),
        cmocka_unit_test_setup_teardown(a_file_of_a_stranger_is_a_broken_one, start, finish),
        cmocka_unit_test_setup_teardown(in_a_folder_of_strangers_there_is_no_policy, start, finish),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_trusted, start, finish),
        cmocka_unit_test_setup_teardown(each_domain_has_a_folder, start, finish),
        cmocka_unit_test_setup_teardown(odd_names_stay_in_the_folder, start, finish),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_canonical_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(the_last_good_version_outlives_a_reload, start, finish),
        cmocka_unit_test(a_path_is_made_of_domain_and_local_part),
        cmocka_unit_test_setup_teardown(only_the_last_used_are_kept, start, finish),
        cmocka_unit_test_setup_teardown(an_old_file_is_read_once, start, finish),
        cmocka_unit_test_setup_teardown(a_file_that_has_just_changed_is_read_again, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
