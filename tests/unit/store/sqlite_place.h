/* SPDX-License-Identifier: BSD-2-Clause */
/* A throw-away folder with an SQLite store in it, for tests of that engine: its files' names, and opening them. */
#ifndef AUTHGATE_TESTS_STORE_SQLITE_PLACE_H
#define AUTHGATE_TESTS_STORE_SQLITE_PLACE_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/calls.h"

struct place {
    char folder[200];
    char url[256];
    char store[256], wal[256], seal[256], ballast[256];
    char spare[256];
};

static struct place place;

static inline void place_name(char *name, const char *ending) {
    snprintf(name, 256, "%s/store.db%s", place.folder, ending);
}

/* The folder of a place that is there already. */
static inline void place_at(const char *folder) {
    snprintf(place.folder, sizeof place.folder, "%s", folder);
    place_name(place.store, "");
    place_name(place.wal, "-wal");
    place_name(place.seal, ".seal");
    place_name(place.ballast, ".ballast");
    place_name(place.spare, ".spare");
    snprintf(place.url, sizeof place.url, "sqlite:%s/store.db", folder);
}

static inline void place_make(void) {
    char folder[] = "/tmp/authgate-store-XXXXXX";
    assert_non_null(mkdtemp(folder));
    place_at(folder);
}

static inline void place_discard(void) {
    DIR *folder = opendir(place.folder);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    rmdir(place.folder);
}

static inline struct store *place_open(bool create) {
    char fault[256] = "";
    const struct store_settings settings = {.url = place.url, .host = "mx1", .create = create};
    struct store *opened = store_open(&settings, fault, sizeof fault);
    if (opened == NULL)
        fail_msg("%s", fault);
    return opened;
}

/* Makes the first store and closes it. */
static inline void place_create(void) {
    struct store *made = place_open(true);
    assert_int_equal(store_state(made, NULL, 0), STORE_SERVING);
    store_close(&made);
}

static inline void copy_file(const char *from, const char *to) {
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in != NULL && out != NULL);
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, got, out), got);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

#endif
