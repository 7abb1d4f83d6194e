/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes the value of one key out of a file. */
#ifndef AUTHGATE_POLICY_VALUE_H
#define AUTHGATE_POLICY_VALUE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "policy/reading.h"

/* Reads a setting as a key of any type but TYPE_ENTRIES, with its origin. False (with a mistake) where it cannot be.
 * Texts are words with a count of 1. */
bool value_read(struct reading *reading, const config_setting_t *setting, const struct key *key, struct value *value);

/* Appends the words that a key can be, in quotes and with commas between. */
void value_list_choices(const char *const *choices, struct buffer *buffer);

#endif
