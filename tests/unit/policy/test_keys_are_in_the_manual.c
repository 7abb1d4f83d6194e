/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/keys.o policy/policy.o */
/* authgate.conf(5) says of every key what the table of keys says. For each key the entry is made from its row and must
 * stand in the page word for word; a key without one, or a row that was changed alone, fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "policy/keys.h"

#define MANUAL "module/policy/authgate.conf.5"

static char manual[200000];

static int read_manual(void **state) {
    (void)state;
    FILE *file = fopen(MANUAL, "r");
    if (file == NULL)
        return -1;
    size_t length = fread(manual, 1, sizeof manual - 1, file);
    manual[length] = '\0';
    return fclose(file);
}

static void add_choices(struct buffer *entry, const struct key *key) {
    (void)buffer_add(entry, key->type == TYPE_CHOICES ? "A list of" : "One of");
    const char *separator = " ";
    for (size_t i = 0; key->choices[i] != NULL; i++) {
        if (key->choices[i][0] == '\0')
            continue;
        (void)buffer_add_format(entry, "%s\"%s\"", separator, key->choices[i]);
        separator = ", ";
    }
    (void)buffer_add(entry, key->type == TYPE_PROGRAM ? ", or a program's absolute path.\n" : ".\n");
}

static void add_type(struct buffer *entry, const struct key *key) {
    if (key->choices != NULL) {
        add_choices(entry, key);
        return;
    }
    char text[256];
    struct buffer type;
    buffer_init(&type, text, sizeof text);
    (void)buffer_add(&type, key_type_text(key->type));
    if (text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    (void)buffer_add(entry, text);
    if (key->type == TYPE_NUMBER)
        (void)buffer_add_format(entry, " from %lld to %lld", (long long)key->low, (long long)key->high);
    (void)buffer_add(entry, ".\n");
}

/* The entry as it must stand in the page. */
static void make_entry(struct buffer *entry, const struct key *key) {
    static const char *const slots[] = {
        [PER_NONE] = "", [PER_SERVICE] = ". Ns Ar service", [PER_RULE] = ". Ns Ar rule"};
    (void)buffer_add_format(entry, ".It Ic %s%s\n%s.\n", key->name, slots[key->per], key->help);
    add_type(entry, key);
    if (key->place == PLACE_ENTRY)
        (void)buffer_add(entry, key->required ? "Mandatory.\n" : "");
    if (key->fallback != NULL)
        (void)buffer_add_format(entry, "Default: %s.\n", key->fallback);
}

static void assert_in_manual(const struct key *key) {
    char text[2048];
    struct buffer entry;
    buffer_init(&entry, text, sizeof text);
    make_entry(&entry, key);
    const char *found = strstr(manual, text);
    if (found == NULL)
        fail_msg("%s lacks:\n%s", MANUAL, text);
    /* nothing else may follow it than what belongs to no entry, or the next one */
    assert_true(found[entry.length] == '.');
}

static void every_key_has_its_entry(void **state) {
    (void)state;
    size_t count;
    const struct key *keys = keys_all(&count);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        assert_in_manual(&keys[i]);
        for (const struct key *field = keys[i].entry; field != NULL && field->name != NULL; field++)
            assert_in_manual(field);
    }
}

/* How many entries of keys the page has: one for a key that is gone would be over. */
static void no_entry_is_left_over(void **state) {
    (void)state;
    size_t count, wanted = 0, found = 0;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count; i++) {
        wanted++;
        for (const struct key *field = keys[i].entry; field != NULL && field->name != NULL; field++)
            wanted++;
    }
    for (const char *at = strstr(manual, ".It Ic "); at != NULL; at = strstr(at + 1, ".It Ic "))
        found++;
    assert_int_equal(found, wanted);
}

static void rules_are_listed(void **state) {
    (void)state;
    for (int rule = 0; rule < REASON_COUNT; rule++) {
        char item[64];
        snprintf(item, sizeof item, ".It Cm %s\n", reason_name((enum reason)rule));
        if (key_rule_has_mode((enum reason)rule) && strstr(manual, item) == NULL)
            fail_msg("%s lacks %s", MANUAL, item);
    }
}

/* The rows themselves. */
static void rows_are_whole(void **state) {
    (void)state;
    size_t count;
    const struct key *keys = keys_all(&count);
    int hosts = 0, policies = 0, groups = 0;
    for (size_t i = 0; i < count; i++) {
        const struct key *key = &keys[i];
        assert_non_null(key->help);
        assert_true(key->help[strlen(key->help) - 1] != '.');
        assert_int_equal(key->type == TYPE_CHOICE || key->type == TYPE_CHOICES || key->type == TYPE_PROGRAM,
                         key->choices != NULL);
        assert_int_equal(key->type == TYPE_ENTRIES, key->entry != NULL);
        assert_ptr_equal(key_find(key->name, key->place, key->place), key);
        int *seen = key->place == PLACE_HOST ? &hosts : key->place == PLACE_POLICY ? &policies : &groups;
        assert_int_equal(key->id, (*seen)++); /* in the order of their enums, none left out */
        for (const struct key *field = key->entry; field != NULL && field->name != NULL; field++) {
            assert_int_equal(field->id, field - key->entry);
            assert_in_range(field->id, 0, ENTRY_KEY_LIMIT - 1);
        }
    }
    assert_int_equal(hosts, HOST_KEY_COUNT);
    assert_int_equal(policies, POLICY_KEY_COUNT);
    assert_int_equal(groups, GROUP_KEY_COUNT);
}

/* Prints the entries, for whoever changes the table: run with `entries`. */
static void print_entries(void) {
    size_t count;
    const struct key *keys = keys_all(&count);
    for (size_t i = 0; i < count; i++) {
        const struct key *key = &keys[i];
        for (const struct key *row = key; row != NULL; row = row == key ? key->entry : row + 1) {
            char text[2048];
            struct buffer entry;
            if (row->name == NULL)
                break;
            buffer_init(&entry, text, sizeof text);
            make_entry(&entry, row);
            fputs(text, stdout);
        }
    }
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "entries") == 0) {
        print_entries();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_its_entry),
        cmocka_unit_test(no_entry_is_left_over),
        cmocka_unit_test(rules_are_listed),
        cmocka_unit_test(rows_are_whole),
    };
    return cmocka_run_group_tests(tests, read_manual, NULL);
}
