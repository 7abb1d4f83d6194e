/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/client.o wire/message.o wire/request.o -pthread -Wl,--wrap=buffer_wipe */
/* The modules' end of a conversation against a listener of the test's own: whole answers, broken ones, silence, a gate
 * that comes late or not at all (THREATS A2, F2, H9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "wire/client.h"

#define AMPLE 20000 /* milliseconds that nothing but a busy machine uses up */
#define SOON  60    /* for what never comes */

static char folder[] = "/tmp/authgate-client-XXXXXX";
static char path[64];
static int listener = -1;
static struct client client;
static const struct message question = {.value[FIELD_REQUEST] = "begin", .value[FIELD_USER] = "alice"};

static int wiped; /* buffers that held the code of secret_question */
static const struct message secret_question = {.value[FIELD_REQUEST] = "begin", .value[FIELD_DIGITS] = "86420975"};

void __real_buffer_wipe(struct buffer *buffer);
void __wrap_buffer_wipe(struct buffer *buffer);

void __wrap_buffer_wipe(struct buffer *buffer) {
    wiped += memmem(buffer->bytes, buffer->length, "digits=86420975\n", 16) != NULL;
    __real_buffer_wipe(buffer);
}

static int listen_with(int backlog) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(descriptor, backlog), 0);
    return descriptor;
}

static int set_up(void **state) {
    (void)state;
    listener = listen_with(16);
    client_init(&client);
    return 0;
}

static int take_down(void **state) {
    (void)state;
    client_close(&client);
    if (listener >= 0)
        close(listener);
    unlink(path);
    return 0;
}

static int64_t in(int milliseconds) {
    return clock_monotonic() + milliseconds;
}

/* Connects, and gives the other end. */
static int connected(void) {
    assert_int_equal(client_connect(&client, path, in(AMPLE)), CLIENT_OK);
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(peer >= 0);
    return peer;
}

/* What a call comes to when the gate has written `bytes` already: its end is not waited for where they are whole, and
 * comes where `closed`. */
static enum client_result call_answered(const char *bytes, size_t length, bool closed, struct message *answer) {
    bool silent = !closed && (length == 0 || memmem(bytes, length, "\n\n", 2) == NULL) && length < MESSAGE_LIMIT;
    int peer = connected();
    assert_int_equal(write(peer, bytes, length), length);
    if (closed)
        shutdown(peer, SHUT_WR);
    enum client_result result = client_call(&client, &question, answer, in(silent ? SOON : AMPLE));
    assert_int_equal(client.descriptor >= 0, result == CLIENT_OK);
    close(peer);
    client_close(&client);
    return result;
}

static void an_answer_is_read_whole(void **state) {
    (void)state;
    int peer = connected();
    assert_int_equal(write(peer, "verdict=deny\nreason=country\n\n", 29), 29);
    struct message answer;
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_OK);
    assert_string_equal(answer.value[FIELD_VERDICT], "deny");
    assert_string_equal(answer.value[FIELD_REASON], "country");
    char asked[100];
    ssize_t count = read(peer, asked, sizeof asked);
    assert_int_equal(count, 26);
    assert_memory_equal(asked, "request=begin\nuser=alice\n\n", 26);
    close(peer);
}

static void a_host_that_has_closed_its_standard_input_is_served_on_its_descriptor(void **state) {
    (void)state;
    int input = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(0);
    enum client_result reached = client_connect(&client, path, in(AMPLE));
    bool first = client.descriptor == 0;
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t written = write(peer, "verdict=deny\n\n", 14);
    struct message answer;
    enum client_result called = client_call(&client, &question, &answer, in(AMPLE));
    enum client_result sent = client_send(&client, &question);
    close(peer);
    client_close(&client);
    bool given_back = fcntl(0, F_GETFD) == -1;
    if (input >= 0) {
        dup2(input, 0);
        close(input);
    }
    assert_true(first && given_back && written == 14);
    assert_true(reached == CLIENT_OK && called == CLIENT_OK && sent == CLIENT_OK);
}

static void A2_broken_answers_are_told_apart_and_end_the_connection(void **state) {
    (void)state;
    struct message answer;
    assert_int_equal(call_answered("", 0, false, &answer), CLIENT_LOST);
    assert_int_equal(call_answered("", 0, true, &answer), CLIENT_LOST);
    assert_int_equal(call_answered("v", 1, true, &answer), CLIENT_LOST);
    assert_int_equal(call_answered("verdict=accept\n", 15, false, &answer), CLIENT_LOST);
    assert_int_equal(call_answered("verdict=accept\n", 15, true, &answer), CLIENT_LOST);
    assert_int_equal(call_answered("verdict=accept\n\nx", 17, false, &answer), CLIENT_GARBLED);
    assert_int_equal(call_answered("verdict=accept\n\nverdict=accept\n\n", 32, false, &answer), CLIENT_GARBLED);
    assert_int_equal(call_answered("HTTP/1.1 400\r\n\r\n\n\n", 18, false, &answer), CLIENT_GARBLED);
    assert_int_equal(call_answered("verdict=deny\nverdict=accept\n\n", 29, false, &answer), CLIENT_GARBLED);
    assert_int_equal(call_answered("verdict=acc\0ept\n\n", 17, false, &answer), CLIENT_GARBLED);
    assert_null(answer.value[FIELD_VERDICT]);
}

