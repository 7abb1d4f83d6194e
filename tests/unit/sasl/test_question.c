/* SPDX-License-Identifier: BSD-2-Clause */
/* links: sasl/question.o wire/message.o wire/request.o */
/* What the plugin takes from libsasl2 and what it tells the gate: bounded, clean, and nothing guessed (THREATS C4, F4,
 * J8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sasl/question.h"
#include "wire/request.h"

static struct question full(void) {
    struct question question;
    memset(&question, 0, sizeof question);
    assert_true(question_set_user(&question, "alice@example.test", 18));
    assert_true(question_set_service(&question, "smtp"));
    question_set_remote(&question, "192.0.2.1;4711");
    question_set_mechanism(&question, "PLAIN");
    question_set_pwcheck(&question, "saslauthd", "/run/authgate/saslauthd");
    return question;
}

static void a_question_says_all_that_it_was_told(void **state) {
    (void)state;
    struct question question = full();
    struct message message;
    question_fill(&question, &message);
    assert_string_equal(message.value[FIELD_REQUEST], "ask");
    assert_string_equal(message.value[FIELD_PROTOCOL], PROTOCOL_VERSION);
    assert_string_equal(message.value[FIELD_USER], "alice@example.test");
    assert_string_equal(message.value[FIELD_SERVICE], "smtp");
    assert_string_equal(message.value[FIELD_CLIENT_ADDRESS], "192.0.2.1");
    assert_string_equal(message.value[FIELD_CLIENT_PORT], "4711");
    assert_string_equal(message.value[FIELD_MECHANISM], "PLAIN");
    assert_string_equal(message.value[FIELD_PWCHECK], "saslauthd");
    assert_string_equal(message.value[FIELD_PWCHECK_PATH], "/run/authgate/saslauthd");
    assert_true(request_complete(REQUEST_ASK, &message));
}

static void what_is_not_known_is_left_out(void **state) {
    (void)state;
    struct question question = {0};
    struct message message;
    assert_true(question_set_user(&question, "alice", 5));
    assert_true(question_set_service(&question, "smtp"));
    question_set_remote(&question, NULL);
    question_set_mechanism(&question, NULL);
    question_set_pwcheck(&question, NULL, NULL);
    question_fill(&question, &message);
    assert_null(message.value[FIELD_CLIENT_ADDRESS]);
    assert_null(message.value[FIELD_CLIENT_PORT]);
    assert_null(message.value[FIELD_MECHANISM]);
    assert_null(message.value[FIELD_PWCHECK]);
    assert_null(message.value[FIELD_PWCHECK_PATH]);
    assert_true(request_complete(REQUEST_ASK, &message));
}

/* The name lies at the end of its memory, without a NUL: a sanitizer sees a read beyond it. */
static void J8_names_of_every_length_are_taken_whole_or_refused(void **state) {
    (void)state;
    for (unsigned length = 1; length <= 2048; length++) {
        struct question question = {.service = "smtp"};
        char *name = malloc(length);
        assert_non_null(name);
        memset(name, 'a', length);
        bool taken = question_set_user(&question, name, length);
        assert_int_equal(taken, length <= 1024);
        if (taken)
            assert_int_equal(strlen(question.user), length);
        assert_string_equal(question.service, "smtp"); /* which lies behind the name */
        free(name);
    }
}

static void F4_names_that_no_message_could_carry_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned length;
    } rows[] = {{"", 0}, {"alice\0root", 10}, {"\0", 1}, {"al\nice", 6}, {"alice\x7f", 6}, {"alice\t", 6}, {"\x01", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct question question = {0};
        assert_false(question_set_user(&question, rows[i].name, rows[i].length));
    }
    struct question question = {0};
    assert_false(question_set_user(&question, NULL, 3));
    assert_false(question_set_service(&question, NULL));
    assert_false(question_set_service(&question, ""));
    assert_false(question_set_service(&question, "sm\ntp"));
}

static void an_address_is_taken_in_its_one_form_or_not_at_all(void **state) {
    (void)state;
    static const struct {
        const char *remote, *address, *port;
    } rows[] = {
        {"192.0.2.1;25", "192.0.2.1", "25"},
        {"::ffff:192.0.2.1;25", "192.0.2.1", "25"},
        {"2001:DB8::1;65535", "2001:db8::1", "65535"},
        {"192.0.2.1", "192.0.2.1", ""},
        {"192.0.2.1;", "192.0.2.1", ""},
        {"192.0.2.1;65536", "192.0.2.1", ""},
        {"192.0.2.1;-1", "192.0.2.1", ""},
        {"unknown;0", "", ""},
        {";25", "", ""},
        {"", "", ""},
        {"192.0.2.1 ;25", "", ""},
        {"mail.example.test;25", "", ""},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee;25", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct question question = {0};
        question_set_remote(&question, rows[i].remote);
        assert_string_equal(question.address, rows[i].address);
        assert_string_equal(question.port, rows[i].port);
    }
}

static void what_no_message_could_carry_counts_as_not_known(void **state) {
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct question question = full();
    question_set_mechanism(&question, longer);
    question_set_pwcheck(&question, longer, longer);
    assert_string_equal(question.mechanism, "");
    assert_string_equal(question.pwcheck, "");
    assert_string_equal(question.pwcheck_path, "");
    question_set_pwcheck(&question, "sasl\nauthd", "/run\x01");
    assert_string_equal(question.pwcheck, "");
    assert_string_equal(question.pwcheck_path, "");
}

static void J3_a_second_look_up_comes_where_libsasl2_asks_its_own_plugins(void **state) {
    (void)state;
    static const struct {
        const char *mechanism, *method;
        bool twice;
    } rows[] = {
        {"PLAIN", "auxprop", true},
        {"LOGIN", "auxprop", true},
        {"PLAIN", NULL, true},
        {"PLAIN", "Auxprop", true},
        {"PLAIN", "saslauthd auxprop", true},
        {"PLAIN", "saslauthd", false},
        {"LOGIN", "saslauthd", false},
        {"CRAM-MD5", "auxprop", false},
        {"CRAM-MD5", NULL, false},
        {"GSSAPI", NULL, false},
        {NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct question question = {0};
        question_set_mechanism(&question, rows[i].mechanism);
        question_set_pwcheck(&question, rows[i].method, NULL);
        assert_int_equal(question_comes_twice(&question), rows[i].twice);
    }
}

static void two_questions_are_the_same_only_in_every_word(void **state) {
    (void)state;
    const struct question one = full();
    struct question other = full();
    assert_true(question_same(&one, &other));
    question_set_remote(&other, "192.0.2.1;4712");
    assert_false(question_same(&one, &other));
    other = full();
    question_set_mechanism(&other, "LOGIN");
    assert_false(question_same(&one, &other));
    other = full();
    assert_true(question_set_user(&other, "bob@example.test", 16));
    assert_false(question_same(&one, &other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_says_all_that_it_was_told),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(J8_names_of_every_length_are_taken_whole_or_refused),
        cmocka_unit_test(F4_names_that_no_message_could_carry_are_refused),
        cmocka_unit_test(an_address_is_taken_in_its_one_form_or_not_at_all),
        cmocka_unit_test(what_no_message_could_carry_counts_as_not_known),
        cmocka_unit_test(J3_a_second_look_up_comes_where_libsasl2_asks_its_own_plugins),
        cmocka_unit_test(two_questions_are_the_same_only_in_every_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
