/* SPDX-License-Identifier: BSD-2-Clause */
/* links: */
/* No value can forge a line, a field or a terminal's control sequence (THREATS K2), and a reader that is slow or gone
 * costs a line, never the program. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static struct buffer new_line(char storage[LOG_LINE_SIZE]) {
    struct buffer line;
    buffer_init(&line, storage, LOG_LINE_SIZE);
    return line;
}

static void pairs_are_joined_by_one_blank(void **state) {
    (void)state;
    char storage[LOG_LINE_SIZE];
    struct buffer line = new_line(storage);
    log_add(&line, "ref", "k7f3q2mxw4z6b");
    log_add(&line, "account", "alice@example.ac.jp");
    log_add(&line, "country", NULL);
    log_add(&line, "reason", "");
    log_add(&line, "verdict", "deny");
    assert_string_equal(storage, "ref=k7f3q2mxw4z6b account=alice@example.ac.jp verdict=deny");
}

static void hostile_values_stay_one_value(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"a verdict=accept", "user=a\\x20verdict=accept"},
        {"a\nref=forged", "user=a\\x0aref=forged"},
        {"a\r\n", "user=a\\x0d\\x0a"},
        {"\x1b[2J\x1b]0;t\x07", "user=\\x1b[2J\\x1b]0;t\\x07"},
        {"%n%s%x", "user=%n%s%x"},
        {"a\\x0ab", "user=a\\x5cx0ab"},
        {"\xff\xfe\xc0\xaf", "user=\\xff\\xfe\\xc0\\xaf"},
        {"\xc2\x9b"
         "31m",
         "user=\\xc2\\x9b31m"},
        {"caf\xc3\xa9", "user=caf\\xc3\\xa9"},
        {"\x7f\t\x01", "user=\\x7f\\x09\\x01"},
        {"\xe2\x80\xae"
         "x",
         "user=\\xe2\\x80\\xaex"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char storage[LOG_LINE_SIZE];
        struct buffer line = new_line(storage);
        log_add(&line, "user", rows[i][0]);
        assert_string_equal(storage, rows[i][1]);
    }
}

static void every_byte_value_is_printable_ascii_in_the_line(void **state) {
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char storage[LOG_LINE_SIZE], value[] = {'a', (char)byte, 'b', '\0'};
        struct buffer line = new_line(storage);
        log_add(&line, "user", value);
        assert_true(strchr(storage, ' ') == NULL);
        for (const char *at = storage; *at != '\0'; at++)
            assert_true(*at > ' ' && *at < 0x7f);
    }
}

static void a_long_value_is_cut_and_says_so(void **state) {
    (void)state;
    char storage[LOG_LINE_SIZE], value[10 * 1024 + 1], expected[LOG_LINE_SIZE] = "user=";
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct buffer line = new_line(storage);
    log_add(&line, "user", value);
    memset(expected + 5, 'a', LOG_VALUE_LIMIT);
    memcpy(expected + 5 + LOG_VALUE_LIMIT, "...", 4);
    assert_string_equal(storage, expected);
    value[LOG_VALUE_LIMIT] = '\0';
    line = new_line(storage);
    log_add(&line, "user", value);
    assert_int_equal(line.length, 5 + LOG_VALUE_LIMIT);
}

static void a_value_that_does_not_fit_is_left_out_whole(void **state) {
    (void)state;
    char storage[20];
    struct buffer line;
    buffer_init(&line, storage, sizeof storage);
    log_add(&line, "ref", "abc");
    log_add(&line, "user", "a\n\n\n\nb"); /* "a" and "b" alone would fit */
    assert_string_equal(storage, "ref=abc");
    assert_true(line.overflowed);
    log_add(&line, "verdict", "no");
    assert_string_equal(storage, "ref=abc verdict=no");
    assert_true(line.overflowed);
}

static void text_keeps_its_blanks_and_nothing_else(void **state) {
    (void)state;
    char storage[LOG_LINE_SIZE];
    struct buffer line = new_line(storage);
    log_add_text(&line, "/etc/a file\n\x1b[1m\\");
    assert_string_equal(storage, "/etc/a file\\x0a\\x1b[1m\\x5c");
}

/* Runs `write_it` with stderr as `descriptor`. */
static void with_stderr(int descriptor, void (*write_it)(void)) {
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0);
    dup2(descriptor, STDERR_FILENO);
    write_it();
    dup2(kept, STDERR_FILENO);
    close(kept);
}

