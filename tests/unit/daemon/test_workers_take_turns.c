/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/worker.o -levent_core -pthread */
/* Whoever hands over many jobs waits for their own and keeps nobody else waiting; what nobody needs any more is not
 * run. One thread is held up by a first job while the others line up, so that their order is certain. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/worker.h"

#define WAITING 40

static struct event_base *base;
static struct workers *workers;
static int gate[2], begun[2];
static char order[512]; /* names of the jobs in the order in which they ran */
static char names[WAITING + 2][8];
static size_t ran, ended;

static void hold(void *context) {
    char byte;
    (void)context;
    if (write(begun[1], "x", 1) != 1 || read(gate[0], &byte, 1) != 1)
        order[0] = '!';
}

static void run(void *context) {
    size_t length = strlen(order);
    snprintf(order + length, sizeof order - length, "%s%s", length > 0 ? " " : "", (const char *)context);
    ran++;
}

static void done(void *context) {
    (void)context;
    ended++;
}

static int start(void **state) {
    (void)state;
    order[0] = '\0';
    ran = ended = 0;
    base = event_base_new();
    workers = workers_start(base, 1, WAITING);
    const struct worker_job first = {hold, done, NULL, WORKERS_OWN_LANE};
    char byte;
    return workers == NULL || pipe(gate) != 0 || pipe(begun) != 0 || !workers_submit(workers, &first) ||
           read(begun[0], &byte, 1) != 1;
}

static int stop(void **state) {
    (void)state;
    workers_stop(&workers);
    event_base_free(base);
    for (int i = 0; i < 2; i++) {
        close(gate[i]);
        close(begun[i]);
    }
    return 0;
}

static bool submit(const char *name, uint64_t lane) {
    static size_t next;
    char *kept = names[next++ % (WAITING + 2)];
    snprintf(kept, sizeof names[0], "%s", name);
    const struct worker_job job = {run, done, kept, lane};
    return workers_submit(workers, &job);
}

/* Lets them run until `count` jobs, the first one included, have ended. */
static void let_run(size_t count) {
    const struct timeval limit = {.tv_sec = 20};
    event_base_loopexit(base, &limit);
    assert_int_equal(write(gate[1], "x", 1), 1);
    while (ended < count && !event_base_got_exit(base))
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(ended, count);
}

static void lanes_take_turns(void **state) {
    (void)state;
    for (const char *const *name = (const char *const[]){"a1", "a2", "a3", "a4", NULL}; *name != NULL; name++)
        assert_true(submit(*name, 1));
    assert_true(submit("b1", 2));
    assert_true(submit("c1", 3));
    assert_true(submit("b2", 2));
    assert_true(submit("own", WORKERS_OWN_LANE));
    assert_true(submit("a5", 1));
    let_run(10);
    assert_string_equal(order, "a1 b1 c1 own a2 b2 a3 a4 a5");
}

static void one_lane_fills_a_quarter_of_the_queue(void **state) {
    (void)state;
    for (size_t i = 0; i < WAITING / 4; i++)
        assert_true(submit("a", 1));
    assert_false(submit("a", 1));
    for (uint64_t lane = 2; lane <= 4; lane++)
        for (size_t i = 0; i < WAITING / 4; i++)
            assert_true(submit("b", lane));
    assert_false(submit("c", 5));
    let_run(WAITING + 1);
    assert_int_equal(ran, WAITING);
}

static void what_has_not_begun_is_taken_back(void **state) {
    (void)state;
    static char a1[] = "a1", a2[] = "a2", a3[] = "a3";
    char *const all[] = {a1, a2, a3};
    for (size_t i = 0; i < 3; i++) {
        const struct worker_job job = {run, done, all[i], 1};
        assert_true(workers_submit(workers, &job));
    }
    assert_true(workers_withdraw(workers, a3));
    assert_true(workers_withdraw(workers, a1));
    assert_false(workers_withdraw(workers, a1));
    assert_true(submit("a4", 1));
    let_run(3);
    assert_string_equal(order, "a2 a4");
    assert_false(workers_withdraw(workers, a2));
    assert_true(workers_withdraw(NULL, a2));
}

static void what_is_taken_back_leaves_room(void **state) {
    (void)state;
    static char last[] = "last";
    const struct worker_job job = {run, done, last, 1};
    for (size_t i = 1; i < WAITING / 4; i++)
        assert_true(submit("a", 1));
    for (int i = 0; i < 3 * WAITING; i++) {
        assert_true(workers_submit(workers, &job));
        assert_false(submit("a", 1));
        assert_true(workers_withdraw(workers, last));
    }
    let_run(WAITING / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lanes_take_turns, start, stop),
        cmocka_unit_test_setup_teardown(one_lane_fills_a_quarter_of_the_queue, start, stop),
        cmocka_unit_test_setup_teardown(what_has_not_begun_is_taken_back, start, stop),
        cmocka_unit_test_setup_teardown(what_is_taken_back_leaves_room, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
