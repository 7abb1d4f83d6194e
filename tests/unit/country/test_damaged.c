/* SPDX-License-Identifier: BSD-2-Clause */
/* links: country/database.o country/sealed_file.o country/structure.o -lmaxminddb */
/* Files that are damaged, cut short or made to hurt (THREATS I5): each is refused with words, quickly, and leaves
 * nothing behind. libmaxminddb itself would read past the end of some of them, or overrun the stack. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/address.h"
#include "country/database.h"
#include "country/sample.h"

static struct sample_plan plan;
static struct sample file;
static char fault[256];

static int start(void **state) {
    (void)state;
    memset(&plan, 0, sizeof plan);
    file.size = 0;
    fault[0] = '\0';
    return 0;
}

static int open_descriptors(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void refused(const char *path) {
    int before = open_descriptors();
    fault[0] = '\0';
    struct country_database *database = country_database_open(path, fault, sizeof fault);
    assert_null(database);
    assert_true(fault[0] != '\0');
    assert_int_equal(open_descriptors(), before);
}

static void bytes_refused(const void *bytes, size_t size) {
    write_file(sample_path(), bytes, size);
    refused(sample_path());
}

static void plan_refused(void) {
    write_sample(&plan);
    refused(sample_path());
}

static void plan_opens(void) {
    write_sample(&plan);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    if (database == NULL)
        fail_msg("refused: %s", fault);
    country_database_close(&database);
}

static void the_sample_itself_is_sound(void **state) {
    (void)state;
    plan_opens();
    plan.ip_version = 6;
    plan_opens();
}

static void what_is_no_file_of_its_kind_is_refused(void **state) {
    (void)state;
    char path[128];
    bytes_refused("", 0);
    bytes_refused("x", 1);
    bytes_refused("country = \"JP\";\n", 16);
    remove_sample();
    sample_folder();
    mkdir(sample_folder(), 0700);
    refused(sample_path());   /* missing */
    refused(sample_folder()); /* a folder */
    refused("/dev/null");
    snprintf(path, sizeof path, "%s/pipe", sample_folder());
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(path); /* would wait for ever for a writer */
    unlink(path);
    assert_int_equal(symlink("loop", path), 0);
    refused(path);
    unlink(path);
}

static void one_too_large_is_refused_unread(void **state) {
    (void)state;
    write_sample(&plan);
    assert_int_equal(truncate(sample_path(), (off_t)600 << 20), 0);
    refused(sample_path());
    assert_non_null(strstr(fault, "at most"));
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    make_sample(&file, &plan);
    for (size_t size = 0; size < file.size; size++)
        bytes_refused(file.bytes, size);
}

static void one_that_lost_its_beginning_is_refused(void **state) {
    (void)state;
    make_sample(&file, &plan);
    for (size_t from = 1; from < file.size; from++)
        bytes_refused(file.bytes + from, file.size - from);
}

static void the_marker_alone_is_refused_also_at_a_pages_end(void **state) {
    (void)state;
    static uint8_t page[4096];
    bytes_refused("\xab\xcd\xefMaxMind.com", 14);
    memcpy(page + sizeof page - 14, "\xab\xcd\xefMaxMind.com", 14);
    bytes_refused(page, sizeof page);
    make_sample(&file, &plan);
    sample_bytes(&file, "\xab\xcd\xefMaxMind.com", 14);
    bytes_refused(file.bytes, file.size);
}

/* `depth` arrays, each in the one before, around a string. */
static void nest(struct sample *sample, size_t depth) {
    for (size_t i = 0; i < depth; i++)
        sample_array(sample, 1);
    sample_string(sample, "US");
}

static void a_record_may_nest_so_deep_and_no_deeper(void **state) {
    (void)state;
    nest(&plan.record, 20);
    plan_opens();
    start(NULL);
    nest(&plan.record, 600);
    plan_refused();
    start(NULL);
    nest(&plan.record, 60000);
    plan_refused();
}

static void deep_metadata_is_refused(void **state) {
    (void)state;
    static const size_t depths[] = {600, 60000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        start(NULL);
        plan.metadata_members_more = 1;
        sample_string(&plan.metadata, "deep");
        nest(&plan.metadata, depths[i]);
        plan_refused();
    }
}

