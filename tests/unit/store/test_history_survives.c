/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/history.o store/history_allowance.o store/history_queue.o store/history_reader.o store/history_rows.o store/sqlite_history.o store/sqlite_history_file.o store/sqlite_history_read.o store/sqlite_history_tidy.o -lsqlite3 -pthread */
/* A history that is gone, damaged, full, somebody else's or held up costs entries and says so; it never blocks whoever
 * hands a login over, and is whole again by itself. */
#include "store/history_scene.h"

#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void write_file(const char *path, const char *bytes, size_t length) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
}

static size_t files_like(const char *part) {
    char command[160];
    snprintf(command, sizeof command, "%s/%s", folder, part);
    glob_t found;
    size_t count = glob(command, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void a_new_history_is_private(void **state) {
    (void)state;
    add(login_at(NOON, "alice@example.com", "r"));
    settled();
    struct stat status;
    assert_int_equal(stat(file_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
}

static void an_empty_history_answers_nothing(void **state) {
    (void)state;
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 0);
    assert_false(answer.failed);
    assert_int_equal(ask_of(HISTORY_LEGACY, NULL), 0);
    assert_false(answer.failed);
}

static void entries_survive_a_restart(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++)
        add(login_at(NOON + i / 100, "alice@example.com", "r"));
    history_close(&history);
    open_history_at(file_path);
    add(login_at(NOON + 9, "alice@example.com", "r"));
    assert_int_equal(ask_of(HISTORY_LOGINS, "alice@example.com"), 1001);
    assert_string_equal(said, "");
}

static void a_removed_file_is_made_anew(void **state) {
    (void)state;
    add(login_at(NOON, "alice@example.com", "r"));
    settled();
    assert_int_equal(unlink(file_path), 0);
    add(login_at(NOON, "alice@example.com", "r"));
    struct history_counters found = settled();
    assert_int_equal(found.written, 2);
    assert_int_equal(found.lost, 0);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
}

static void a_damaged_file_is_set_aside(void **state) {
    (void)state;
    static char noise[65536];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 7919 >> 3);
    write_file(file_path, noise, sizeof noise);
    open_history_at(file_path);
    add(login_at(NOON, "alice@example.com", "r"));
    assert_int_equal(settled().written, 1);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
    assert_int_equal(files_like("history.db.damaged-*"), 1);
    assert_non_null(strstr(said, "damaged"));
}

static void a_file_damaged_in_its_middle_is_set_aside(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++)
        add(login_at(NOON + i, "alice@example.com", "r"));
    settled();
    history_close(&history);
    int file = open(file_path, O_RDWR | O_CLOEXEC);
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    static const char noise[4096] = {1, 2, 3};
    for (off_t at = 8192; at < status.st_size; at += 4096) /* all pages but the first two */
        assert_int_equal(pwrite(file, noise, sizeof noise, at), sizeof noise);
    close(file);
    open_history_at(file_path);
    for (int i = 0; i < 10; i++) {
        add(login_at(NOON + i, "alice@example.com", "r"));
        settled();
    }
    assert_int_equal(files_like("history.db.damaged-*"), 1);
    assert_false(counters().failing);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 10);
}

static void another_programs_database_is_left_alone(void **state) {
    (void)state;
    sqlite3 *other;
    assert_int_equal(sqlite3_open(file_path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "CREATE TABLE mailboxes(x); INSERT INTO mailboxes VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    open_history_at(file_path);
    add(login_at(NOON, "alice@example.com", "r"));
    struct history_counters found = settled();
    assert_int_equal(found.lost, 1);
    assert_true(found.failing);
    assert_non_null(strstr(said, "no history"));
    assert_int_equal(files_like("history.db.damaged-*"), 0);
    sqlite3_open(file_path, &other);
    assert_int_equal(sqlite3_exec(other, "SELECT * FROM mailboxes", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
}

static void a_folder_that_is_missing_costs_entries_until_it_is_there(void **state) {
    (void)state;
    char path[128], within[128];
    snprintf(within, sizeof within, "%s/missing", folder);
    snprintf(path, sizeof path, "%s/missing/history.db", folder);
    open_history_at(path);
    for (int i = 0; i < 5; i++) {
        add(login_at(NOON, "alice@example.com", "r"));
        settled();
    }
    assert_int_equal(counters().lost, 5);
    assert_non_null(strstr(said, "not recorded"));
    assert_ptr_equal(strstr(strstr(said, "not recorded") + 1, "not recorded"), NULL); /* said once */
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 0);
    assert_true(answer.failed);
    assert_int_equal(mkdir(within, 0700), 0);
    add(login_at(NOON, "alice@example.com", "r"));
    assert_int_equal(settled().written, 1);
    assert_non_null(strstr(said, "recorded again: 5 entries were lost"));
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), 1);
}

static void a_full_disk_costs_entries_until_there_is_room(void **state) {
    (void)state;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=2m") != 0)
        skip();
    char ballast[128];
    static char bytes[1024 * 1024];
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    write_file(ballast, bytes, sizeof bytes);
    open_history_at(file_path);
    for (int i = 0; i < 20000 && !counters().failing; i++) {
        add(login_at(NOON + i, "alice@example.com", "r"));
        if (i % 500 == 0)
            settled();
    }
    struct history_counters full = settled();
    assert_true(full.failing && full.lost > 0 && full.written > 0);
    assert_non_null(strstr(said, "not recorded"));
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), full.written); /* it can still be read */
    assert_int_equal(unlink(ballast), 0);
    add(login_at(NOON, "alice@example.com", "r"));
    struct history_counters after = settled();
    assert_false(after.failing);
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), after.written);
    history_close(&history);
    umount2(folder, MNT_DETACH);
}

