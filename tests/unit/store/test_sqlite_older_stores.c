/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* A store that is behind the one last served is refused until it is accepted (M6); the seal that says so; backups. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/sqlite_scene.h"

/* ---- older stores ---- */

static void an_older_store_is_refused_until_it_is_accepted(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    copy_file(place.store, place.spare);
    assert_int_equal(chmod(place.spare, 0600), 0);
    store = place_open(false);
    assert_int_equal(simple(store, STORE_DISABLE, "alice"), STORE_DONE);
    enrol(store, "bob");
    store_close(&store);
    assert_int_equal(rename(place.spare, place.store), 0);
    store = place_open(true);
    refuses_as(STORE_OUTDATED, "older");
    reopened(false);
    refuses_as(STORE_OUTDATED, "older");
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    const struct store_report *report = ordered(store, &accept);
    assert_int_equal(report->result, STORE_DONE);
    assert_int_equal(report->generation_served - report->generation, 2);
    serves();
    assert_true(facts_of(store, "alice", HOME).enrolled);
    assert_int_equal(ordered(store, &accept)->result, STORE_REFUSED); /* it is served */
    reopened(false);
    serves();
}

/* A step that the lost part of the store may have consumed is not accepted again. */
static void after_accepting_no_older_step_is_fresh(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    copy_file(place.store, place.spare);
    assert_int_equal(chmod(place.spare, 0600), 0);
    store = place_open(false);
    enrol(store, "bob");
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30), STORE_SETTLED);
    store_close(&store);
    assert_int_equal(rename(place.spare, place.store), 0);
    store = place_open(false);
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    assert_int_equal(order(store, &accept), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30), STORE_REUSED);
    reopened(false);
    assert_int_equal(settle_step(store, "alice", AWAY, NOW / 30), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30 + 1), STORE_SETTLED);
}

/* Accepted while the clock was a year ahead: once it is set right, what is used up then is what was possible before. */
static void after_accepting_by_a_clock_ahead_later_steps_are_fresh(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(unlink(place.seal), 0);
    store = place_open(false);
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW + 365LL * 86400};
    assert_int_equal(order(store, &accept), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30 + 1), STORE_SETTLED);
    reopened(false);
    assert_int_equal(settle_step(store, "alice", AWAY, NOW / 30 + 1), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30 + 2), STORE_SETTLED);
}

static void the_store_that_was_given_up_is_not_taken_back(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    copy_file(place.store, place.spare);
    assert_int_equal(chmod(place.spare, 0600), 0);
    store = place_open(false);
    enrol(store, "bob");
    store_close(&store);
    char newer[256];
    snprintf(newer, sizeof newer, "%s/newer", place.folder);
    assert_int_equal(rename(place.store, newer), 0);
    assert_int_equal(rename(place.spare, place.store), 0);
    store = place_open(false);
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    assert_int_equal(order(store, &accept), STORE_DONE);
    store_close(&store);
    assert_int_equal(rename(newer, place.store), 0);
    store = place_open(false);
    refuses_as(STORE_OUTDATED, "older");
}

static void only_what_must_not_be_undone_raises_the_generation(void **state) {
    (void)state;
    struct store_counters counters;
    struct store_secret secret = secret_of(3);
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    const struct store_order pending = {.verb = STORE_ENROL, .account = "alice", .secret = &secret};
    const struct store_order revoke = {.verb = STORE_REVOKE_APP_PASSWORD, .account = "alice",
                                       .app_password = &password};
    in_use(); /* 1, and 2 for alice */
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(order(store, &pending), STORE_DONE);
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    store_count(store, &counters);
    assert_int_equal(counters.generation, 2);
    assert_int_equal(order(store, &revoke), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 3), STORE_DONE);
    assert_int_equal(settle_recovery(store, "alice", 1), STORE_SETTLED);
    assert_int_equal(settle_recovery(store, "alice", 1), STORE_REUSED);
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE);
    assert_int_equal(simple(store, STORE_UNLOCK, "alice"), STORE_DONE);
    store_count(store, &counters);
    assert_int_equal(counters.generation, 7);
    reopened(false);
    serves();
}

