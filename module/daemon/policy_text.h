/* SPDX-License-Identifier: BSD-2-Clause */
/* An account's policy as text: the name of each key that has a value, the value, and where it was set. For the admin
 * socket. Times are local in the configuration's zone, as in the files themselves. */
#ifndef AUTHGATE_DAEMON_POLICY_TEXT_H
#define AUTHGATE_DAEMON_POLICY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "policy/configuration.h"
#include "policy/policy.h"

#define POLICY_TEXT_SIZE 2048

/* A key of the policy, or one of its slots. */
struct policy_place {
    enum policy_key key;
    int index; /* 0 where the key has one slot */
};

/* Goes to the next place that has a value, starting from {0, -1}. False after the last. */
bool policy_text_next(const struct policy *policy, struct policy_place *place);

/* The place that holds this very value. False where none does. */
bool policy_text_find(const struct policy *policy, const struct value *value, struct policy_place *place);

/* Appends the key's dotted name: "countries.allow", "services.pop3". */
void policy_text_key(const struct settings *settings, struct policy_place place, struct buffer *text);

/* Appends the value; a list that is too long for the buffer ends in "and N more". */
void policy_text_value(const struct settings *settings, enum policy_key key, const struct value *value,
                       struct buffer *text);

/* Appends file:line, or "built-in". `line` 0 stands for the value's own. */
void policy_text_source(const struct value *value, int line, struct buffer *text);

#endif