static void F2_an_answer_without_end_is_cut_off_at_the_limit(void **state) {
    (void)state;
    static char endless[MESSAGE_LIMIT + 100];
    memset(endless, 'a', sizeof endless);
    struct message answer;
    assert_int_equal(call_answered(endless, sizeof endless, false, &answer), CLIENT_GARBLED);
}

static void a_question_that_cannot_be_encoded_is_not_sent(void **state) {
    (void)state;
    int peer = connected();
    struct message bad = {.value[FIELD_USER] = "a\nb"};
    struct message answer;
    assert_int_equal(client_call(&client, &bad, &answer, in(AMPLE)), CLIENT_FAILED);
    char byte;
    assert_int_equal(read(peer, &byte, 1), 0);
    close(peer);
}

static void a_gate_that_hung_up_raises_no_signal(void **state) {
    (void)state;
    int peer = connected();
    close(peer);
    struct message answer;
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_LOST);
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_LOST);
    assert_int_equal(client_send(&client, &question), CLIENT_LOST);
}

static void nobody_there_is_unreachable_at_the_deadline(void **state) {
    (void)state;
    close(listener);
    listener = -1;
    for (int missing = 0; missing < 2; missing++) {
        int64_t start = clock_monotonic();
        assert_int_equal(client_connect(&client, path, start + SOON), CLIENT_UNREACHABLE);
        int64_t took = clock_monotonic() - start;
        assert_true(took >= 50 && took < AMPLE);
        assert_int_equal(client.descriptor, -1);
        unlink(path);
    }
}

static void what_can_never_be_connected_to_fails_at_once(void **state) {
    (void)state;
    char long_path[200];
    memset(long_path, 'p', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    int64_t start = clock_monotonic();
    assert_int_equal(client_connect(&client, long_path, in(AMPLE)), CLIENT_FAILED);
    assert_int_equal(client_connect(&client, "", in(AMPLE)), CLIENT_FAILED);
    assert_int_equal(client_connect(&client, "/dev/null/gate.sock", in(AMPLE)), CLIENT_UNREACHABLE);
    assert_true(clock_monotonic() - start < AMPLE);
}

static void a_short_wait(int milliseconds) {
    poll(NULL, 0, milliseconds);
}

static void *listen_late(void *argument) {
    (void)argument;
    a_short_wait(30);
    listener = listen_with(1);
    return NULL;
}

static void a_gate_that_starts_within_the_deadline_is_reached(void **state) {
    (void)state;
    close(listener);
    unlink(path);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, listen_late, NULL), 0);
    assert_int_equal(client_connect(&client, path, in(AMPLE)), CLIENT_OK);
    pthread_join(thread, NULL);
}

/* Fills a listener's backlog; returns how many connections that took. */
static int fill_backlog(struct client *crowd, int size) {
    for (int i = 0; i < size; i++) {
        client_init(&crowd[i]);
        if (client_connect(&crowd[i], path, in(0)) != CLIENT_OK)
            return i;
    }
    return size;
}

static void *accept_late(void *argument) {
    (void)argument;
    a_short_wait(30);
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(peer);
    return NULL;
}

static void H9_a_full_backlog_is_waited_for(void **state) {
    (void)state;
    static struct client crowd[8];
    close(listener);
    unlink(path);
    listener = listen_with(1);
    int filled = fill_backlog(crowd, 8);
    assert_in_range(filled, 1, 7);
    assert_int_equal(client_connect(&client, path, in(50)), CLIENT_UNREACHABLE);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, accept_late, NULL), 0);
    assert_int_equal(client_connect(&client, path, in(AMPLE)), CLIENT_OK);
    pthread_join(thread, NULL);
    for (int i = 0; i < filled; i++)
        client_close(&crowd[i]);
}

static void on_alarm(int number) {
    (void)number;
}

static void interruptions_neither_end_a_wait_nor_prolong_it(void **state) {
    (void)state;
    int peer = connected();
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    int64_t start = clock_monotonic();
    struct message answer;
    enum client_result result = client_call(&client, &question, &answer, start + 80);
    int64_t took = clock_monotonic() - start;
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(result, CLIENT_LOST);
    assert_true(took >= 75 && took < AMPLE);
    close(peer);
}

