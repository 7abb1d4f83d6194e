/* SPDX-License-Identifier: BSD-2-Clause */
/* One file's policy: the values that it sets, counted by reference because a login may still look at them after the
 * file has been read again. Belongs to one thread. */
#ifndef AUTHGATE_POLICY_LAYER_H
#define AUTHGATE_POLICY_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/policy.h"

/* A value and the slot of struct policy that it belongs in. */
struct layer_setting {
    struct layer_setting *next;
    uint16_t slot;
    struct value value;
};

struct layer {
    size_t references;
    void (*destroy)(struct layer *layer);
    struct layer_setting *settings;
    struct arena memory; /* of everything that the values point at */
};

/* An empty layer with one reference; NULL where memory is short. */
struct layer *layer_create(void);

/* Room for the value of a slot, zeroed; NULL where memory is short (and then layer->memory.failed). */
struct value *layer_add(struct layer *layer, size_t slot);

/* The value that the layer has for a slot, or NULL. */
const struct value *layer_value(const struct layer *layer, size_t slot);

/* Gives one reference back and sets the pointer to NULL. Safe on NULL. */
void layer_release(struct layer **layer);

/* Puts a further layer under those that the policy has: its values fill the slots that are still empty, and the policy
 * keeps it alive. False where the policy has no room for one more. NULL is no layer, and true. */
bool layer_apply(struct layer *layer, struct policy *policy);

#endif
