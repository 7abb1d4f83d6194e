/* SPDX-License-Identifier: BSD-2-Clause */
/* What libpam would make of a stack if its modules answered so and so. Pure: no module is loaded. */
#ifndef AUTHGATE_CTL_PAM_WALK_H
#define AUTHGATE_CTL_PAM_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/pam_stack.h"

/* What the module of a line answers. Called once for each line that is reached, in that order. */
typedef enum pam_result pam_answer(void *context, const struct pam_line *line);

/* The stack's result. An empty one is PAM_RESULT_PERM_DENIED. */
enum pam_result pam_walk(const struct pam_lines *lines, pam_answer *answer, void *context);

#endif
