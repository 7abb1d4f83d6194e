/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder of configuration files for one test: made, written to, loaded, removed. Included by the tests of this folder
 * after cmocka.h; it asserts that its own work succeeds. */
#ifndef AUTHGATE_TESTS_UNIT_POLICY_PLACE_H
#define AUTHGATE_TESTS_UNIT_POLICY_PLACE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/configuration.h"

#define MAIN_FILE  "authgate.conf"
#define MAIN_START "default_domain = \"example.com\"; timezone = \"Asia/Tokyo\"; country_database = \"/x.mmdb\";\n"

static char place_folder[64];

static inline const char *place_path(const char *name) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", place_folder, name);
    return path;
}

static inline void place_write_bytes(const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(place_path(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(place_path(name), 0644), 0);
}

static inline void place_write(const char *name, const char *text) {
    place_write_bytes(name, text, strlen(text));
}

static inline int place_make(void **state) {
    (void)state;
    snprintf(place_folder, sizeof place_folder, "/tmp/authgate-policy-XXXXXX");
    assert_non_null(mkdtemp(place_folder));
    assert_int_equal(mkdir(place_path("accounts"), 0755), 0);
    assert_int_equal(mkdir(place_path("groups"), 0755), 0);
    assert_int_equal(mkdir(place_path("domains"), 0755), 0);
    return 0;
}

static inline int place_remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk) {
    (void)status, (void)flag, (void)walk;
    return remove(path);
}

static inline int place_remove(void **state) {
    (void)state;
    return nftw(place_folder, place_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The first mistake in the order found, as it is printed, without the folder's name; "" where there is none. */
static inline const char *place_mistake(const struct mistakes *mistakes, size_t number) {
    static char text[1024];
    if (number >= mistakes->count)
        return "";
    mistake_format(&mistakes->list[number], text, sizeof text);
    size_t length = strlen(place_folder);
    return strncmp(text, place_folder, length) == 0 ? text + length + 1 : text;
}

/* Loads the main file; what is wrong with it fails the test. */
static inline struct configuration *place_load(void) {
    struct mistakes mistakes = {.list = NULL};
    struct configuration *configuration = configuration_load(place_path(MAIN_FILE), &mistakes);
    if (configuration == NULL)
        fail_msg("%s", place_mistake(&mistakes, 0));
    mistakes_clear(&mistakes);
    return configuration;
}

#endif
