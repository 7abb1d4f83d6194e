/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* What becomes of a store whose files are missing, emptied, replaced, damaged or another version's (G7), or that other
 * processes come at (G3, G4). */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/sqlite_scene.h"

/* ---- missing, empty, replaced ---- */

static void the_first_store_is_made_only_when_asked_for(void **state) {
    (void)state;
    struct stat status;
    store = place_open(false);
    refuses_as(STORE_MISSING, "--create-store");
    assert_false(there_is(place.store));
    reopened(true);
    serves();
    assert_int_equal(stat(place.store, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(there_is(place.seal));
    reopened(true);
    serves();
}

static void a_missing_store_is_never_made_anew(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    unlink(place.store);
    for (int create = 0; create < 2; create++) {
        store = place_open(create);
        refuses_as(STORE_MISSING, "restore");
        assert_false(there_is(place.store));
        store_close(&store);
    }
}

static void the_first_store_is_made_once(void **state) {
    (void)state;
    in_use(); /* started with --create-store */
    unlink(place.store);
    unlink(place.seal);
    struct account_facts facts;
    const struct store_question question = {.account = "alice", .now = NOW};
    assert_false(try_facts(store, &question, &facts));
    refuses_as(STORE_MISSING, "--create-store");
    assert_false(there_is(place.store));
}

static void an_emptied_store_is_refused(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(truncate(place.store, 0), 0);
    for (int create = 0; create < 2; create++) {
        struct stat status;
        store = place_open(create);
        refuses_as(STORE_NOT_OURS, "empty");
        assert_int_equal(stat(place.store, &status), 0);
        assert_int_equal(status.st_size, 0);
        store_close(&store);
    }
}

static void a_fresh_store_in_its_place_is_refused(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(rename(place.seal, place.spare), 0);
    unlink(place.store);
    place_create();
    assert_int_equal(rename(place.spare, place.seal), 0);
    store = place_open(true);
    refuses_as(STORE_NOT_OURS, "another store");
}

static void what_is_no_store_is_refused(void **state) {
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text);
    in_use();
    store_close(&store);
    int descriptor = open(place.store, O_WRONLY | O_TRUNC);
    assert_int_equal(write(descriptor, text, sizeof text), sizeof text);
    close(descriptor);
    store = place_open(false);
    refuses_as(STORE_NOT_OURS, "no store");
    store_close(&store);
    unlink(place.store);
    sqlite3 *other = NULL;
    umask(077);
    assert_int_equal(sqlite3_open(place.store, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    store = place_open(false);
    refuses_as(STORE_NOT_OURS, "no store");
}

static void a_store_that_others_can_reach_is_refused(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(chmod(place.store, 0640), 0);
    store = place_open(false);
    refuses_as(STORE_FAILING, "chmod 0600");
    assert_int_equal(chmod(place.store, 0600), 0);
    assert_true(facts_of(store, "alice", HOME).enrolled); /* it recovers by itself */
    serves();
    store_close(&store);
    assert_int_equal(rename(place.store, place.spare), 0);
    assert_int_equal(symlink(place.spare, place.store), 0);
    store = place_open(false);
    refuses_as(STORE_FAILING, "plain file");
}

static void a_store_removed_while_it_is_served_is_noticed(void **state) {
    (void)state;
    in_use();
    assert_int_equal(rename(place.store, place.spare), 0);
    struct account_facts facts;
    const struct store_question question = {.account = "alice", .now = NOW};
    assert_false(try_facts(store, &question, &facts));
    refuses_as(STORE_MISSING, "missing");
    assert_int_equal(rename(place.spare, place.store), 0);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    serves();
}

static void a_store_emptied_while_it_is_served_is_noticed(void **state) {
    (void)state;
    in_use();
    assert_int_equal(truncate(place.store, 0), 0);
    struct account_facts facts;
    const struct store_question question = {.account = "alice", .now = NOW};
    assert_false(try_facts(store, &question, &facts));
    refuses_as(STORE_NOT_OURS, "empty");
}

static void a_damaged_page_does_not_end_the_daemon(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    struct stat status;
    assert_int_equal(stat(place.store, &status), 0);
    copy_file(place.store, place.spare);
    int descriptor = open(place.store, O_WRONLY);
    char noise[512];
    memset(noise, 0xa5, sizeof noise);
    for (off_t at = 4096; at + 512 < status.st_size; at += 1024)
        assert_int_equal(pwrite(descriptor, noise, sizeof noise, at), sizeof noise);
    close(descriptor);
    store = place_open(false);
    struct account_facts facts;
    const struct store_question question = {.account = "alice", .now = NOW};
    assert_false(try_facts(store, &question, &facts));
    assert_int_equal(settle_step(store, "alice", HOME, 2000), STORE_UNAVAILABLE);
    assert_int_not_equal(store_state(store, NULL, 0), STORE_SERVING);
    assert_int_equal(rename(place.spare, place.store), 0); /* put right while we run */
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    serves();
}

/* ---- versions and processes ---- */

static void change_store(const char *sql) {
    sqlite3 *connection = NULL;
    store_close(&store);
    assert_int_equal(sqlite3_open(place.store, &connection), SQLITE_OK);
    assert_int_equal(sqlite3_exec(connection, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(connection);
    store = place_open(false);
}

static void the_next_versions_additions_do_not_disturb(void **state) {
    (void)state;
    in_use();
    change_store("UPDATE meta SET number = number + 1 WHERE name = 'schema';"
                 "ALTER TABLE secrets ADD COLUMN more TEXT NOT NULL DEFAULT '';"
                 "ALTER TABLE memory ADD COLUMN more INTEGER;"
                 "ALTER TABLE app_passwords ADD COLUMN more INTEGER NOT NULL DEFAULT 0;"
                 "CREATE TABLE devices (account TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;"
                 "INSERT INTO meta (name, text, number, host) VALUES ('new', '', 1, 'mx2');");
    serves();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1000);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
    enrol(store, "bob");
    change_store("UPDATE meta SET number = number + 1 WHERE name = 'schema'");
    refuses_as(STORE_NOT_OURS, "newer version");
}

static void an_earlier_version_is_added_to(void **state) {
    (void)state;
    in_use();
    change_store("UPDATE meta SET number = 0 WHERE name = 'schema'; DROP TABLE wrong_codes;");
    serves();
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    assert_int_equal(facts_of(store, "alice", HOME).wrong_hour, 1);
}

static void one_process_at_a_time_has_the_store(void **state) {
    (void)state;
    sqlite3 *reader = NULL;
    in_use();
    assert_int_equal(sqlite3_open(place.store, &reader), SQLITE_OK); /* another connection, as another process's */
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct store *second = place_open(false);
        _exit(store_state(second, NULL, 0) == STORE_FAILING ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_not_equal(sqlite3_exec(reader, "SELECT count(*) FROM secrets", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(reader);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
}

/* How many of this process's descriptors are the store's file. */
static int descriptors_of_store(void) {
    int count = 0;
    for (int descriptor = 0; descriptor < 256; descriptor++) {
        char link[64], target[300] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        if (readlink(link, target, sizeof target - 1) > 0 && strcmp(target, place.store) == 0)
            count++;
    }
    return count;
}

static bool maps_a_file_of_the_store(void) {
    char line[1024];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        found |= strstr(line, place.folder) != NULL;
    fclose(maps);
    return found;
}

/* Two connections meet SQLite's WAL-reset bug, and a mapped file that is cut short kills its reader (G3). */
static void there_is_one_connection_and_nothing_is_mapped(void **state) {
    (void)state;
    char shared[300];
    in_use();
    for (int i = 0; i < 30; i++)
        assert_int_equal(settle_step(store, "alice", HOME, 2000 + i), STORE_SETTLED);
    assert_int_equal(descriptors_of_store(), 1);
    assert_false(maps_a_file_of_the_store());
    snprintf(shared, sizeof shared, "%s-shm", place.store);
    assert_false(there_is(shared));
}

/* A forked child shares the descriptors and the locks: it may touch nothing (G4). */
static void a_forked_child_cannot_use_the_store(void **state) {
    (void)state;
    int status = 0;
    in_use();
    pid_t child = fork();
    if (child == 0) {
        struct attempt attempt;
        struct got_answer got = {0};
        const struct store_order what = {.verb = STORE_SHOW, .account = "alice"};
        const struct store_question question = {.account = "alice"};
        attempt_init(&attempt, "alice", HOME, "child");
        bool refused = store_settle(store, &attempt.login, take_answer, &got) == 0 &&
                       store_facts(store, &question, take_facts, NULL) == 0 &&
                       store_administer(store, &what, take_report, NULL) == 0;
        store_dispatch(store, INT64_MAX);
        store_close(&store);
        _exit(refused && !got.done ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(settle_step(store, "alice", HOME, 1001), STORE_SETTLED);
    reopened(false);
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, 1001);
}

static int count_rows(const char *table) {
    sqlite3 *connection = NULL;
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_open(place.store, &connection), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    sqlite3_close(connection);
    return count;
}

/* Logins that are handed over all at once, so that many share a commit; what they come to does not matter. */
static void settle_many(int count, int64_t now) {
    static struct got_answer answers[1000];
    for (int i = 0; i < count; i++) {
        struct attempt attempt;
        answers[i] = (struct got_answer){0};
        attempt_init(&attempt, "alice", HOME, next_ref());
        attempt.login.use = STORE_USE_APP_PASSWORD;
        attempt.login.now = now;
        assert_true(store_settle(store, &attempt.login, take_answer, &answers[i]) != 0);
    }
    for (int i = 0; i < count; i++)
        wait_for(store, &answers[i].done);
}

static void settled_refs_go_when_their_time_is_over(void **state) {
    (void)state;
    in_use();
    settle_many(1000, NOW);
    settle_many(1000, NOW + STORE_REF_KEPT);
    store_close(&store);
    assert_in_range(count_rows("settled"), 1000, 1150);
    store = place_open(false);
    settle_many(600, NOW + 2 * STORE_REF_KEPT);
    store_close(&store);
    assert_in_range(count_rows("settled"), 600, 750);
}

static void wrong_codes_go_when_their_day_is_over(void **state) {
    (void)state;
    in_use();
    for (int64_t code = 0; code < 9; code++)
        assert_int_equal(settle_wrong(store, "alice", code, NOW + code), STORE_SETTLED);
    enrol(store, "bob");
    assert_int_equal(settle_wrong(store, "bob", 1, NOW), STORE_SETTLED);
    assert_int_equal(settle_wrong(store, "alice", 20, NOW + 86400 + 4), STORE_SETTLED);
    store_close(&store);
    assert_int_equal(count_rows("wrong_codes"), 4 + 1 + 1); /* alice's last four, her new one, bob's */
}

static off_t length_of(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : -1;
}

/* A commit that lengthens it costs twice one that does not. What a kill leaves has the logins, then zeros. */
static void the_wal_gets_its_length_before_many_logins(void **state) {
    (void)state;
    const off_t length = 2000 * (4096 + 24);
    int64_t end = clock_monotonic() + PATIENCE, step = 1001;
    in_use();
    assert_true(length_of(place.wal) < length);
    for (; length_of(place.wal) < length && clock_monotonic() < end; step++)
        assert_int_equal(settle_step(store, "alice", HOME, step), STORE_SETTLED);
    assert_true(length_of(place.wal) >= length);
    assert_true(step < 1500); /* or they lengthened it themselves */
    assert_int_equal(settle_step(store, "alice", HOME, step), STORE_SETTLED);
    char spare_wal[256];
    place_name(spare_wal, ".spare-wal");
    copy_file(place.store, place.spare);
    copy_file(place.wal, spare_wal);
    store_close(&store);
    assert_int_equal(rename(place.spare, place.store), 0);
    assert_int_equal(rename(spare_wal, place.wal), 0);
    store = place_open(false);
    serves();
    assert_int_equal(facts_of(store, "alice", HOME).secret.last_step, step);
}

static void every_row_has_its_host(void **state) {
    (void)state;
    static const char *const tables[] = {"meta",          "secrets", "memory", "recovery_codes", "wrong_codes",
                                         "app_passwords", "locks",   "settled"};
    struct store_app_password password = app_password_of(1);
    const struct store_order add = {.verb = STORE_ADD_APP_PASSWORD, .account = "alice", .app_password = &password};
    in_use();
    assert_int_equal(order(store, &add), STORE_DONE);
    assert_int_equal(new_recovery_codes(store, "alice", 3), STORE_DONE);
    assert_int_equal(settle_wrong(store, "alice", 1, NOW), STORE_SETTLED);
    assert_int_equal(lock(store, "bob", true, 0), STORE_DONE);
    store_close(&store);
    sqlite3 *connection = NULL;
    assert_int_equal(sqlite3_open(place.store, &connection), SQLITE_OK);
    for (size_t i = 0; i < COUNT(tables); i++) {
        sqlite3_stmt *statement = NULL;
        char *sql = sqlite3_mprintf("SELECT count(*), sum(host = 'mx1') FROM %s", tables[i]);
        assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_true(sqlite3_column_int(statement, 0) > 0);
        assert_int_equal(sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1));
        sqlite3_finalize(statement);
        sqlite3_free(sql);
    }
    sqlite3_close(connection);
}

/* ---- complaints ---- */

static char last_complaint[512];
static int complaints;

static void take_complaint(void *context, int priority, const char *line) {
    (void)context;
    (void)priority;
    snprintf(last_complaint, sizeof last_complaint, "%s", line);
    complaints++;
}

static void each_change_of_state_is_told_once(void **state) {
    (void)state;
    char fault[256];
    const struct store_settings settings = {.url = place.url, .host = "mx1", .complain = take_complaint};
    struct account_facts facts;
    const struct store_question question = {.account = "alice", .now = NOW};
    in_use();
    store_close(&store);
    assert_int_equal(rename(place.store, place.spare), 0);
    complaints = 0;
    store = store_open(&settings, fault, sizeof fault);
    for (int i = 0; i < 3; i++)
        assert_false(try_facts(store, &question, &facts));
    assert_int_equal(complaints, 1);
    assert_non_null(strstr(last_complaint, "missing"));
    assert_int_equal(rename(place.spare, place.store), 0);
    for (int i = 0; i < 3; i++)
        assert_true(try_facts(store, &question, &facts));
    store_dispatch(store, clock_monotonic());
    assert_int_equal(complaints, 2);
    assert_non_null(strstr(last_complaint, "serves"));
}

static void an_unknown_kind_of_store_is_refused(void **state) {
    (void)state;
    static const char *const urls[] = {"", "sqlite", "sqlite:", "mysql://x", "/var/lib/authgate/store.db"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        char fault[256] = "";
        const struct store_settings settings = {.url = urls[i], .host = "mx1"};
        assert_null(store_open(&settings, fault, sizeof fault));
        assert_true(fault[0] != '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENE(the_first_store_is_made_only_when_asked_for),
        SCENE(a_missing_store_is_never_made_anew),
        SCENE(the_first_store_is_made_once),
        SCENE(an_emptied_store_is_refused),
        SCENE(a_fresh_store_in_its_place_is_refused),
        SCENE(what_is_no_store_is_refused),
        SCENE(a_store_that_others_can_reach_is_refused),
        SCENE(a_store_removed_while_it_is_served_is_noticed),
        SCENE(a_store_emptied_while_it_is_served_is_noticed),
        SCENE(a_damaged_page_does_not_end_the_daemon),
        SCENE(the_next_versions_additions_do_not_disturb),
        SCENE(an_earlier_version_is_added_to),
        SCENE(one_process_at_a_time_has_the_store),
        SCENE(there_is_one_connection_and_nothing_is_mapped),
        SCENE(a_forked_child_cannot_use_the_store),
        SCENE(settled_refs_go_when_their_time_is_over),
        SCENE(wrong_codes_go_when_their_day_is_over),
        SCENE(the_wal_gets_its_length_before_many_logins),
        SCENE(every_row_has_its_host),
        SCENE(each_change_of_state_is_told_once),
        SCENE(an_unknown_kind_of_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