static void a_count_beyond_the_file_is_refused(void **state) {
    (void)state;
    static const unsigned controls[] = {SAMPLE_MAP | 31, SAMPLE_STRING | 31, 0x80 | 31 /* bytes */};
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        start(NULL);
        sample_byte(&plan.record, controls[i]);
        sample_bytes(&plan.record, "\xff\xff\xff", 3);
        plan_refused();
    }
    start(NULL);
    sample_bytes(&plan.record, "\x1f\x04\xff\xff\xff", 5); /* an array of 16,843,036 */
    plan_refused();
    start(NULL);
    plan.metadata_members_more = 1;
    sample_string(&plan.metadata, "many");
    sample_bytes(&plan.metadata, "\x1f\x04\xff\xff\xff", 5);
    plan_refused();
}

static void more_values_than_a_record_can_have_are_refused(void **state) {
    (void)state;
    sample_bytes(&plan.record, "\x1e\x04\xff\x00", 4); /* an array of 65,565 */
    for (size_t i = 0; i < 65565; i++)
        sample_byte(&plan.record, SAMPLE_STRING);
    plan_refused();
}

static void impossible_sizes_and_types_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"\xa3JPJ", 4},            /* a 16-bit number of 3 bytes */
        {"\xc5JPJPJ", 6},          /* a 32-bit number of 5 */
        {"\x09\x02JPJPJPJPJ", 11}, /* a 64-bit number of 9 */
        {"\x04\x01JPJP", 6},       /* a signed number of 4 is fine: the row after it is not */
        {"\x05\x01JPJPJ", 7},
        {"\x63JPJ", 4},     /* a double of 3 */
        {"\x03\x08JPJ", 5}, /* a float of 3 */
        {"\x01\x05J", 3},   /* a data cache container */
        {"\x01\x06J", 3},   /* an end marker */
        {"\x01\xffJ", 3},   /* a type that does not exist */
        {"\x01\x00J", 3},   /* an extended type that needs no extension */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(NULL);
        sample_bytes(&plan.record, rows[i].bytes, rows[i].size);
        if (i == 3)
            plan_opens();
        else
            plan_refused();
    }
}

static void a_key_that_is_no_string_is_refused(void **state) {
    (void)state;
    sample_byte(&plan.record, SAMPLE_MAP | 1);
    sample_number(&plan.record, SAMPLE_UINT16, 2, 1);
    sample_string(&plan.record, "US");
    plan_refused();
}

static void pointers_to_pointers_and_in_circles_are_refused(void **state) {
    (void)state;
    sample_pointer(&plan.record, 0); /* to itself */
    plan_refused();
    start(NULL);
    sample_pointer(&plan.record, 2);
    sample_pointer(&plan.record, 0);
    plan_refused();
    start(NULL);
    sample_array(&plan.record, 2); /* holds itself twice */
    sample_pointer(&plan.record, 0);
    sample_pointer(&plan.record, 0);
    plan_refused();
    start(NULL);
    sample_bytes(&plan.record, "\x38\xff\xff\xff\xff", 5); /* beyond the file */
    plan_refused();
}

/* Each array holds the next one `fan` times: fan^levels values in a few bytes. */
static void add_bomb(struct sample *sample, unsigned start_offset, unsigned levels, unsigned fan) {
    unsigned size_of_level = 2 + 2 * fan;
    for (unsigned level = 1; level <= levels; level++) {
        sample_array(sample, fan);
        for (unsigned i = 0; i < fan; i++)
            sample_pointer(sample, start_offset + level * size_of_level);
    }
    sample_string(sample, "US");
}

static void a_bomb_of_pointers_is_refused_at_once(void **state) {
    (void)state;
    add_bomb(&plan.record, 0, 25, 20);
    plan_refused();
    start(NULL);
    plan.metadata_members_more = 1;
    sample_string(&plan.metadata, "bomb");
    add_bomb(&plan.metadata, 6, 25, 20); /* behind the map's control byte and its key */
    plan_refused();
}