static void interruptions_do_not_end_the_tries_to_connect(void **state) {
    (void)state;
    close(listener);
    listener = -1;
    unlink(path);
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    int64_t start = clock_monotonic();
    enum client_result result = client_connect(&client, path, start + 80);
    int64_t took = clock_monotonic() - start;
    setitimer(ITIMER_REAL, &never, NULL);
    assert_int_equal(result, CLIENT_UNREACHABLE);
    assert_true(took >= 75 && took < AMPLE);
}

static void *answer_byte_by_byte(void *argument) {
    int peer = *(int *)argument;
    static const char answer[] = "verdict=accept\n\n";
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        assert_int_equal(write(peer, answer + i, 1), 1);
        a_short_wait(1);
    }
    return NULL;
}

static void an_answer_may_come_byte_by_byte(void **state) {
    (void)state;
    int peer = connected();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_byte_by_byte, &peer), 0);
    struct message answer;
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_OK);
    assert_string_equal(answer.value[FIELD_VERDICT], "accept");
    pthread_join(thread, NULL);
    close(peer);
}

static void sending_never_waits_for_a_gate_that_does_not_read(void **state) {
    (void)state;
    int peer = connected();
    int64_t start = clock_monotonic();
    int sent = 0;
    while (client_send(&client, &question) == CLIENT_OK)
        sent++;
    assert_true(sent > 0);
    assert_int_equal(client.descriptor, -1);
    assert_true(clock_monotonic() - start < AMPLE);
    close(peer);
}

static void closing_wipes_the_answer(void **state) {
    (void)state;
    int peer = connected();
    static const char text[] = "mark_key=000102030405060708090a0b0c0d0e0f\n\n";
    assert_int_equal(write(peer, text, sizeof text - 1), sizeof text - 1);
    struct message answer;
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_OK);
    client_close(&client);
    assert_null(memmem(client.text, sizeof text, "0c0d0e", 6));
    close(peer);
}

static void a_question_is_wiped_once_it_is_sent_or_lost(void **state) {
    (void)state;
    int peer = connected();
    struct message answer;
    wiped = 0;
    assert_int_equal(client_send(&client, &secret_question), CLIENT_OK);
    assert_int_equal(wiped, 1);
    assert_int_equal(write(peer, "verdict=deny\n\n", 14), 14);
    assert_int_equal(client_call(&client, &secret_question, &answer, in(AMPLE)), CLIENT_OK);
    assert_int_equal(wiped, 2);
    close(peer);
    assert_int_equal(client_call(&client, &secret_question, &answer, in(AMPLE)), CLIENT_LOST);
    assert_int_equal(wiped, 3);
}

static void a_shorter_answer_leaves_nothing_of_a_longer_one(void **state) {
    (void)state;
    int peer = connected();
    struct message answer;
    static const char longer[] = "verdict=continue\nmark_key=000102030405060708090a0b0c0d0e0f\n\n";
    assert_int_equal(write(peer, longer, sizeof longer - 1), sizeof longer - 1);
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_OK);
    assert_int_equal(write(peer, "verdict=deny\n\n", 14), 14);
    assert_int_equal(client_call(&client, &question, &answer, in(AMPLE)), CLIENT_OK);
    assert_null(memmem(client.text, sizeof longer, "0c0d0e", 6));
    close(peer);
}

static void the_descriptor_is_closed_on_exec_and_given_back(void **state) {
    (void)state;
    int first = -1;
    for (int i = 0; i < 300; i++) {
        close(connected());
        assert_true((fcntl(client.descriptor, F_GETFD) & FD_CLOEXEC) != 0);
        first = first < 0 ? client.descriptor : first;
        assert_int_equal(client.descriptor, first);
        client_close(&client);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, take_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(an_answer_is_read_whole),
        CASE(a_host_that_has_closed_its_standard_input_is_served_on_its_descriptor),
        CASE(A2_broken_answers_are_told_apart_and_end_the_connection),
        CASE(F2_an_answer_without_end_is_cut_off_at_the_limit),
        CASE(a_question_that_cannot_be_encoded_is_not_sent),
        CASE(a_gate_that_hung_up_raises_no_signal),
        CASE(nobody_there_is_unreachable_at_the_deadline),
        CASE(what_can_never_be_connected_to_fails_at_once),
        CASE(a_gate_that_starts_within_the_deadline_is_reached),
        CASE(H9_a_full_backlog_is_waited_for),
        CASE(interruptions_neither_end_a_wait_nor_prolong_it),
        CASE(interruptions_do_not_end_the_tries_to_connect),
        CASE(an_answer_may_come_byte_by_byte),
        CASE(sending_never_waits_for_a_gate_that_does_not_read),
        CASE(closing_wipes_the_answer),
        CASE(a_question_is_wiped_once_it_is_sent_or_lost),
        CASE(a_shorter_answer_leaves_nothing_of_a_longer_one),
        CASE(the_descriptor_is_closed_on_exec_and_given_back),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/gate.sock", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
