/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/message.o */
/* Encoding and decoding of gate messages: what is written reads back as itself, and what is no message is refused
 * whole (THREATS F1, F2, F4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/message.h"

static char place[MESSAGE_LIMIT + 2];

/* Decodes a copy of `text`, so that literals can be given. */
static enum message_fault decode(struct message *message, const char *text, size_t length) {
    assert_true(length <= sizeof place);
    memcpy(place, text, length);
    return message_decode(message, place, length);
}

static enum message_fault decode_text(struct message *message, const char *text) {
    return decode(message, text, strlen(text));
}

static size_t count_fields(const struct message *message) {
    size_t count = 0;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        count += message->value[i] != NULL;
    return count;
}

/* One value that `field` can have. */
static const char *sample(enum field field) {
    switch (field_declaration(field)->kind) {
    case FIELD_KIND_TEXT:
        return "some text = text";
    case FIELD_KIND_NUMBER:
        return "6";
    case FIELD_KIND_DIGITS:
        return "012345";
    case FIELD_KIND_BASE32:
        return field_declaration(field)->limit == 13 ? "k7f3q2mxw4z6b" : "abcdefghijkl2345";
    case FIELD_KIND_HEX:
        return field_declaration(field)->limit == 8 ? "00c0ffee" : "000102030405060708090a0b0c0d0e0f";
    case FIELD_KIND_ADDRESS:
        return "2001:db8::1";
    case FIELD_KIND_YES:
        return "yes";
    }
    return NULL;
}

static void assert_round_trip(const struct message *message) {
    char storage[MESSAGE_LIMIT + 1];
    struct buffer out;
    buffer_init(&out, storage, sizeof storage);
    assert_true(message_encode(message, &out));
    assert_int_equal(message_extent(out.bytes, out.length), out.length);
    struct message back;
    assert_int_equal(message_decode(&back, out.bytes, out.length), MESSAGE_OK);
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (message->value[i] == NULL)
            assert_null(back.value[i]);
        else
            assert_string_equal(back.value[i], message->value[i]);
    }
}

static void every_field_comes_back_alone_and_with_all_others(void **state) {
    (void)state;
    struct message all = {0};
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        struct message one = {0};
        one.value[i] = all.value[i] = sample((enum field)i);
        assert_round_trip(&one);
    }
    assert_round_trip(&all);
}

static void F1_no_byte_at_any_place_of_a_value_makes_or_hides_a_field(void **state) {
    (void)state;
    for (unsigned field = 0; field < FIELD_COUNT; field++) {
        if (field_declaration((enum field)field)->kind != FIELD_KIND_TEXT)
            continue;
        for (unsigned byte = 1; byte < 256; byte++)
            for (size_t at = 0; at < 6; at++) {
                char value[] = "abcdef";
                value[at] = (char)byte;
                struct message message = {.value[FIELD_DIGITS] = "123"};
                message.value[field] = value;
                bool control = byte < ' ' || byte == 0x7f;
                assert_int_equal(field_valid((enum field)field, value), !control);
                char storage[200];
                struct buffer out;
                buffer_init(&out, storage, sizeof storage);
                if (control)
                    assert_false(message_encode(&message, &out));
                else
                    assert_round_trip(&message);
            }
    }
}

/* The value that a plain reading of `text` line by line finds under `name`, of `*length` bytes; NULL where none. */
static const char *read_plainly(const char *text, const char *name, size_t *length) {
    for (const char *line = text; *line != '\0' && *line != '\n'; line += strcspn(line, "\n") + 1)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '=') {
            const char *value = line + strlen(name) + 1;
            *length = strcspn(value, "\n");
            return *length > 0 ? value : NULL;
        }
    return NULL;
}