static void a_store_without_its_seal_is_refused_until_it_is_accepted(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    unlink(place.seal);
    store = place_open(true);
    refuses_as(STORE_NOT_OURS, "seal is missing");
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    assert_int_equal(order(store, &accept), STORE_DONE);
    assert_true(there_is(place.seal));
    assert_true(facts_of(store, "alice", HOME).enrolled);
}

static void an_empty_store_cannot_be_accepted(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(truncate(place.store, 0), 0);
    store = place_open(false);
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    assert_int_equal(order(store, &accept), STORE_REFUSED);
    unlink(place.store);
    assert_int_equal(order(store, &accept), STORE_REFUSED);
    assert_false(there_is(place.store));
}

/* Where the seal cannot be written, what rests on it is not answered as done; other logins go on. */
static void a_seal_that_fell_behind_is_written_later(void **state) {
    (void)state;
    char fresh[300];
    struct store_secret secret = secret_of(4);
    const struct store_order import = {.verb = STORE_IMPORT, .account = "bob", .secret = &secret};
    in_use();
    snprintf(fresh, sizeof fresh, "%s.new", place.seal);
    assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of the seal's next version */
    assert_int_equal(lock(store, "carol", true, 0), STORE_FAILED);
    assert_int_equal(order(store, &import), STORE_FAILED);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(settle_step(store, "alice", HOME, 1002), STORE_SETTLED);
    serves();
    assert_true(facts_of(store, "carol", HOME).locked); /* it had landed */
    reopened(false);
    serves();
}

/* ---- backups ---- */

static enum store_result backup_to(const char *path) {
    const struct store_order backup = {.verb = STORE_BACKUP, .path = path};
    return order(store, &backup);
}

static enum store_result restore_from(const char *path) {
    const struct store_order restore = {.verb = STORE_RESTORE, .path = path};
    return order(store, &restore);
}

