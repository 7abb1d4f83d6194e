/* SPDX-License-Identifier: BSD-2-Clause */
/* The table between the gate's words and SASL's codes. libsasl2 lets logins pass on more codes than SASL_OK (NOUSER,
 * NOMECH and NOVERIFY among them), so none of those is in it: what is new, misplaced or missing is SASL_UNAVAIL. No
 * I/O, no state. */
#include "sasl/outcome.h"

#include <sasl/sasl.h>
#include <stddef.h>

enum with_reason { WITHOUT, EITHER };

static const struct row {
    enum verdict verdict;
    enum with_reason reason;
    int code;
} rows[] = {
    {VERDICT_CONTINUE, WITHOUT, SASL_OK},
    {VERDICT_DENY, EITHER, SASL_BADAUTH},
    {VERDICT_LATER, EITHER, SASL_UNAVAIL},
};

int outcome_code(const struct answer *answer) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows && answer->heard; i++)
        if (rows[i].verdict == answer->verdict && (rows[i].reason == EITHER || !answer->reason))
            return rows[i].code;
    return SASL_UNAVAIL;
}
