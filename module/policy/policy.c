/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate asks of a policy that has been put together. It reads what it is handed and nothing else; how layers
 * come to be is none of its business, so that a test of the gate can link it alone. */
#include "policy/policy.h"

#include <string.h>

#include "policy/layer.h"

size_t policy_slot_count(enum policy_key key) {
    if (key == POLICY_MODES)
        return REASON_COUNT;
    return key == POLICY_SERVICES || key == POLICY_LEGACY_AUTH_SERVICES ? SERVICE_LIMIT : 1;
}

/* The keys with many slots before `key` each push it up by one less than their slots. */
size_t policy_slot(enum policy_key key) {
    size_t slot = key;
    if (key > POLICY_MODES)
        slot += REASON_COUNT - 1;
    if (key > POLICY_SERVICES)
        slot += SERVICE_LIMIT - 1;
    if (key > POLICY_LEGACY_AUTH_SERVICES)
        slot += SERVICE_LIMIT - 1;
    return slot;
}

const struct value *policy_value(const struct policy *policy, enum policy_key key) {
    return policy_value_of(policy, key, 0);
}

const struct value *policy_value_of(const struct policy *policy, enum policy_key key, int index) {
    if (index < 0 || (size_t)index >= policy_slot_count(key))
        return NULL;
    return policy->slot[policy_slot(key) + (size_t)index];
}

int64_t policy_number(const struct policy *policy, enum policy_key key, int64_t otherwise) {
    const struct value *value = policy_value(policy, key);
    return value == NULL ? otherwise : value->number;
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

void policy_release(struct policy *policy) {
    for (size_t i = 0; i < policy->layer_count; i++) {
        struct layer *layer = policy->layers[i];
        if (--layer->references == 0)
            layer->destroy(layer);
    }
    *policy = (struct policy){.layer_count = 0};
}
