/* SPDX-License-Identifier: BSD-2-Clause */
/* links: -Wl,--wrap=connect -pthread */
/* A syslog that is away, stopped or begun anew costs lines, never the program, which syslog(3) would hold for as long
 * as nobody reads. The host's own is not touched: /dev/log is a socket of the test's. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#define MANY 5000 /* lines: more than any socket keeps for a reader that does not read */

static struct sockaddr_un place = {.sun_family = AF_UNIX}; /* that stands for /dev/log */

int __real_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    assert_string_equal(((const struct sockaddr_un *)(const void *)address)->sun_path, "/dev/log");
    assert_true(length > sizeof(sa_family_t));
    return __real_connect(descriptor, (const struct sockaddr *)&place, sizeof place);
}

static int listen_as(int type) {
    int reader = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(reader >= 0);
    unlink(place.sun_path);
    assert_int_equal(bind(reader, (const struct sockaddr *)&place, sizeof place), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(reader, 1), 0);
    return reader;
}

static void assert_next_line(int reader, int priority, const char *line) {
    char text[LOG_LINE_SIZE + 256] = "", head[32], tail[256];
    assert_true(recv(reader, text, sizeof text - 1, MSG_DONTWAIT) > 0);
    snprintf(head, sizeof head, "<%d>", LOG_MAIL | priority);
    snprintf(tail, sizeof tail, " authgated[%d]: %s", (int)getpid(), line);
    assert_int_equal(strncmp(text, head, strlen(head)), 0);
    assert_int_equal(strlen(text), strlen(head) + strlen("Nov 22 06:47:35") + strlen(tail));
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

static void a_line_comes_with_priority_time_and_process(void **state) {
    (void)state;
    int reader = listen_as(SOCK_DGRAM);
    unsigned long before = log_dropped();
    log_open(LOG_TO_SYSLOG, "authgated");
    log_line(LOG_NOTICE, "ref=k7f3q2mxw4z6b %n%s");
    log_message(LOG_CRIT, "%s", "two\nlines");
    assert_next_line(reader, LOG_NOTICE, "ref=k7f3q2mxw4z6b %n%s");
    assert_next_line(reader, LOG_CRIT, "two\\x0alines");
    assert_int_equal(log_dropped(), before);
    log_close();
    log_line(LOG_NOTICE, "after a close");
    assert_next_line(reader, LOG_NOTICE, "after a close");
    close(reader);
}

static void one_that_does_not_read_drops_lines_and_counts_them(void **state) {
    (void)state;
    int reader = listen_as(SOCK_DGRAM);
    unsigned long before = log_dropped(), taken = 0;
    log_open(LOG_TO_SYSLOG, "authgated");
    for (int i = 0; i < MANY; i++)
        log_line(LOG_NOTICE, "a line that nobody reads");
    assert_true(log_dropped() > before);
    char text[LOG_LINE_SIZE];
    while (recv(reader, text, sizeof text, MSG_DONTWAIT) > 0)
        taken++;
    assert_int_equal(taken + log_dropped() - before, MANY);
    log_line(LOG_NOTICE, "it reads again");
    assert_next_line(reader, LOG_NOTICE, "it reads again");
    close(reader);
}

/* Reads until a line that says so. */
static void *read_all(void *context) {
    const int *reader = context;
    char text[LOG_LINE_SIZE + 256];
    for (bool last = false; !last;) {
        struct pollfd ready = {.fd = *reader, .events = POLLIN};
        poll(&ready, 1, 10000);
        ssize_t length = recv(*reader, text, sizeof text - 1, MSG_DONTWAIT);
        last = length <= 0 || memmem(text, (size_t)length, "the last", 8) != NULL;
    }
    return NULL;
}

/* As many lines come at once as logins share a commit; a socket may hold ten. */
static void one_that_is_only_behind_loses_no_line(void **state) {
    (void)state;
    int held = 0, reader = listen_as(SOCK_DGRAM);
    FILE *setting = fopen("/proc/sys/net/unix/max_dgram_qlen", "r");
    assert_true(setting != NULL && fscanf(setting, "%d", &held) == 1);
    fclose(setting);
    unsigned long before = log_dropped();
    pthread_t thread;
    log_open(LOG_TO_SYSLOG, "authgated");
    assert_int_equal(pthread_create(&thread, NULL, read_all, &reader), 0);
    for (int i = 0; i < 4 * held; i++)
        log_line(LOG_NOTICE, "one of many lines");
    log_line(LOG_NOTICE, "the last");
    pthread_join(thread, NULL);
    assert_int_equal(log_dropped(), before);
    close(reader);
}

static void one_that_was_begun_anew_gets_the_next_line(void **state) {
    (void)state;
    close(listen_as(SOCK_DGRAM));
    unsigned long before = log_dropped();
    log_open(LOG_TO_SYSLOG, "authgated");
    log_line(LOG_NOTICE, "to nobody");
    assert_int_equal(log_dropped(), before + 1);
    int reader = listen_as(SOCK_DGRAM);
    log_line(LOG_NOTICE, "to the first");
    assert_next_line(reader, LOG_NOTICE, "to the first");
    close(reader);
    reader = listen_as(SOCK_DGRAM);
    log_line(LOG_NOTICE, "to the second");
    assert_next_line(reader, LOG_NOTICE, "to the second");
    assert_int_equal(log_dropped(), before + 1);
    close(reader);
}

static void one_that_takes_streams_gets_lines_that_end_in_a_nul(void **state) {
    (void)state;
    int reader = listen_as(SOCK_STREAM);
    unsigned long before = log_dropped();
    log_open(LOG_TO_SYSLOG, "authgated");
    log_line(LOG_WARNING, "by a stream");
    int stream = accept(reader, NULL, NULL);
    assert_true(stream >= 0);
    assert_next_line(stream, LOG_WARNING, "by a stream");
    log_line(LOG_WARNING, "one");
    log_line(LOG_WARNING, "two");
    char text[256];
    ssize_t length = recv(stream, text, sizeof text, MSG_DONTWAIT);
    assert_true(length > 0 && text[length - 1] == '\0');
    assert_true(strlen(text) < (size_t)length - 1);
    for (int i = 0; i < MANY; i++)
        log_line(LOG_WARNING, "a line that nobody reads");
    assert_true(log_dropped() > before);
    close(stream);
    close(reader);
    log_open(LOG_TO_STDERR, "test");
}

static int make_folder(void **state) {
    static char folder[] = "/tmp/authgate-syslog-XXXXXX";
    *state = folder;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(place.sun_path, sizeof place.sun_path, "%s/log", folder);
    return 0;
}

static int remove_folder(void **state) {
    unlink(place.sun_path);
    return rmdir(*state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_with_priority_time_and_process),
        cmocka_unit_test(one_that_is_only_behind_loses_no_line),
        cmocka_unit_test(one_that_does_not_read_drops_lines_and_counts_them),
        cmocka_unit_test(one_that_was_begun_anew_gets_the_next_line),
        cmocka_unit_test(one_that_takes_streams_gets_lines_that_end_in_a_nul),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
