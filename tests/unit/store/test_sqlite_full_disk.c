/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* On a full disk logins that must write are unavailable, reading goes on, nothing acknowledged is lost, and the store
 * serves again as soon as there is room (G5). In a small tmpfs of a mount namespace of its own. */
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "store/sqlite_scene.h"

#define ACCOUNTS 4000
#define STEP 5000

static char filler[256];

static int mount_small_disk(void **state) {
    setup(state);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", place.folder, "tmpfs", 0, "size=16m,mode=0700") != 0) {
        place.url[0] = '\0';
        return 0;
    }
    snprintf(filler, sizeof filler, "%s/filler", place.folder);
    return 0;
}

static int unmount(void **state) {
    store_close(&store);
    if (place.url[0] != '\0')
        umount2(place.folder, MNT_DETACH);
    return teardown(state);
}

static void fill_disk(void) {
    static char bytes[65536];
    int descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0600);
    size_t size = sizeof bytes;
    while (size > 0)
        if (write(descriptor, bytes, size) <= 0)
            size /= 2;
    close(descriptor);
}

static void name_of(char name[32], int number) {
    snprintf(name, 32, "user%05d", number);
}

static void count_down(void *context, const struct store_report *report) {
    assert_int_equal(report->result, STORE_DONE);
    --*(int *)context;
}

static void enrol_many(void) {
    int left = ACCOUNTS;
    struct store_secret secret = secret_of(1);
    for (int i = 0; i < ACCOUNTS; i++) {
        char account[32];
        name_of(account, i);
        const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret, .now = NOW,
                                           .deadline = clock_monotonic() + PATIENCE};
        assert_true(store_administer(store, &import, count_down, &left) != 0);
    }
    for (bool done = false; !done; done = left == 0) {
        struct pollfd readable = {.fd = store_descriptor(store), .events = POLLIN};
        poll(&readable, 1, 1000);
        store_dispatch(store, clock_monotonic());
    }
}

static bool is_whole(void) {
    sqlite3 *connection = NULL;
    sqlite3_stmt *statement = NULL;
    bool whole = sqlite3_open(place.store, &connection) == SQLITE_OK &&
                 sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    sqlite3_close(connection);
    return whole;
}

static void a_full_disk_harms_nothing_and_is_got_over(void **state) {
    (void)state;
    char account[32], why[256];
    int settled = 0;
    enum store_answer answer = STORE_SETTLED;
    if (place.url[0] == '\0')
        skip();
    in_use();
    enrol_many();
    assert_int_equal(access(place.ballast, F_OK), 0);
    fill_disk();
    while (settled < ACCOUNTS) {
        name_of(account, settled);
        answer = settle_step(store, account, HOME, STEP);
        if (answer != STORE_SETTLED)
            break;
        settled++;
    }
    assert_int_equal(answer, STORE_UNAVAILABLE);
    assert_int_equal(store_state(store, why, sizeof why), STORE_FAILING);
    assert_non_null(strstr(why, "no room"));
    assert_true(settled > 50); /* the WAL's own room, and the ballast */
    assert_int_equal(access(place.ballast, F_OK), -1);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(settle_step(store, account, HOME, STEP), STORE_UNAVAILABLE);
        assert_int_equal(facts_of(store, account, HOME).secret.last_step, 0);
    }
    assert_int_equal(lock(store, "alice", true, 0), STORE_FAILED);
    assert_int_equal(settle_nothing(store, account), STORE_SETTLED); /* nothing to write */

    unlink(filler);
    assert_int_equal(settle_step(store, account, HOME, STEP), STORE_SETTLED);
    serves();
    for (int i = 0; i <= settled; i++) {
        name_of(account, i);
        assert_int_equal(facts_of(store, account, HOME).secret.last_step, STEP);
    }
    store_close(&store);
    store = place_open(false);
    serves();
    assert_int_equal(access(place.ballast, F_OK), 0); /* laid again */
    assert_int_equal(facts_of(store, "user00000", HOME).secret.last_step, STEP);
    store_close(&store);
    assert_true(is_whole());
    printf("# %d logins more after the disk was full\n", settled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_harms_nothing_and_is_got_over, mount_small_disk, unmount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
