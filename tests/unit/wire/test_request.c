/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/request.o wire/message.o */
/* The table of requests: what each must carry, what it may, and how it can be answered; and the golden file that holds
 * the protocol's fields, requests and wording (`test_request --print` writes a new one to look through). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/request.h"

#define GOLDEN "tests/golden/protocol.txt"

/* A message with a value that can be in every field. */
static struct message full(void) {
    struct message message = {0};
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        message.value[i] = field_declaration((enum field)i)->kind == FIELD_KIND_TEXT ? "text" : "1";
    message.value[FIELD_CLIENT_ADDRESS] = "203.0.113.9";
    message.value[FIELD_APP_PASSWORD] = "abcdefghijklmnop";
    message.value[FIELD_DEFER] = "yes";
    message.value[FIELD_REF] = "k7f3q2mxw4z6b";
    message.value[FIELD_PASSWORD_MARK] = "00c0ffee";
    message.value[FIELD_MARK_KEY] = "000102030405060708090a0b0c0d0e0f";
    message.value[FIELD_STATUS] = "wrong";
    return message;
}

static bool of_repeat(enum field field) {
    return field == FIELD_REF || field == FIELD_CODE_LENGTH || field == FIELD_BEGUN;
}

/* Whether `request` is complete without that field; a repeat's fields go together. */
static bool without(enum request request, enum field field) {
    struct message message = full();
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (i == field || (of_repeat(field) && of_repeat((enum field)i)))
            message.value[i] = NULL;
    return request_complete(request, &message);
}

static bool with_nonsense(enum request request, enum field field) {
    struct message message = full();
    message.value[field] = "\x01";
    return request_complete(request, &message);
}

static void add_fields(struct buffer *out) {
    static const char *const kinds[] = {
        [FIELD_KIND_TEXT] = "text",     [FIELD_KIND_NUMBER] = "number", [FIELD_KIND_DIGITS] = "digits",
        [FIELD_KIND_BASE32] = "base32", [FIELD_KIND_HEX] = "hex",       [FIELD_KIND_ADDRESS] = "address",
        [FIELD_KIND_YES] = "yes",
    };
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        const struct field_declaration *field = field_declaration((enum field)i);
        buffer_add_format(out, "field %s %s %u%s\n", field->name, kinds[field->kind], field->limit,
                          field->secret ? " secret" : "");
    }
}

static void add_request(struct buffer *out, enum request request) {
    buffer_add_format(out, "request %s\n  must", request_name(request));
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (!without(request, (enum field)i) && i != FIELD_CODE_LENGTH && i != FIELD_BEGUN)
            buffer_add_format(out, " %s", field_declaration((enum field)i)->name);
    buffer_add(out, "\n  looks at");
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (!with_nonsense(request, (enum field)i))
            buffer_add_format(out, " %s", field_declaration((enum field)i)->name);
    buffer_add(out, "\n  answers");
    for (unsigned i = 0; i < VERDICT_COUNT; i++)
        if (request_allows(request, (enum verdict)i))
            buffer_add_format(out, " %s", verdict_name((enum verdict)i));
    buffer_add_char(out, '\n');
}

static void add_sample(struct buffer *out, const char *title, const struct message *message) {
    buffer_add_format(out, "sample %s\n", title);
    message_encode(message, out);
}

static void add_samples(struct buffer *out) {
    struct message begin = {.value[FIELD_REQUEST] = "begin",
                            .value[FIELD_PROTOCOL] = PROTOCOL_VERSION,
                            .value[FIELD_USER] = "alice@example.com",
                            .value[FIELD_SERVICE] = "imap",
                            .value[FIELD_CLIENT_ADDRESS] = "203.0.113.9",
                            .value[FIELD_DIGITS] = "123456",
                            .value[FIELD_DEFER] = "yes"};
    struct message going_on = {.value[FIELD_VERDICT] = "continue",
                               .value[FIELD_CODE_LENGTH] = "6",
                               .value[FIELD_REF] = "k7f3q2mxw4z6b",
                               .value[FIELD_MARK_KEY] = "000102030405060708090a0b0c0d0e0f"};
    struct message commit = {.value[FIELD_REQUEST] = "commit",
                             .value[FIELD_REF] = "k7f3q2mxw4z6b",
                             .value[FIELD_USER] = "alice@example.com",
                             .value[FIELD_PASSWORD_MARK] = "00c0ffee"};
    struct message denied = {.value[FIELD_VERDICT] = "deny",
                             .value[FIELD_REASON] = "second-factor-wrong",
                             .value[FIELD_REF] = "k7f3q2mxw4z6b"};
    struct message end = {.value[FIELD_REQUEST] = "end",
                          .value[FIELD_REF] = "k7f3q2mxw4z6b",
                          .value[FIELD_USER] = "alice@example.com",
                          .value[FIELD_STATUS] = end_status_name(END_WRONG)};
    struct message policy = {.value[FIELD_ACTION] = "REJECT refused (k7f3q2mxw4z6b)"};
    add_sample(out, "begin", &begin);
    add_sample(out, "begin answered", &going_on);
    add_sample(out, "commit", &commit);
    add_sample(out, "commit answered", &denied);
    add_sample(out, "end", &end);
    add_sample(out, "smtpd_access_policy answered", &policy);
}