static uint64_t bytes_free(void) {
    struct statvfs system;
    assert_int_equal(statvfs(folder, &system), 0);
    return (uint64_t)system.f_bavail * system.f_frsize;
}

static void the_last_of_a_disk_is_left_to_the_store(void **state) {
    (void)state;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=64m") != 0)
        skip();
    const uint64_t floor = 4 * 1024 * 1024; /* a sixteenth */
    char ballast[128];
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    open_history_at(file_path);
    add(login_at(NOON, "alice@example.com", "r"));
    settled();
    int file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(file, 0, (off_t)(bytes_free() - floor - 262144)), 0);
    for (int i = 0; i < 20000 && !counters().failing; i++) {
        add(login_at(NOON + i, "alice@example.com", "r"));
        if (i % 100 == 0)
            settled();
    }
    struct history_counters full = settled();
    assert_true(full.failing && full.lost > 0 && full.written > 100);
    assert_in_range(bytes_free(), floor - 1024 * 1024, floor);
    assert_non_null(strstr(said, "nearly full"));
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), full.written); /* it can still be read */
    uint64_t left = bytes_free();
    for (int i = 0; i < 100; i++) {
        add(login_at(NOON + i, "alice@example.com", "r"));
        settled();
    }
    assert_int_equal(counters().lost, full.lost + 100);
    assert_int_equal(bytes_free(), left);
    assert_null(strstr(strstr(said, "not recorded") + 1, "not recorded")); /* said once */
    assert_int_equal(ftruncate(file, 0), 0);
    close(file);
    add(login_at(NOON, "alice@example.com", "r"));
    assert_false(settled().failing);
    assert_non_null(strstr(said, "recorded again"));
    assert_int_equal(ask_of(HISTORY_LOGINS, NULL), counters().written);
    history_close(&history);
    umount2(folder, MNT_DETACH);
}

static void a_queue_that_is_full_drops_and_counts_at_once(void **state) {
    (void)state;
    sqlite3 *other;
    settled();
    assert_int_equal(sqlite3_open(file_path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 10000);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK); /* the writer waits for it */
    int64_t slowest = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t begun = clock_monotonic();
        add(login_at(NOON + i, "alice@example.com", "r"));
        int64_t took = clock_monotonic() - begun;
        slowest = took > slowest ? took : slowest;
    }
    assert_true(slowest < 2000); /* far less than the writer waits */
    assert_true(counters().dropped > 50000);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    struct history_counters found = settled();
    assert_int_equal(found.written + found.lost + found.dropped, 100000);
    assert_non_null(strstr(said, "faster than they can be recorded"));
    add(login_at(NOON, "bob@example.com", "r"));
    assert_false(settled().failing);
    assert_int_equal(ask_of(HISTORY_LOGINS, "bob@example.com"), 1);
}

static void logins_that_come_while_pages_are_read_harm_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++)
        add(login_at(NOON + i, "alice@example.com", "r"));
    struct history_question question = {.what = HISTORY_LOGINS, .until = NOON + 5000};
    char after[HISTORY_NEXT_SIZE];
    answer.count = 0;
    do {
        ask_page(&question);
        memcpy(after, answer.next, sizeof after);
        question.after = after;
        for (int i = 0; i < 500; i++)
            add(login_at(NOON + 5000 + i, "alice@example.com", "r"));
    } while (after[0] != '\0');
    assert_int_equal(answer.count, 5000);
    assert_int_equal(settled().dropped, 0);
}

static void no_history_takes_nothing(void **state) {
    (void)state;
    const struct history_login login = login_at(NOON, "alice@example.com", "r");
    const struct history_event event = {.at = NOON};
    history_add_login(NULL, &login);
    history_add_event(NULL, &event);
}

#define scene_test(test)  cmocka_unit_test_setup_teardown(test, make_history, remove_all)
#define folder_test(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(a_new_history_is_private),
        scene_test(an_empty_history_answers_nothing),
        scene_test(entries_survive_a_restart),
        scene_test(a_removed_file_is_made_anew),
        folder_test(a_damaged_file_is_set_aside),
        scene_test(a_file_damaged_in_its_middle_is_set_aside),
        folder_test(another_programs_database_is_left_alone),
        folder_test(a_folder_that_is_missing_costs_entries_until_it_is_there),
        folder_test(a_full_disk_costs_entries_until_there_is_room),
        folder_test(the_last_of_a_disk_is_left_to_the_store),
        scene_test(a_queue_that_is_full_drops_and_counts_at_once),
        scene_test(logins_that_come_while_pages_are_read_harm_nothing),
        cmocka_unit_test(no_history_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
