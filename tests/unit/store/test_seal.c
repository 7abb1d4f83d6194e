/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/seal.o store/file.o */
/* Which store may be served (G7, M6), row by row, and the seal file that it rests on. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/seal.h"

#define ONE "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

#define STORE_OF(name, number) .exists = true, .ours = true, .schema = STORE_SCHEMA, .store = {name, number}
#define SEAL_OF(name, number) .seal_found = SEAL_READ, .seal = {name, number}

static void every_standing_has_its_course(void **state) {
    (void)state;
    static const struct {
        const char *story;
        struct standing standing;
        enum course course;
        enum store_state state;
    } rows[] = {
        {"nothing at all", {0}, COURSE_REFUSE, STORE_MISSING},
        {"nothing, and the first is asked for", {.create = true}, COURSE_CREATE, STORE_SERVING},
        {"gone, and one has been in use", {SEAL_OF(ONE, 1)}, COURSE_REFUSE, STORE_MISSING},
        {"gone, asked for, and one has been in use", {.create = true, SEAL_OF(ONE, 1)}, COURSE_REFUSE, STORE_MISSING},
        {"gone, asked for, an unreadable seal", {.create = true, .seal_found = SEAL_UNREADABLE}, COURSE_REFUSE,
         STORE_MISSING},
        {"emptied", {.exists = true, SEAL_OF(ONE, 1)}, COURSE_REFUSE, STORE_NOT_OURS},
        {"emptied, and the first is asked for", {.create = true, .exists = true}, COURSE_REFUSE, STORE_NOT_OURS},
        {"as it was", {STORE_OF(ONE, 7), SEAL_OF(ONE, 7)}, COURSE_SERVE, STORE_SERVING},
        {"as it was, started with --create-store again", {.create = true, STORE_OF(ONE, 7), SEAL_OF(ONE, 7)},
         COURSE_SERVE, STORE_SERVING},
        {"stopped between commit and seal", {STORE_OF(ONE, 8), SEAL_OF(ONE, 7)}, COURSE_SEAL, STORE_SERVING},
        {"older by one", {STORE_OF(ONE, 6), SEAL_OF(ONE, 7)}, COURSE_REFUSE, STORE_OUTDATED},
        {"older, and the first is asked for", {.create = true, STORE_OF(ONE, 6), SEAL_OF(ONE, 7)}, COURSE_REFUSE,
         STORE_OUTDATED},
        {"another installation's, even if newer", {STORE_OF(OTHER, 9), SEAL_OF(ONE, 7)}, COURSE_REFUSE,
         STORE_NOT_OURS},
        {"a fresh one in the old one's place", {.create = true, STORE_OF(OTHER, 1), SEAL_OF(ONE, 7)}, COURSE_REFUSE,
         STORE_NOT_OURS},
        {"without its seal", {STORE_OF(ONE, 7)}, COURSE_REFUSE, STORE_NOT_OURS},
        {"without its seal, and the first is asked for", {.create = true, STORE_OF(ONE, 7)}, COURSE_REFUSE,
         STORE_NOT_OURS},
        {"the first, stopped before its seal", {.create = true, STORE_OF(ONE, 1)}, COURSE_SEAL, STORE_SERVING},
        {"the first without its seal, not asked for", {STORE_OF(ONE, 1)}, COURSE_REFUSE, STORE_NOT_OURS},
        {"an unreadable seal", {STORE_OF(ONE, 7), .seal_found = SEAL_UNREADABLE}, COURSE_REFUSE, STORE_NOT_OURS},
        {"an unreadable seal, the first asked for",
         {.create = true, STORE_OF(ONE, 1), .seal_found = SEAL_UNREADABLE}, COURSE_REFUSE, STORE_NOT_OURS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum store_state state_found = STORE_FAILING;
        const char *why = NULL;
        enum course course = seal_course(&rows[i].standing, &state_found, &why);
        if (course != rows[i].course || state_found != rows[i].state)
            fail_msg("%s: course %d, state %d", rows[i].story, course, state_found);
        assert_int_equal(why[0] == '\0', course != COURSE_REFUSE);
    }
}

static void one_schema_more_is_served_and_two_more_are_not(void **state) {
    (void)state;
    for (int more = -1; more <= 3; more++) {
        struct standing standing = {STORE_OF(ONE, 7), SEAL_OF(ONE, 7)};
        enum store_state found;
        const char *why;
        standing.schema = STORE_SCHEMA + more;
        assert_int_equal(seal_course(&standing, &found, &why), more <= 1 ? COURSE_SERVE : COURSE_REFUSE);
        assert_int_equal(found, more <= 1 ? STORE_SERVING : STORE_NOT_OURS);
    }
}

static char path[96], fresh[100];

static int make_folder(void **state) {
    char folder[] = "/tmp/authgate-seal-XXXXXX";
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/seal", folder);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    *state = strdup(folder);
    return *state == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
    unlink(path);
    unlink(fresh);
    int result = rmdir(*state);
    free(*state);
    return result;
}

static void a_seal_is_read_as_it_was_written(void **state) {
    (void)state;
    static const int64_t generations[] = {0, 1, 42, INT64_MAX};
    struct seal seal;
    struct stat status;
    assert_int_equal(seal_read(path, &seal), SEAL_NONE);
    for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++) {
        const struct seal written = {ONE, generations[i]};
        assert_true(seal_write(path, &written));
        assert_int_equal(seal_read(path, &seal), SEAL_READ);
        assert_string_equal(seal.instance, ONE);
        assert_int_equal(seal.generation, generations[i]);
    }
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(access(fresh, F_OK), -1);
}

static void what_is_no_seal_is_unreadable(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "authgate store seal 1\n",
        "authgate store seal 1\ninstance=" ONE "\n",
        "authgate store seal 1\ninstance=" ONE "\ngeneration=\n",
        "authgate store seal 1\ninstance=" ONE "\ngeneration=5",
        "authgate store seal 1\ninstance=" ONE "\ngeneration=5\nmore\n",
        "authgate store seal 1\ninstance=" ONE "\ngeneration=-5\n",
        "authgate store seal 1\ninstance=" ONE "\ngeneration=99999999999999999999\n",
        "authgate store seal 1\ninstance=" ONE "0\ngeneration=5\n",
        "authgate store seal 1\ninstance=0011\ngeneration=5\n",
        "authgate store seal 2\ninstance=" ONE "\ngeneration=5\n",
    };
    struct seal seal;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(descriptor, texts[i], strlen(texts[i])), strlen(texts[i]));
        close(descriptor);
        assert_int_equal(seal_read(path, &seal), SEAL_UNREADABLE);
    }
    unlink(path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(seal_read(path, &seal), SEAL_UNREADABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_standing_has_its_course),
        cmocka_unit_test(one_schema_more_is_served_and_two_more_are_not),
        cmocka_unit_test_setup_teardown(a_seal_is_read_as_it_was_written, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_seal_is_unreadable, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