static void F1_any_byte_anywhere_is_a_fault_or_reads_as_plain_lines_do(void **state) {
    (void)state;
    static const char text[] = "request=begin\nuser=alice\nservice=imap\n\n";
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[at] = (char)byte;
            struct message message;
            if (decode(&message, changed, sizeof text - 1) != MESSAGE_OK) {
                assert_int_equal(count_fields(&message), 0);
                continue;
            }
            for (unsigned i = 0; i < FIELD_COUNT; i++) {
                size_t length = 0;
                const char *expected = read_plainly(changed, field_declaration((enum field)i)->name, &length);
                const char *value = message.value[i];
                assert_int_equal(value == NULL, expected == NULL);
                assert_true(value == NULL || (strlen(value) == length && memcmp(value, expected, length) == 0));
            }
        }
}

static void F4_a_nul_in_a_name_or_value_is_a_fault(void **state) {
    (void)state;
    struct message message;
    assert_int_equal(decode(&message, "user=al\0ice\n\n", 13), MESSAGE_CONTROL);
    assert_int_equal(decode(&message, "us\0er=alice\n\n", 13), MESSAGE_CONTROL);
    assert_int_equal(decode(&message, "user=alice\0\n\n", 13), MESSAGE_CONTROL);
    assert_int_equal(decode(&message, "x-unknown=\0\n\n", 13), MESSAGE_CONTROL);
}

static void faults_are_told_apart_and_leave_nothing(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum message_fault fault;
    } rows[] = {
        {"", MESSAGE_UNTERMINATED},
        {"user=a", MESSAGE_UNTERMINATED},
        {"user=a\n", MESSAGE_UNTERMINATED},
        {"user=a\n\nuser=b\n\n", MESSAGE_UNTERMINATED},
        {"\n\n", MESSAGE_UNTERMINATED},
        {"user\n\n", MESSAGE_NO_EQUALS},
        {"=alice\n\n", MESSAGE_NO_EQUALS},
        {"service=imap\nuser alice\n\n", MESSAGE_NO_EQUALS},
        {"user=a\nuser=a\n\n", MESSAGE_TWICE},
        {"user=\nuser=a\n\n", MESSAGE_TWICE},
        {"user=a\nuser=\n\n", MESSAGE_TWICE},
        {"new=1\nuser=a\nnew=2\n\n", MESSAGE_TWICE},
        {"user=a\r\nservice=imap\n\n", MESSAGE_CONTROL},
        {"user=a\tb\n\n", MESSAGE_CONTROL},
        {"user=a\x7f\n\n", MESSAGE_CONTROL},
        {"us\x01"
         "er=a\n\n",
         MESSAGE_CONTROL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message;
        assert_int_equal(decode_text(&message, rows[i].text), rows[i].fault);
        assert_int_equal(count_fields(&message), 0);
        assert_true(strlen(message_fault_text(rows[i].fault)) > 5);
    }
}

static void unknown_names_and_empty_values_are_passed_over(void **state) {
    (void)state;
    struct message message;
    assert_int_equal(decode_text(&message, "new=1\nuser=\nUSER=x\nuser =y\nservice=imap\nempty=\n\n"), MESSAGE_OK);
    assert_int_equal(count_fields(&message), 1);
    assert_string_equal(message.value[FIELD_SERVICE], "imap");
    assert_int_equal(decode_text(&message, "\n"), MESSAGE_OK);
    assert_int_equal(count_fields(&message), 0);
}

static void a_value_keeps_its_blanks_and_equals_signs(void **state) {
    (void)state;
    struct message message;
    assert_int_equal(decode_text(&message, "user= a=b \n\n"), MESSAGE_OK);
    assert_string_equal(message.value[FIELD_USER], " a=b ");
}

static void an_extent_is_one_message_and_no_more(void **state) {
    (void)state;
    assert_int_equal(message_extent("", 0), 0);
    assert_int_equal(message_extent("\n", 1), 1);
    assert_int_equal(message_extent("\nuser=a\n\n", 9), 1);
    assert_int_equal(message_extent("user=a\n\nuser=b\n\n", 16), 8);
    assert_int_equal(message_extent("user=a\n\n", 7), 0);
}

