/* SPDX-License-Identifier: BSD-2-Clause */
/* The effective policy of an account as `explain` and `account show` print it: from the daemon's record=policy
 * messages, one for each key that has a value. */
#ifndef AUTHGATE_CTL_POLICY_VIEW_H
#define AUTHGATE_CTL_POLICY_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/grid.h"
#include "ctl/json.h"
#include "wire/message.h"

struct policy_view {
    struct json *list; /* NULL: a table for people */
    struct grid grid;
    bool only_set; /* leave built-in defaults out of the table */
    size_t built_in;
};

/* `list` is where the JSON goes, NULL for a table. */
struct policy_view policy_view_start(struct json *list, bool only_set);

void policy_view_take(struct policy_view *view, const struct message *record);

/* Prints the table, and how many defaults were left out of it. */
void policy_view_print(struct policy_view *view);

#endif
