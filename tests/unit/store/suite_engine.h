/* SPDX-License-Identifier: BSD-2-Clause */
/* What the engine-independent tests need to know of an engine: how its stores are opened. Each test has a store of its
 * own, fresh and open, in `store`. */
#ifndef AUTHGATE_TESTS_STORE_SUITE_ENGINE_H
#define AUTHGATE_TESTS_STORE_SUITE_ENGINE_H

#include "store/calls.h"

struct suite_engine {
    struct store *(*make)(void);   /* a new, empty store */
    struct store *(*reopen)(void); /* the same one again, after it was closed */
    struct store *(*further)(int number); /* one more handle on it, or the same where there can be one only */
    void (*discard)(void);         /* after it was closed */
};

extern const struct suite_engine suite_engine;
static struct store *store;

static int suite_setup(void **state) {
    (void)state;
    store = suite_engine.make();
    return store == NULL ? -1 : 0;
}

static int suite_teardown(void **state) {
    (void)state;
    store_close(&store);
    suite_engine.discard();
    return 0;
}

static void again(void) {
    store_close(&store);
    assert_null(store);
    store = suite_engine.reopen();
    assert_non_null(store);
    assert_int_equal(store_state(store, NULL, 0), STORE_SERVING);
}

#define HOME "192.0.2.0/24"
#define AWAY "198.51.100.0/24"

#endif
