/* SPDX-License-Identifier: BSD-2-Clause */
/* links: country/database.o country/sealed_file.o country/structure.o -lmaxminddb */
/* What becomes of the file after it was read changes nothing, crashes nobody, and is noticed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/address.h"
#include "country/database.h"
#include "country/sample.h"
#include "country/sealed_file.h"

static struct sample_plan plan;
static char fault[256];
static const struct address american = {.family = 4, .bytes = {10, 0, 0, 1}};

static struct country_database *open_sample(void) {
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    if (database == NULL)
        fail_msg("refused: %s", fault);
    return database;
}

static void still_american(const struct country_database *database) {
    assert_int_equal(country_database_look_up(database, &american), country_code_parse("US"));
}

static void one_that_nobody_touched_is_not_outdated(void **state) {
    (void)state;
    write_sample(&plan);
    struct country_database *database = open_sample();
    assert_false(country_database_outdated(database, sample_path()));
    country_database_close(&database);
}

static void one_rewritten_or_cut_in_place_goes_on_as_it_was(void **state) {
    (void)state;
    static uint8_t rubbish[8192];
    write_sample(&plan);
    struct country_database *database = open_sample();
    memset(rubbish, 0xff, sizeof rubbish);
    write_file(sample_path(), rubbish, sizeof rubbish);
    still_american(database);
    assert_true(country_database_outdated(database, sample_path()));
    assert_null(country_database_open(sample_path(), fault, sizeof fault));
    assert_int_equal(truncate(sample_path(), 0), 0); /* a file that is mapped would now be SIGBUS */
    still_american(database);
    unlink(sample_path());
    still_american(database);
    country_database_close(&database);
}

static void one_rewritten_with_the_same_bytes_is_outdated(void **state) {
    (void)state;
    write_sample(&plan);
    struct country_database *database = open_sample();
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, sample_path(), old, 0), 0); /* the time of change still tells */
    assert_true(country_database_outdated(database, sample_path()));
    country_database_close(&database);
}

static void one_that_is_replaced_is_outdated_and_one_that_is_gone_is_not(void **state) {
    (void)state;
    char next[128];
    write_sample(&plan);
    struct country_database *database = open_sample();
    snprintf(next, sizeof next, "%s/next", sample_folder());
    assert_int_equal(rename(sample_path(), next), 0);
    assert_false(country_database_outdated(database, sample_path()));
    write_sample(&plan);
    assert_true(country_database_outdated(database, sample_path()));
    unlink(next);
    country_database_close(&database);
}

static void a_symbolic_link_is_followed_and_its_turning_noticed(void **state) {
    (void)state;
    char name[128], other[128];
    write_sample(&plan);
    snprintf(name, sizeof name, "%s/link", sample_folder());
    snprintf(other, sizeof other, "%s/other", sample_folder());
    assert_int_equal(symlink(sample_path(), name), 0);
    struct country_database *database = country_database_open(name, fault, sizeof fault);
    assert_non_null(database);
    assert_false(country_database_outdated(database, name));
    write_file(other, "x", 1);
    unlink(name);
    assert_int_equal(symlink(other, name), 0);
    assert_true(country_database_outdated(database, name));
    country_database_close(&database);
    unlink(name);
    unlink(other);
}

static void the_memory_is_sealed_and_not_handed_to_children(void **state) {
    (void)state;
    char words[128];
    struct buffer text;
    struct stat origin;
    buffer_init(&text, words, sizeof words);
    write_sample(&plan);
    int memory = sealed_file_read(sample_path(), SAMPLE_SIZE, &origin, &text);
    assert_true(memory >= 0);
    assert_int_equal(fcntl(memory, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(memory, "x", 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(memory, 0), -1);
    assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0), MAP_FAILED);
    assert_int_equal(fcntl(memory, F_ADD_SEALS, 0), -1);
    struct stat copied;
    assert_int_equal(fstat(memory, &copied), 0);
    assert_int_equal(copied.st_size, origin.st_size);
    close(memory);
}

static void many_openings_leave_no_descriptor_and_no_mapping(void **state) {
    (void)state;
    write_sample(&plan);
    for (int i = 0; i < 2000; i++) { /* more than the default limit of 1,024 descriptors */
        struct country_database *database = open_sample();
        still_american(database);
        country_database_close(&database);
    }
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        assert_null(strstr(line, "memfd:country"));
    fclose(maps);
}

static int finish(void **state) {
    (void)state;
    remove_sample();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_nobody_touched_is_not_outdated),
        cmocka_unit_test(one_rewritten_or_cut_in_place_goes_on_as_it_was),
        cmocka_unit_test(one_rewritten_with_the_same_bytes_is_outdated),
        cmocka_unit_test(one_that_is_replaced_is_outdated_and_one_that_is_gone_is_not),
        cmocka_unit_test(a_symbolic_link_is_followed_and_its_turning_noticed),
        cmocka_unit_test(the_memory_is_sealed_and_not_handed_to_children),
        cmocka_unit_test(many_openings_leave_no_descriptor_and_no_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
