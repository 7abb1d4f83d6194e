/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes layers and lays them over one another, the nearest first. Called where files are read and where an account's
 * policy is put together; it does not know what the values mean. */
#include "policy/layer.h"

#include <stdlib.h>

static void destroy(struct layer *layer) {
    arena_clear(&layer->memory);
    free(layer);
}

struct layer *layer_create(void) {
    struct layer *layer = calloc(1, sizeof *layer);
    if (layer != NULL)
        *layer = (struct layer){.references = 1, .destroy = destroy};
    return layer;
}

struct value *layer_add(struct layer *layer, size_t slot) {
    struct layer_setting *setting = arena_take(&layer->memory, 1, sizeof *setting);
    if (setting == NULL)
        return NULL;
    setting->slot = (uint16_t)slot;
    setting->next = layer->settings;
    layer->settings = setting;
    return &setting->value;
}

const struct value *layer_value(const struct layer *layer, size_t slot) {
    for (const struct layer_setting *setting = layer->settings; setting != NULL; setting = setting->next)
        if (setting->slot == slot)
            return &setting->value;
    return NULL;
}

void layer_release(struct layer **layer) {
    if (*layer != NULL && --(*layer)->references == 0)
        (*layer)->destroy(*layer);
    *layer = NULL;
}

bool layer_apply(struct layer *layer, struct policy *policy) {
    if (layer == NULL)
        return true;
    if (policy->layer_count == POLICY_LAYER_LIMIT)
        return false;
    layer->references++;
    policy->layers[policy->layer_count++] = layer;
    for (const struct layer_setting *setting = layer->settings; setting != NULL; setting = setting->next)
        if (policy->slot[setting->slot] == NULL)
            policy->slot[setting->slot] = &setting->value;
    return true;
}