static void write_lines(void) {
    log_line(LOG_INFO, "one %s %n");
    log_line(LOG_ERR, "two");
    log_message(LOG_CRIT, "file %s is %s", "a\nb\x1b", "caf\xc3\xa9");
}

static void lines_go_to_stderr_one_each(void **state) {
    (void)state;
    int ends[2];
    char text[512] = "";
    assert_int_equal(pipe(ends), 0);
    with_stderr(ends[1], write_lines);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    assert_string_equal(text, "one %s %n\nerror: two\ncritical: file a\\x0ab\\x1b is caf\\xc3\\xa9\n");
}

static void a_full_pipe_drops_lines_and_counts_them(void **state) {
    (void)state;
    int ends[2];
    unsigned long before = log_dropped();
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    char filling[4096] = {0};
    while (write(ends[1], filling, sizeof filling) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0); /* a blocking write would now hang this test */
    with_stderr(ends[1], write_lines);
    assert_int_equal(log_dropped() - before, 3);
    close(ends[0]);
    close(ends[1]);
}

static void a_reader_that_is_gone_kills_nobody(void **state) {
    (void)state;
    int ends[2];
    unsigned long before = log_dropped();
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    with_stderr(ends[1], write_lines); /* SIGPIPE would end this test */
    assert_int_equal(log_dropped() - before, 3);
    close(ends[1]);
}

static void open_and_write_lines(void) {
    log_open(LOG_TO_STDERR, "test");
    write_lines();
}

static void a_file_and_a_socket_take_lines_too(void **state) {
    (void)state;
    static const char expected[] = "one %s %n\nerror: two\ncritical: file a\\x0ab\\x1b is caf\\xc3\\xa9\n";
    int ends[2], file = memfd_create("log", MFD_CLOEXEC);
    char text[512] = "";
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    with_stderr(ends[1], open_and_write_lines);
    assert_true(recv(ends[0], text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, expected);
    with_stderr(file, open_and_write_lines);
    memset(text, 0, sizeof text);
    assert_int_equal(pread(file, text, sizeof text - 1, 0), sizeof expected - 1);
    assert_string_equal(text, expected);
    close(file);
    close(ends[0]);
    unsigned long before = log_dropped();
    with_stderr(ends[1], open_and_write_lines); /* nobody reads the socket now: no SIGPIPE */
    assert_int_equal(log_dropped() - before, 3);
    close(ends[1]);
    log_open(LOG_TO_STDERR, "test");
}

static void a_full_socket_drops_lines_and_counts_them(void **state) {
    (void)state;
    int ends[2];
    char filling[4096] = {0};
    unsigned long before = log_dropped();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    while (send(ends[1], filling, sizeof filling, MSG_DONTWAIT) > 0)
        continue;
    with_stderr(ends[1], open_and_write_lines);
    assert_int_equal(log_dropped() - before, 3);
    close(ends[0]);
    close(ends[1]);
    log_open(LOG_TO_STDERR, "test");
}

static void write_a_huge_message(void) {
    static char words[4 * LOG_LINE_SIZE];
    memset(words, '\n', sizeof words - 1);
    log_message(LOG_INFO, "%s", words);
}

static void a_huge_message_is_cut(void **state) {
    (void)state;
    int ends[2];
    char text[4 * LOG_LINE_SIZE] = "";
    assert_int_equal(pipe(ends), 0);
    with_stderr(ends[1], write_a_huge_message);
    close(ends[1]);
    ssize_t length = read(ends[0], text, sizeof text);
    close(ends[0]);
    assert_true(length > 1000 && length <= LOG_LINE_SIZE);
    assert_ptr_equal(memchr(text, '\n', (size_t)length), text + length - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_joined_by_one_blank),
        cmocka_unit_test(hostile_values_stay_one_value),
        cmocka_unit_test(every_byte_value_is_printable_ascii_in_the_line),
        cmocka_unit_test(a_long_value_is_cut_and_says_so),
        cmocka_unit_test(a_value_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(text_keeps_its_blanks_and_nothing_else),
        cmocka_unit_test(lines_go_to_stderr_one_each),
        cmocka_unit_test(a_full_pipe_drops_lines_and_counts_them),
        cmocka_unit_test(a_reader_that_is_gone_kills_nobody),
        cmocka_unit_test(a_file_and_a_socket_take_lines_too),
        cmocka_unit_test(a_full_socket_drops_lines_and_counts_them),
        cmocka_unit_test(a_huge_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
