/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of groups: sockets, travels, brownouts, exceptions. */
#ifndef AUTHGATE_POLICY_ENTRY_H
#define AUTHGATE_POLICY_ENTRY_H

#include <stdbool.h>

#include "policy/reading.h"

/* One group of a list, its fields by the ids of the list's entry keys. */
struct entry {
    const config_setting_t *setting;
    struct value fields[ENTRY_KEY_LIMIT];
    bool set[ENTRY_KEY_LIMIT];
    int line;
};

/* Reads every group of a list and hands each that is whole to `take`. False where anything was wrong with one. */
bool entries_read(struct reading *reading, const config_setting_t *list, const struct key *key,
                  bool (*take)(struct reading *reading, const struct entry *entry, void *context), void *context);

/* Reads a policy's list (travel, brownouts, exceptions) into the array that the value has for it. */
bool entries_read_value(struct reading *reading, const config_setting_t *list, const struct key *key,
                        struct value *value);

#endif