static void describe(struct buffer *out) {
    add_fields(out);
    for (unsigned i = 0; i < REQUEST_COUNT; i++)
        add_request(out, (enum request)i);
    for (unsigned i = 0; i < END_STATUS_COUNT; i++)
        buffer_add_format(out, "status %s\n", end_status_name((enum end_status)i));
    add_samples(out);
}

static void the_protocol_is_the_golden_file(void **state) {
    (void)state;
    static char now[16384];
    static char golden[16384];
    struct buffer out;
    buffer_init(&out, now, sizeof now);
    describe(&out);
    assert_false(out.overflowed);
    FILE *file = fopen(GOLDEN, "r");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden - 1, file);
    fclose(file);
    golden[length] = '\0';
    assert_string_equal(now, golden);
}

static void a_begin_needs_protocol_user_and_service(void **state) {
    (void)state;
    struct message begin = {.value[FIELD_PROTOCOL] = "1", .value[FIELD_USER] = "alice", .value[FIELD_SERVICE] = "imap"};
    assert_true(request_complete(REQUEST_BEGIN, &begin));
    assert_true(request_complete(REQUEST_ASK, &begin));
    begin.value[FIELD_USER] = NULL;
    assert_false(request_complete(REQUEST_BEGIN, &begin));
    begin.value[FIELD_USER] = "ali\tce";
    assert_false(request_complete(REQUEST_BEGIN, &begin));
}

static void a_repeat_has_ref_code_length_and_begun_or_is_none(void **state) {
    (void)state;
    for (unsigned given = 0; given < 8; given++) {
        struct message begin = {.value[FIELD_PROTOCOL] = "1", .value[FIELD_USER] = "a", .value[FIELD_SERVICE] = "imap"};
        begin.value[FIELD_REF] = (given & 1) != 0 ? "k7f3q2mxw4z6b" : NULL;
        begin.value[FIELD_CODE_LENGTH] = (given & 2) != 0 ? "6" : NULL;
        begin.value[FIELD_BEGUN] = (given & 4) != 0 ? "3" : NULL;
        assert_int_equal(request_complete(REQUEST_BEGIN, &begin), given == 0 || given == 7);
    }
}

static void an_end_needs_a_status_that_there_is(void **state) {
    (void)state;
    struct message end = {
        .value[FIELD_REF] = "k7f3q2mxw4z6b", .value[FIELD_USER] = "alice", .value[FIELD_STATUS] = "wrong"};
    assert_true(request_complete(REQUEST_END, &end));
    end.value[FIELD_STATUS] = "right";
    assert_false(request_complete(REQUEST_END, &end));
    end.value[FIELD_STATUS] = NULL;
    assert_false(request_complete(REQUEST_END, &end));
}

static void postfix_may_know_no_address(void **state) {
    (void)state;
    struct message policy = {.value[FIELD_CLIENT_ADDRESS] = "unknown", .value[FIELD_CLIENT_PORT] = "unknown"};
    assert_true(request_complete(REQUEST_POLICY, &policy));
    policy.value[FIELD_SASL_USERNAME] = "ali\x01";
    assert_false(request_complete(REQUEST_POLICY, &policy));
}

static void words_of_requests_and_statuses_are_found_again(void **state) {
    (void)state;
    for (unsigned i = 0; i < REQUEST_COUNT; i++) {
        enum request request = REQUEST_COUNT;
        assert_true(request_parse(request_name((enum request)i), &request));
        assert_int_equal(request, i);
    }
    for (unsigned i = 0; i < END_STATUS_COUNT; i++) {
        enum end_status status = END_STATUS_COUNT;
        assert_true(end_status_parse(end_status_name((enum end_status)i), &status));
        assert_int_equal(status, i);
    }
    enum request request = REQUEST_COUNT;
    enum end_status status = END_STATUS_COUNT;
    assert_false(request_parse("Begin", &request));
    assert_false(request_parse("", &request));
    assert_false(end_status_parse("wrong ", &status));
    assert_int_equal(request, REQUEST_COUNT);
    assert_int_equal(status, END_STATUS_COUNT);
}

static void a_verdict_out_of_range_answers_nothing(void **state) {
    (void)state;
    for (unsigned i = 0; i < REQUEST_COUNT; i++)
        assert_false(request_allows((enum request)i, VERDICT_COUNT));
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--print") == 0) {
        static char text[16384];
        struct buffer out;
        buffer_init(&out, text, sizeof text);
        describe(&out);
        fputs(out.bytes, stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_protocol_is_the_golden_file),
        cmocka_unit_test(a_begin_needs_protocol_user_and_service),
        cmocka_unit_test(a_repeat_has_ref_code_length_and_begun_or_is_none),
        cmocka_unit_test(an_end_needs_a_status_that_there_is),
        cmocka_unit_test(postfix_may_know_no_address),
        cmocka_unit_test(words_of_requests_and_statuses_are_found_again),
        cmocka_unit_test(a_verdict_out_of_range_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
