/* SPDX-License-Identifier: BSD-2-Clause */
/* A store of SQLite's in use, in a folder of its own, that is closed and opened again while things happen to its files.
 * Included by the tests of those files. */
#ifndef AUTHGATE_TESTS_STORE_SQLITE_SCENE_H
#define AUTHGATE_TESTS_STORE_SQLITE_SCENE_H

#include "store/sqlite_place.h"

#define HOME "192.0.2.0/24"
#define AWAY "198.51.100.0/24"

static struct store *store;

static inline int setup(void **state) {
    (void)state;
    place_make();
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    store_close(&store);
    place_discard();
    return 0;
}

/* Every call of a store that may not be served is unavailable. */
static inline void refuses_as(enum store_state state, const char *word) {
    char why[256];
    struct account_facts facts;
    struct attempt attempt;
    struct store_question question = {.account = "alice", .now = NOW};
    assert_int_equal(store_state(store, why, sizeof why), state);
    if (strstr(why, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why, word);
    assert_false(try_facts(store, &question, &facts));
    attempt_init(&attempt, "alice", HOME, next_ref());
    assert_int_equal(settle(store, &attempt), STORE_UNAVAILABLE);
    assert_int_equal(simple(store, STORE_SHOW, "alice"), STORE_FAILED);
    assert_int_equal(store_state(store, NULL, 0), state);
}

static inline void serves(void) {
    char why[256];
    if (store_state(store, why, sizeof why) != STORE_SERVING)
        fail_msg("%s", why);
}

/* A store in use: alice is enrolled and has consumed step 1000. Left open. */
static inline void in_use(void) {
    store = place_open(true);
    serves();
    enrol(store, "alice");
    assert_int_equal(settle_step(store, "alice", HOME, 1000), STORE_SETTLED);
}

static inline void reopened(bool create) {
    store_close(&store);
    store = place_open(create);
}

static inline bool there_is(const char *path) {
    return access(path, F_OK) == 0;
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
