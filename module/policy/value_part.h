/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that read values share among themselves; value.h is for everybody else. */
#ifndef AUTHGATE_POLICY_VALUE_PART_H
#define AUTHGATE_POLICY_VALUE_PART_H

#include <stdbool.h>

#include "policy/reading.h"

/* Notes that a setting has not the key's type; false, so that it can be returned. */
bool value_wrong_type(struct reading *reading, const config_setting_t *setting, const struct key *key);

/* The text of a setting, or NULL with a mistake. */
const char *value_text(struct reading *reading, const config_setting_t *setting, const struct key *key);

/* Calls `take` for each text in a list; false where one of them is no text or `take` refused it. One text alone is told
 * how a list is written. */
bool value_each_text(struct reading *reading, const config_setting_t *list, const struct key *key,
                     bool (*take)(struct reading *, const config_setting_t *, const char *, void *), void *context);

/* Read a key of TYPE_COUNTRIES and of TYPE_PREFIXES. */
bool value_countries(struct reading *reading, const config_setting_t *setting, const struct key *key,
                     struct value *value);
bool value_prefixes(struct reading *reading, const config_setting_t *setting, const struct key *key,
                    struct value *value);

#endif
