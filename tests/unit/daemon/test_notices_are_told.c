/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/notify.o daemon/notify_helper.o daemon/json_text.o daemon/privilege.o */
/* A notice reaches the program as one JSON object, not too often, and no program holds anybody up. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "daemon/json_text.h"
#include "daemon/notify.h"
#include "daemon/notify_helper.h"

#define PATIENCE 10000

static char folder[64], program[96], output[96];
static struct notifier *notifier;
static int64_t now;

static void write_program(const char *body) {
    int file = open(program, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    assert_true(file >= 0);
    dprintf(file, "#!/bin/sh\nout=%s\n%s\n", output, body);
    close(file);
}

static int open_scene(void **state) {
    static const unsigned char key[SIPHASH_KEY_SIZE] = "0123456789abcdef";
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/authgate-notify-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(program, sizeof program, "%s/program", folder);
    snprintf(output, sizeof output, "%s/output", folder);
    write_program("cat >> $out");
    now = 5000;
    notifier = notifier_start(NULL, LOG_TO_STDERR, key);
    return notifier == NULL;
}

static int close_scene(void **state) {
    (void)state;
    notifier_stop(&notifier);
    unlink(program);
    unlink(output);
    return rmdir(folder);
}

/* What the programs wrote, once it has `lines` lines. */
static const char *written(int lines) {
    static char text[65536];
    int64_t end = clock_monotonic() + PATIENCE;
    int found = 0;
    while (found < lines && clock_monotonic() < end) {
        text[0] = '\0';
        int file = open(output, O_RDONLY | O_CLOEXEC);
        ssize_t got = file >= 0 ? read(file, text, sizeof text - 1) : 0;
        if (file >= 0)
            close(file);
        text[got > 0 ? got : 0] = '\0';
        found = 0;
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
            found++;
        poll(NULL, 0, 2);
    }
    assert_int_equal(found, lines);
    return text;
}

static struct notice lock_of(const char *account) {
    return (struct notice){.kind = NOTICE_LOCKED, .at = 1795300200, .account = account, .why = "stolen password"};
}

static bool tell(const char *account) {
    struct notice notice = lock_of(account);
    return notifier_tell(notifier, program, &notice, now);
}

static void a_notice_comes_whole(void **state) {
    (void)state;
    struct notice notice = lock_of("alice@example.com");
    notice.ref = "k7f3q2mxw4z6b";
    notice.service = "imap";
    notice.who = "authgate";
    notice.until = 1795303800;
    notice.country = country_code_parse("FR");
    address_parse("203.0.113.9", &notice.address);
    notice.network = address_network(&notice.address);
    assert_true(notifier_tell(notifier, program, &notice, now));
    char host[256] = "", wanted[1024];
    gethostname(host, sizeof host - 1);
    snprintf(wanted, sizeof wanted,
             "{\"event\": \"locked\", \"at\": \"2026-11-21T22:30:00Z\", \"host\": \"%s\", "
             "\"account\": \"alice@example.com\", \"service\": \"imap\", \"address\": \"203.0.113.9\", "
             "\"network\": \"203.0.113.0/24\", \"country\": \"FR\", \"ref\": \"k7f3q2mxw4z6b\", \"who\": \"authgate\", "
             "\"why\": \"stolen password\", \"until\": \"2026-11-21T23:30:00Z\"}\n",
             host);
    assert_string_equal(written(1), wanted);
}

static void a_program_that_others_can_change_is_not_run(void **state) {
    (void)state;
    char safe[sizeof program + 8];
    struct notice notice = lock_of("bob@example.com");
    snprintf(safe, sizeof safe, "%s-safe", program);
    assert_int_equal(rename(program, safe), 0);
    write_program("cat >> $out");
    assert_int_equal(chmod(program, 0777), 0);
    assert_true(tell("alice@example.com"));
    assert_true(notifier_tell(notifier, safe, &notice, now)); /* after the first one's turn */
    assert_non_null(strstr(written(1), "bob@example.com"));
    unlink(safe);
}

static void hostile_names_stay_within_their_string(void **state) {
    (void)state;
    char place[256];
    struct buffer text;
    buffer_init(&text, place, sizeof place);
    json_text_open(&text);
    json_text_add(&text, "a", "\", \"event\": \"x\\\n\x1b\xff\xc3\xa9\xed\xa0\x80\xf4\x90\x80\x80");
    json_text_add(&text, "none", NULL);
    json_text_add_number(&text, "n", -5);
    json_text_close(&text);
    assert_string_equal(place, "{\"a\": \"\\\", \\\"event\\\": \\\"x\\\\\\u000a\\u001b\\ufffd\xc3\xa9\\ufffd\\ufffd"
                               "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\", \"n\": -5}\n");
}

static void the_same_is_told_once_an_hour(void **state) {
    (void)state;
    assert_true(tell("alice@example.com"));
    assert_false(tell("alice@example.com"));
    now += NOTIFY_SAME_AGAIN - 1;
    assert_false(tell("alice@example.com"));
    assert_true(tell("bob@example.com"));
    now += 1;
    assert_true(tell("alice@example.com"));
    assert_null(strstr(written(3), "left_out"));
}