static void records_outside_the_data_are_refused(void **state) {
    (void)state;
    for (uint32_t record = 2; record < 17; record++) { /* into the separator */
        start(NULL);
        plan.left = record;
        plan_refused();
    }
    static const uint32_t outside[] = {0xffffff, 0x800000, 5000};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        start(NULL);
        plan.right = outside[i];
        plan_refused();
    }
}

static void a_tree_that_runs_in_circles_ends(void **state) {
    (void)state;
    make_sample(&file, &plan);
    file.bytes[0] = file.bytes[1] = file.bytes[2] = 0; /* left leads to the node itself */
    write_file(sample_path(), file.bytes, file.size);
    struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
    if (database == NULL)
        return;
    struct address zeros = {.family = 4};
    assert_int_equal(country_database_look_up(database, &zeros), COUNTRY_UNKNOWN);
    country_database_close(&database);
}

static void metadata_that_lies_about_the_tree_is_refused(void **state) {
    (void)state;
    static const struct {
        uint32_t nodes;
        uint16_t record_size, ip_version;
    } rows[] = {
        {100000, 24, 6},     {0xffffffff, 24, 6}, {0xffffffff, 32, 6}, {0x1fffffff, 32, 6}, /* wraps with the separator
                                                                                             */
        {0x20000000, 32, 6}, {0x2aaaaaab, 24, 6}, {1, 20, 4},          {1, 0xffff, 4},      {1, 32, 4},
        {1, 24, 5},          {2, 24, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(NULL);
        plan.nodes = rows[i].nodes;
        plan.record_size = rows[i].record_size;
        plan.ip_version = rows[i].ip_version;
        plan_refused();
    }
}

static void every_changed_byte_of_the_metadata_is_survived(void **state) {
    (void)state;
    plan.ip_version = 6;
    make_sample(&file, &plan);
    for (size_t at = 0; at < file.size; at++)
        for (unsigned change = 1; change < 256; change <<= 1) {
            uint8_t kept = file.bytes[at];
            file.bytes[at] = (uint8_t)(kept ^ change);
            write_file(sample_path(), file.bytes, file.size);
            struct country_database *database = country_database_open(sample_path(), fault, sizeof fault);
            for (unsigned i = 0; database != NULL && i < 256; i++) {
                struct address address = {.family = i % 2 == 0 ? 4 : 6, .bytes = {(uint8_t)i}};
                country_database_look_up(database, &address);
            }
            country_database_close(&database);
            file.bytes[at] = kept;
        }
}

static int finish(void **state) {
    (void)state;
    remove_sample();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_sample_itself_is_sound, start),
        cmocka_unit_test_setup(what_is_no_file_of_its_kind_is_refused, start),
        cmocka_unit_test_setup(one_too_large_is_refused_unread, start),
        cmocka_unit_test_setup(every_truncation_is_refused, start),
        cmocka_unit_test_setup(one_that_lost_its_beginning_is_refused, start),
        cmocka_unit_test_setup(the_marker_alone_is_refused_also_at_a_pages_end, start),
        cmocka_unit_test_setup(a_record_may_nest_so_deep_and_no_deeper, start),
        cmocka_unit_test_setup(deep_metadata_is_refused, start),
        cmocka_unit_test_setup(a_count_beyond_the_file_is_refused, start),
        cmocka_unit_test_setup(more_values_than_a_record_can_have_are_refused, start),
        cmocka_unit_test_setup(impossible_sizes_and_types_are_refused, start),
        cmocka_unit_test_setup(a_key_that_is_no_string_is_refused, start),
        cmocka_unit_test_setup(pointers_to_pointers_and_in_circles_are_refused, start),
        cmocka_unit_test_setup(a_bomb_of_pointers_is_refused_at_once, start),
        cmocka_unit_test_setup(records_outside_the_data_are_refused, start),
        cmocka_unit_test_setup(a_tree_that_runs_in_circles_ends, start),
        cmocka_unit_test_setup(metadata_that_lies_about_the_tree_is_refused, start),
        cmocka_unit_test_setup(every_changed_byte_of_the_metadata_is_survived, start),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
