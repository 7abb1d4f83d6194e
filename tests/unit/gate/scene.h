/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy made of literals for the gate's unit tests: the accessors of policy.h over a plain table, so that a rule's
 * test needs no configuration file and links nothing of module/policy. Included once by each test program. */
#ifndef TESTS_GATE_SCENE_H
#define TESTS_GATE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "gate/rules.h"

static struct {
    const struct value *key[POLICY_KEY_COUNT];
    const struct value *entry[POLICY_KEY_COUNT][REASON_COUNT];
} scene;

#define SCENE_POLICY ((const struct policy *)&scene) /* opaque to the rules, which only hand it on */

static inline void scene_clear(void) {
    memset(&scene, 0, sizeof scene);
}

const struct value *policy_value(const struct policy *policy, enum policy_key key) {
    (void)policy;
    return scene.key[key];
}

const struct value *policy_value_of(const struct policy *policy, enum policy_key key, int index) {
    (void)policy;
    return index < 0 || index >= REASON_COUNT ? NULL : scene.entry[key][index];
}

int64_t policy_number(const struct policy *policy, enum policy_key key, int64_t otherwise) {
    const struct value *value = policy_value(policy, key);
    return value != NULL ? value->number : otherwise;
}

bool value_holds_address(const struct value *value, const struct address *address) {
    for (size_t i = 0; value != NULL && i < value->count; i++)
        if (prefix_contains(&value->prefixes[i], address))
            return true;
    return false;
}

bool value_holds_word(const struct value *value, const char *word) {
    for (size_t i = 0; value != NULL && i < value->count; i++)
        if (strcmp(value->words[i], word) == 0)
            return true;
    return false;
}

static inline struct address scene_address(const char *text) {
    struct address address = {0};
    if (text != NULL)
        assert_true(address_parse(text, &address));
    return address;
}

/* Sets a list of one network, where there is one. */
static inline void scene_network(enum policy_key key, const char *text, struct prefix *prefix, struct value *value) {
    if (text == NULL)
        return;
    assert_int_equal(prefix_parse(text, prefix), PREFIX_OK);
    *value = (struct value){.file = "test", .line = 1, .count = 1, .prefixes = prefix};
    scene.key[key] = value;
}

/* Adds blank-separated codes to a set. */
static inline void scene_countries(const char *codes, struct country_set *set) {
    for (const char *code = codes; code != NULL && *code != '\0'; code += code[2] == ' ' ? 3 : 2) {
        char letters[3] = {code[0], code[1], '\0'};
        country_set_add(set, country_code_parse(letters));
    }
}

typedef void judge_function(const struct facts *, const struct policy *, struct judgement *);
typedef void tell_function(const struct facts *, const struct policy *, const struct judgement *, struct buffer *);

/* Judges as gate.c does. */
static inline struct judgement scene_judge(judge_function *judge, const struct facts *facts) {
    struct judgement judgement = {.finding = FINDING_CANNOT_TELL};
    judge(facts, SCENE_POLICY, &judgement);
    return judgement;
}

/* Judges and compares the words for it. */
static inline void scene_says(judge_function *judge, tell_function *tell, const struct facts *facts,
                              const char *words) {
    struct judgement judgement = scene_judge(judge, facts);
    char storage[200];
    struct buffer text;
    buffer_init(&text, storage, sizeof storage);
    tell(facts, SCENE_POLICY, &judgement, &text);
    assert_string_equal(storage, words);
}

#endif
