/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* A program that others can change, or put another one in the place of, is not run. */
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

#include "base/program_file.h"

#define OTHER 4321 /* nobody's id */

static char folder[64], inner[96], program[128], linked[128];

static int make(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/authgate-program-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(inner, sizeof inner, "%s/inner", folder);
    snprintf(program, sizeof program, "%s/program", inner);
    snprintf(linked, sizeof linked, "%s/linked", folder);
    int file = mkdir(inner, 0755) == 0 ? open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755) : -1;
    return file < 0 || close(file) != 0 || symlink(program, linked) != 0;
}

static int sweep(void **state) {
    (void)state;
    unlink(linked);
    unlink(program);
    rmdir(inner);
    return rmdir(folder);
}

static void assert_unfit(const char *path, const char *why) {
    const char *found = program_file_unfit(path, geteuid());
    assert_non_null(found);
    assert_non_null(strstr(found, why));
}

static void assert_fit(void) {
    assert_null(program_file_unfit(program, geteuid()));
    assert_null(program_file_unfit(linked, geteuid()));
}

static void one_of_ours_is_run(void **state) {
    (void)state;
    assert_fit();
    assert_null(program_file_unfit("/bin/sh", OTHER));
}

static void what_is_no_program_is_not(void **state) {
    (void)state;
    assert_unfit("/nowhere/program", "not there");
    assert_unfit(inner, "no file");
    assert_unfit("/dev/null", "no file");
}

static void one_that_others_can_change_is_not(void **state) {
    (void)state;
    static const mode_t modes[] = {0775, 0757, 0722};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(program, modes[i]), 0);
        assert_unfit(program, "can be changed");
        assert_unfit(linked, "can be changed");
    }
    assert_int_equal(chmod(program, 0755), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(program, OTHER, (gid_t)-1), 0);
    assert_unfit(program, "can be changed");
    assert_null(program_file_unfit(program, OTHER));
}

static void nor_one_in_whose_place_others_can_put_another(void **state) {
    (void)state;
    assert_int_equal(chmod(inner, 0775), 0);
    assert_unfit(program, "lies in a folder");
    assert_unfit(linked, "lies in a folder");
    assert_int_equal(chmod(inner, 01777), 0);
    assert_fit();
    assert_int_equal(chmod(inner, 0755), 0);
    assert_int_equal(chmod(folder, 0757), 0);
    assert_unfit(linked, "lies in a folder");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_of_ours_is_run, make, sweep),
        cmocka_unit_test_setup_teardown(what_is_no_program_is_not, make, sweep),
        cmocka_unit_test_setup_teardown(one_that_others_can_change_is_not, make, sweep),
        cmocka_unit_test_setup_teardown(nor_one_in_whose_place_others_can_put_another, make, sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
