/* SPDX-License-Identifier: BSD-2-Clause */
/* `authgatectl explain REF`: one past login, as the history has it. */
#ifndef AUTHGATE_CTL_EXPLAIN_REF_H
#define AUTHGATE_CTL_EXPLAIN_REF_H

#include <stdbool.h>

#include "ctl/verb.h"

/* Whether the words after `explain` are one ref: 13 of [a-z2-7]. An account of that name is asked for with its domain
 * or with --service. */
bool explain_is_ref(const struct invocation *invocation);

/* Says what became of that login, and what would become of it by the policies as they are now. */
enum status explain_ref(struct invocation *invocation);

#endif