/* A message of exactly `length` bytes, of long unknown lines. */
static char *message_of(size_t length) {
    char *text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 'x', length);
    text[1] = '=';
    if (length >= 2)
        text[length - 1] = text[length - 2] = '\n';
    return text;
}

static void F2_a_message_has_at_most_8192_bytes(void **state) {
    (void)state;
    static const struct {
        size_t length;
        enum message_fault fault;
    } rows[] = {
        {4, MESSAGE_OK}, {8191, MESSAGE_OK}, {8192, MESSAGE_OK}, {8193, MESSAGE_TOO_LONG}, {1000000, MESSAGE_TOO_LONG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = message_of(rows[i].length);
        struct message message;
        assert_int_equal(message_decode(&message, text, rows[i].length), rows[i].fault);
        free(text);
    }
}

static void F2_a_message_has_at_most_128_lines(void **state) {
    (void)state;
    for (int lines = 127; lines <= 130; lines++) {
        struct buffer out;
        char storage[MESSAGE_LIMIT];
        buffer_init(&out, storage, sizeof storage);
        for (int i = 0; i < lines; i++)
            buffer_add_format(&out, "n%d=\n", i);
        buffer_add_char(&out, '\n');
        struct message message;
        assert_int_equal(message_decode(&message, out.bytes, out.length),
                         lines <= MESSAGE_FIELD_LIMIT ? MESSAGE_OK : MESSAGE_TOO_MANY_LINES);
    }
}

static void values_that_cannot_be_are_neither_valid_nor_encoded(void **state) {
    (void)state;
    static const struct {
        enum field field;
        const char *value;
        bool valid;
    } rows[] = {
        {FIELD_CODE_LENGTH, "0", true},
        {FIELD_CODE_LENGTH, "8", true},
        {FIELD_CODE_LENGTH, "9", false},
        {FIELD_CODE_LENGTH, "06", false},
        {FIELD_CODE_LENGTH, "+6", false},
        {FIELD_CODE_LENGTH, " 6", false},
        {FIELD_CODE_LENGTH, "", false},
        {FIELD_CODE_LENGTH, "4294967302", false},
        {FIELD_CLIENT_PORT, "65535", true},
        {FIELD_CLIENT_PORT, "65536", false},
        {FIELD_BEGUN, "60", true},
        {FIELD_BEGUN, "61", false},
        {FIELD_DIGITS, "00000000", true},
        {FIELD_DIGITS, "000000000", false},
        {FIELD_DIGITS, "12 34", false},
        {FIELD_DIGITS, "-1234", false},
        {FIELD_DIGITS, "\xef\xbc\x91\xef\xbc\x92", false},
        {FIELD_REF, "k7f3q2mxw4z6b", true},
        {FIELD_REF, "k7f3q2mxw4z6", false},
        {FIELD_REF, "k7f3q2mxw4z6bb", false},
        {FIELD_REF, "K7F3Q2MXW4Z6B", false},
        {FIELD_REF, "k7f3q2mxw4z10", false},
        {FIELD_APP_PASSWORD, "abcd-efgh-ijkl-m", false},
        {FIELD_PASSWORD_MARK, "0BADCAFE", false},
        {FIELD_PASSWORD_MARK, "0badcafe", true},
        {FIELD_MARK_KEY, "000102030405060708090a0b0c0d0e0f", true},
        {FIELD_MARK_KEY, "000102030405060708090a0b0c0d0e0", false},
        {FIELD_CLIENT_ADDRESS, "203.0.113.9", true},
        {FIELD_CLIENT_ADDRESS, "::ffff:203.0.113.9", true},
        {FIELD_CLIENT_ADDRESS, "203.0.113.009", false},
        {FIELD_CLIENT_ADDRESS, "localhost", false},
        {FIELD_CLIENT_ADDRESS, "fe80::1%e\n", false},
        {FIELD_DEFER, "yes", true},
        {FIELD_DEFER, "no", false},
        {FIELD_DEFER, "yesyes", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char storage[200];
        struct buffer out;
        buffer_init(&out, storage, sizeof storage);
        struct message message = {0};
        message.value[rows[i].field] = rows[i].value;
        assert_int_equal(field_valid(rows[i].field, rows[i].value), rows[i].valid);
        assert_int_equal(message_encode(&message, &out), rows[i].valid);
        assert_int_equal(out.overflowed, !rows[i].valid);
    }
}

static void text_is_valid_up_to_its_limit(void **state) {
    (void)state;
    char value[1026];
    memset(value, 'u', sizeof value);
    value[1025] = '\0';
    assert_false(field_valid(FIELD_USER, value));
    value[1024] = '\0';
    assert_true(field_valid(FIELD_USER, value));
}

static void what_does_not_fit_leaves_the_buffer_as_it_was(void **state) {
    (void)state;
    char storage[40];
    struct buffer out;
    buffer_init(&out, storage, sizeof storage);
    buffer_add(&out, "before");
    struct message message = {.value[FIELD_DIGITS] = "12345678",
                              .value[FIELD_USER] = "a-name-that-is-too-long-for-this"};
    assert_false(message_encode(&message, &out));
    assert_true(out.overflowed);
    assert_int_equal(out.length, 6);
    assert_null(memmem(storage, sizeof storage, "a-name", 6));
    message = (struct message){.value[FIELD_DIGITS] = "12345678", .value[FIELD_TEXT] = "far too long to go in as well"};
    memset(storage + 6, '!', sizeof storage - 6);
    buffer_init(&out, storage, sizeof storage);
    buffer_add(&out, "before");
    assert_false(message_encode(&message, &out));
    assert_int_equal(out.length, 6);
    assert_memory_equal(storage, "before", 6);
    assert_null(memmem(storage, sizeof storage, "1234", 4)); /* the digits had gone in */
    assert_int_equal(storage[sizeof storage - 1], '!');
}

static void a_message_over_the_limit_is_not_encoded(void **state) {
    (void)state;
    static char long_text[4097];
    static char storage[4 * MESSAGE_LIMIT];
    memset(long_text, 't', sizeof long_text - 1);
    struct buffer out;
    buffer_init(&out, storage, sizeof storage);
    struct message message = {.value[FIELD_TEXT] = long_text, .value[FIELD_VALUE] = long_text};
    assert_false(message_encode(&message, &out));
    message.value[FIELD_VALUE] = NULL;
    assert_true(message_encode(&message, &out));
}

static void what_is_secret_is_declared_so(void **state) {
    (void)state;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        bool secret = i == FIELD_DIGITS || i == FIELD_APP_PASSWORD || i == FIELD_PASSWORD_MARK || i == FIELD_MARK_KEY ||
                      i == FIELD_SEED || i == FIELD_KEY_FILE;
        assert_int_equal(field_declaration((enum field)i)->secret, secret);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back_alone_and_with_all_others),
        cmocka_unit_test(F1_no_byte_at_any_place_of_a_value_makes_or_hides_a_field),
        cmocka_unit_test(F1_any_byte_anywhere_is_a_fault_or_reads_as_plain_lines_do),
        cmocka_unit_test(F4_a_nul_in_a_name_or_value_is_a_fault),
        cmocka_unit_test(faults_are_told_apart_and_leave_nothing),
        cmocka_unit_test(unknown_names_and_empty_values_are_passed_over),
        cmocka_unit_test(a_value_keeps_its_blanks_and_equals_signs),
        cmocka_unit_test(an_extent_is_one_message_and_no_more),
        cmocka_unit_test(F2_a_message_has_at_most_8192_bytes),
        cmocka_unit_test(F2_a_message_has_at_most_128_lines),
        cmocka_unit_test(values_that_cannot_be_are_neither_valid_nor_encoded),
        cmocka_unit_test(text_is_valid_up_to_its_limit),
        cmocka_unit_test(what_does_not_fit_leaves_the_buffer_as_it_was),
        cmocka_unit_test(a_message_over_the_limit_is_not_encoded),
        cmocka_unit_test(what_is_secret_is_declared_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