static void a_backup_is_restored_and_then_accepted(void **state) {
    (void)state;
    struct stat status;
    in_use();
    assert_int_equal(backup_to(place.spare), STORE_DONE);
    assert_int_equal(backup_to(place.spare), STORE_EXISTS);
    assert_int_equal(stat(place.spare, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    const struct store_order restore = {.verb = STORE_RESTORE, .path = place.spare};
    const struct store_report *report = ordered(store, &restore);
    assert_int_equal(report->result, STORE_DONE); /* nothing has changed since: served at once */
    assert_string_equal(report->fault, "");
    serves();
    assert_int_equal(lock(store, "alice", true, 0), STORE_DONE);
    report = ordered(store, &restore);
    assert_int_equal(report->result, STORE_DONE);
    assert_non_null(strstr(report->fault, "older")); /* said to who restores, with what to do about it */
    refuses_as(STORE_OUTDATED, "older");
    const struct store_order accept = {.verb = STORE_ACCEPT, .now = NOW};
    assert_int_equal(order(store, &accept), STORE_DONE);
    assert_false(facts_of(store, "alice", HOME).locked);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
}

/* No enrolment lies between the copy and its return: it is served at once, but what was used up since is not in it. */
static void after_restoring_no_older_step_is_fresh(void **state) {
    (void)state;
    in_use();
    assert_int_equal(backup_to(place.spare), STORE_DONE);
    assert_int_equal(settle_step(store, "alice", HOME, NOW / 30), STORE_SETTLED);
    const struct store_order restore = {.verb = STORE_RESTORE, .path = place.spare, .now = NOW};
    assert_int_equal(order(store, &restore), STORE_DONE);
    serves();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    assert_int_equal(settle_step(store, "alice", AWAY, NOW / 30), STORE_REUSED);
    reopened(false);
    assert_int_equal(settle_step(store, "alice", AWAY, NOW / 30), STORE_REUSED);
    assert_int_equal(settle_step(store, "alice", AWAY, NOW / 30 + 1), STORE_SETTLED);
}

static void a_store_that_was_lost_is_restored(void **state) {
    (void)state;
    in_use();
    assert_int_equal(backup_to(place.spare), STORE_DONE);
    store_close(&store);
    unlink(place.store);
    store = place_open(false);
    refuses_as(STORE_MISSING, "restore");
    assert_int_equal(restore_from(place.spare), STORE_DONE);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    serves();
}

/* The WAL of the lost store, left by a process that was killed, must not be applied to the restored one. */
static void a_lost_stores_wal_is_not_applied_to_a_backup(void **state) {
    (void)state;
    int status = 0;
    in_use();
    assert_int_equal(backup_to(place.spare), STORE_DONE);
    store_close(&store);
    pid_t child = fork();
    if (child == 0) {
        store = place_open(false);
        for (int i = 0; i < 20; i++)
            settle_step(store, "alice", HOME, 3000 + i);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(there_is(place.wal));
    unlink(place.store);
    store = place_open(false);
    assert_int_equal(restore_from(place.spare), STORE_DONE);
    serves();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
}

static void what_is_no_backup_is_not_restored(void **state) {
    (void)state;
    in_use();
    assert_int_equal(restore_from("/nonexistent/file"), STORE_REFUSED);
    assert_int_equal(restore_from("/etc/hostname"), STORE_REFUSED);
    assert_int_equal(backup_to("/nonexistent/file"), STORE_REFUSED);
    int descriptor = open(place.spare, O_WRONLY | O_CREAT, 0600);
    close(descriptor);
    assert_int_equal(restore_from(place.spare), STORE_REFUSED);
    char copy[sizeof place.store + 16];
    snprintf(copy, sizeof copy, "%s.restored", place.store);
    assert_false(there_is(copy));
    serves();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
}

static void count_settled(void *context, enum store_answer answer) {
    assert_int_equal(answer, STORE_SETTLED);
    ++*(int *)context;
}

/* All of it is handed over before the first of it can be done: the accounts take a while. */
static void logins_go_on_while_a_backup_is_made(void **state) {
    (void)state;
    struct got_report got = {0};
    int settled = 0;
    in_use();
    for (int i = 0; i < 3000; i++) {
        struct store_secret secret = secret_of(1);
        char account[24];
        struct got_report ignored = {0};
        snprintf(account, sizeof account, "user%04d", i);
        const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret, .now = NOW,
                                           .deadline = clock_monotonic() + PATIENCE};
        uint64_t call = store_administer(store, &import, take_report, &ignored);
        assert_true(call != 0);
        store_cancel(store, call);
    }
    const struct store_order backup = {.verb = STORE_BACKUP, .path = place.spare, .now = NOW,
                                       .deadline = clock_monotonic() + PATIENCE};
    assert_true(store_administer(store, &backup, take_report, &got) != 0);
    for (int i = 0; i < 1500; i++) {
        struct attempt attempt;
        attempt_init(&attempt, "alice", HOME, next_ref());
        attempt_step(&attempt, 2000 + i);
        assert_true(store_settle(store, &attempt.login, count_settled, &settled) != 0);
    }
    wait_for(store, &got.done);
    assert_int_equal(got.report.result, STORE_DONE);
    assert_true(settled > 0);
    for (bool all = false; !all; all = settled == 1500) {
        struct pollfd readable = {.fd = store_descriptor(store), .events = POLLIN};
        poll(&readable, 1, 1000);
        store_dispatch(store, clock_monotonic());
    }
    assert_int_equal(restore_from(place.spare), STORE_DONE);
    assert_true(facts_of(store, "user2999", HOME).enrolled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(an_older_store_is_refused_until_it_is_accepted),
        SCENE(after_accepting_no_older_step_is_fresh),
        SCENE(after_accepting_by_a_clock_ahead_later_steps_are_fresh),
        SCENE(the_store_that_was_given_up_is_not_taken_back),
        SCENE(only_what_must_not_be_undone_raises_the_generation),
        SCENE(a_store_without_its_seal_is_refused_until_it_is_accepted),
        SCENE(an_empty_store_cannot_be_accepted),
        SCENE(a_seal_that_fell_behind_is_written_later),
        SCENE(a_backup_is_restored_and_then_accepted),
        SCENE(after_restoring_no_older_step_is_fresh),
        SCENE(a_store_that_was_lost_is_restored),
        SCENE(a_lost_stores_wal_is_not_applied_to_a_backup),
        SCENE(what_is_no_backup_is_not_restored),
        SCENE(logins_go_on_while_a_backup_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
