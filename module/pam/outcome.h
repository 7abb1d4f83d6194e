/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate's answers mean to libpam, and what libpam's last word means to the gate: two tables, tested row by
 * row. */
#ifndef AUTHGATE_PAM_OUTCOME_H
#define AUTHGATE_PAM_OUTCOME_H

#include <stdbool.h>

#include "base/verdict.h"
#include "wire/request.h"

/* What was heard from the gate. Zeroed: nothing that can be trusted. */
struct answer {
    bool heard;           /* a whole message with a verdict that this side knows and all that must come with it */
    enum verdict verdict; /* where heard */
    bool reason;          /* it gives a reason, known to this side or not */
};

/* What the module had said in the request that was answered. */
struct terms {
    bool defer;        /* a denial may wait for the commit line */
    bool app_password; /* what was typed has an app password's shape */
};

/* The PAM code for an answer to `begin` or `commit`: PAM_SUCCESS (an app password), PAM_IGNORE (go on), PAM_AUTH_ERR,
 * and PAM_AUTHINFO_UNAVAIL for everything that is not in the table. */
int outcome_code(enum request request, const struct answer *answer, const struct terms *terms);

/* How far a login had come when its transaction ended. */
struct progress {
    bool open;            /* `begin` was answered `continue`, with a reason (a deferred denial) or without */
    bool commit_answered; /* whatever the answer was */
    bool accepted;        /* and it was `accept` */
};

/* Whether the gate is to be told of the end, and as what. `status` is what libpam gives to a cleanup function, its
 * PAM_DATA_REPLACE included. */
bool outcome_end(const struct progress *progress, int status, enum end_status *end);

#endif
