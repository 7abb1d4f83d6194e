/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/country_watch.o country/sealed_file.o -Wl,--wrap=log_message */
/* When the country database is read again: a good one when it has changed, a bad one not before it has, and each is
 * spoken of once. The loop, the threads and the database's reader are stand-ins; the files are real. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "country/database.h"
#include "country/sealed_file.h"
#include "daemon/country_watch.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "gate/gate.h"

void __wrap_log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct country_database {
    struct stat origin;
};

static char path[] = "/tmp/authgate-country-XXXXXX";
static struct server server;
static struct country_watch *watch;
static event_callback_fn tick;
static unsigned reads, complaints, uses;

/* ---- stand-ins ---- */

void __wrap_log_message(int priority, const char *format, ...) {
    (void)priority;
    complaints += strstr(format, "is not used") != NULL;
    uses += strstr(format, "is in use") != NULL;
}

struct event *event_new(struct event_base *base, evutil_socket_t descriptor, short events, event_callback_fn callback,
                        void *argument) {
    (void)base;
    (void)descriptor;
    (void)events;
    (void)argument;
    tick = callback;
    return (struct event *)&tick;
}

int event_add(struct event *event, const struct timeval *every) {
    (void)event;
    return every->tv_sec == 5 ? 0 : -1;
}

void event_free(struct event *event) {
    assert_ptr_equal(event, &tick);
}

bool workers_submit(struct workers *workers, const struct worker_job *job) {
    (void)workers;
    assert_true(job->lane == WORKERS_OWN_LANE); /* no client's look-ups come before it */
    job->run(job->context);
    job->done(job->context);
    return true;
}

/* A good file begins with G. */
struct country_database *country_database_open(const char *name, char *fault, size_t size) {
    struct country_database *database = calloc(1, sizeof *database);
    FILE *file = fopen(name, "re");
    assert_non_null(database);
    reads++;
    if (file != NULL && stat(name, &database->origin) == 0 && fgetc(file) == 'G') {
        fclose(file);
        return database;
    }
    if (file != NULL)
        fclose(file);
    free(database);
    snprintf(fault, size, "it is bad");
    return NULL;
}

void country_database_close(struct country_database **database) {
    free(*database);
    *database = NULL;
}

bool country_database_outdated(const struct country_database *database, const char *name) {
    struct stat now;
    return stat(name, &now) == 0 && !sealed_file_same(&database->origin, &now);
}

country_code country_database_look_up(const struct country_database *database, const struct address *address) {
    (void)database;
    (void)address;
    return COUNTRY_UNKNOWN;
}

/* ---- the tests ---- */

/* By a new file each time, so that nothing depends on the resolution of the file system's clock. */
static void put(const char *text) {
    char other[sizeof path + 2];
    snprintf(other, sizeof other, "%s.n", path);
    FILE *file = fopen(other, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(other, path), 0);
}

static void look(unsigned times) {
    for (; times > 0; times--)
        tick(-1, 0, watch);
}

static int set_up(void **state) {
    int file = mkstemp(path);
    (void)state;
    return file < 0 || close(file) != 0;
}

static int tear_down(void **state) {
    (void)state;
    country_watch_stop(&watch);
    unlink(path);
    memcpy(strrchr(path, '-'), "-XXXXXX", 8);
    reads = complaints = uses = 0;
    return watch != NULL;
}

static void start_with(const char *text) {
    put(text);
    watch = country_watch_start(&server, path);
    assert_non_null(watch);
}

static void a_good_one_is_read_again_when_it_has_changed(void **state) {
    (void)state;
    start_with("Good");
    look(20);
    assert_int_equal(reads, 1);
    put("Good too");
    look(20);
    assert_int_equal(reads, 2);
    assert_int_equal(uses, 2);
    assert_int_equal(complaints, 0);
}

static void a_bad_one_is_read_once_and_spoken_of_once(void **state) {
    (void)state;
    start_with("bad");
    look(20);
    assert_int_equal(reads, 1);
    assert_int_equal(complaints, 1);
    put("worse");
    look(20);
    assert_int_equal(reads, 2);
    assert_int_equal(complaints, 2);
    put("Good");
    look(20);
    assert_int_equal(reads, 3);
    assert_int_equal(uses, 1);
}

static void beside_one_in_use_too(void **state) {
    (void)state;
    start_with("Good");
    put("bad");
    look(20);
    assert_int_equal(reads, 2);
    assert_int_equal(complaints, 1);
    assert_non_null(country_watch_current(watch));
    assert_int_equal(chmod(path, 0600), 0); /* it may have been unreadable */
    look(20);
    assert_int_equal(reads, 3);
    assert_int_equal(complaints, 2);
}

static void after_ten_minutes_it_is_tried_in_silence(void **state) {
    (void)state;
    start_with("bad");
    look(119);
    assert_int_equal(reads, 1);
    look(1);
    assert_int_equal(reads, 2);
    look(119);
    assert_int_equal(reads, 2);
    assert_int_equal(complaints, 1);
}

static void one_that_is_missing_is_read_when_it_comes(void **state) {
    (void)state;
    unlink(path);
    watch = country_watch_start(&server, path);
    look(200);
    assert_int_equal(reads, 1);
    assert_int_equal(complaints, 1);
    put("Good");
    look(1);
    assert_int_equal(uses, 1);
    unlink(path);
    look(20);
    assert_int_equal(reads, 2);
    assert_non_null(country_watch_current(watch));
}

static void a_reload_reads_and_speaks_whatever_was_before(void **state) {
    (void)state;
    start_with("bad");
    country_watch_reload(watch, path);
    assert_int_equal(reads, 2);
    assert_int_equal(complaints, 2);
    look(20);
    assert_int_equal(reads, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_one_is_read_again_when_it_has_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_one_is_read_once_and_spoken_of_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beside_one_in_use_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_ten_minutes_it_is_tried_in_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_missing_is_read_when_it_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_reads_and_speaks_whatever_was_before, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
