/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate's answer to an `ask` means to libsasl2: one table, tested row by row. */
#ifndef AUTHGATE_SASL_OUTCOME_H
#define AUTHGATE_SASL_OUTCOME_H

#include <stdbool.h>

#include "base/verdict.h"

/* What was heard from the gate. Zeroed: nothing that can be trusted. */
struct answer {
    bool heard;           /* a whole message with a verdict that this side knows */
    enum verdict verdict; /* where heard */
    bool reason;          /* it gives a reason, known to this side or not */
};

/* The SASL code for it: SASL_OK (let the password be checked), SASL_BADAUTH (refused), and SASL_UNAVAIL for everything
 * that is not in the table. */
int outcome_code(const struct answer *answer);

#endif