static void a_storm_is_cut_short_and_says_so(void **state) {
    (void)state;
    char account[32];
    for (int i = 0; i < 100; i++) {
        snprintf(account, sizeof account, "u%d@example.com", i);
        assert_int_equal(tell(account), i < NOTIFY_BURST);
    }
    now += NOTIFY_REFILL - 1;
    assert_false(tell("u50@example.com"));
    now += 1;
    assert_true(tell("u50@example.com")); /* what was left out may be told later */
    assert_false(tell("u51@example.com"));
    assert_non_null(strstr(written(NOTIFY_BURST + 1), "\"left_out\": 81}"));
    uint64_t told, left_out;
    notifier_count(notifier, &told, &left_out);
    assert_int_equal(told, NOTIFY_BURST + 1);
    assert_int_equal(left_out, 82);
}

/* Anybody can bring about throttled ones, at five wrong passwords each. */
static void strangers_use_up_half_of_them_at_most(void **state) {
    (void)state;
    char account[32];
    for (int i = 0; i < 100; i++) {
        snprintf(account, sizeof account, "u%d@example.com", i);
        const struct notice notice = {.kind = NOTICE_THROTTLED, .account = account};
        assert_int_equal(notifier_tell(notifier, program, &notice, now), i < NOTIFY_BURST / 2);
    }
    for (int i = 0; i < NOTIFY_BURST; i++) {
        snprintf(account, sizeof account, "u%d@example.com", i);
        const struct notice notice = {.kind = NOTICE_STOLEN, .account = account};
        assert_int_equal(notifier_tell(notifier, program, &notice, now), i < NOTIFY_BURST / 2);
    }
    written(NOTIFY_BURST);
}

static void nobody_is_told_where_nobody_is_named(void **state) {
    (void)state;
    struct notice notice = lock_of("alice@example.com");
    assert_false(notifier_tell(notifier, NULL, &notice, now));
    assert_false(notifier_tell(NULL, program, &notice, now));
}

static void a_missing_or_failing_program_harms_nothing(void **state) {
    (void)state;
    struct notice notice = lock_of("alice@example.com");
    assert_true(notifier_tell(notifier, "/nonexistent/program", &notice, now));
    assert_true(tell("bob@example.com"));
    written(1);
    write_program("cat >> $out; exit 3");
    assert_true(tell("carol@example.com"));
    written(2);
    write_program("echo reads nothing >> $out");
    assert_true(tell("dave@example.com"));
    assert_true(tell("erin@example.com"));
    written(4);
}

static void the_program_gets_three_descriptors_and_no_environment(void **state) {
    (void)state;
    int leak = open("/dev/null", O_RDONLY); /* without close-on-exec, as a library might */
    write_program("env | grep -v -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_= >> $out\n"
                  "set -- /proc/$$/fd/*\n" /* no pipe: the shell itself would hold its ends for a moment */
                  "for f; do [ -e $f ] && case ${f##*/} in 10|255) ;; *) echo ${f##*/} >> $out ;; esac; done");
    notifier_stop(&notifier);
    static const unsigned char key[SIPHASH_KEY_SIZE] = "0123456789abcdef";
    notifier = notifier_start(NULL, LOG_TO_STDERR, key);
    assert_true(tell("alice@example.com"));
    assert_string_equal(written(3), "0\n1\n2\n");
    close(leak);
}

static void what_was_handed_over_is_told_after_the_stop(void **state) {
    (void)state;
    assert_true(tell("alice@example.com"));
    assert_true(tell("bob@example.com"));
    notifier_stop(&notifier);
    written(2);
}

/* A zombie that nobody has waited for has no command line either. */
static bool runs(pid_t process) {
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool some = read(file, &byte, 1) == 1;
    close(file);
    return some;
}

/* A helper of our own, with a time limit that a test can wait for. */
static void a_program_that_hangs_is_killed_with_its_children(void **state) {
    (void)state;
    int sockets[2];
    char message[256];
    write_program("(exec tail -f /dev/null) &\necho $! >> $out\nexec tail -f /dev/null");
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    pid_t helper = fork();
    if (helper == 0) {
        close(sockets[0]);
        notify_helper_run(sockets[1], 2000);
        _exit(0);
    }
    close(sockets[1]);
    int length = snprintf(message, sizeof message, "%s%c{}\n", program, 0);
    assert_int_equal(send(sockets[0], message, (size_t)length, 0), length);
    pid_t child = (pid_t)strtol(written(1), NULL, 10);
    assert_true(child > 1);
    close(sockets[0]);
    int status = -1;
    assert_int_equal(waitpid(helper, &status, 0), helper);
    assert_int_equal(status, 0);
    int64_t end = clock_monotonic() + PATIENCE;
    while (runs(child) && clock_monotonic() < end)
        poll(NULL, 0, 5);
    assert_false(runs(child));
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
    const struct CMUnitTest tests[] = {
        scene_test(a_notice_comes_whole),
        scene_test(a_program_that_others_can_change_is_not_run),
        cmocka_unit_test(hostile_names_stay_within_their_string),
        scene_test(the_same_is_told_once_an_hour),
        scene_test(a_storm_is_cut_short_and_says_so),
        scene_test(strangers_use_up_half_of_them_at_most),
        scene_test(nobody_is_told_where_nobody_is_named),
        scene_test(a_missing_or_failing_program_harms_nothing),
        scene_test(the_program_gets_three_descriptors_and_no_environment),
        scene_test(what_was_handed_over_is_told_after_the_stop),
        scene_test(a_program_that_hangs_is_killed_with_its_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
