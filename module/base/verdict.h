/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gate answers and why: the words of the protocol, the log and the manual, each declared once. */
#ifndef AUTHGATE_BASE_VERDICT_H
#define AUTHGATE_BASE_VERDICT_H

#include <stdbool.h>

/* Zeroed memory denies. */
enum verdict {
    VERDICT_DENY = 0, /* final refusal */
    VERDICT_LATER,    /* cannot tell: refuse, and let the client try again */
    VERDICT_CONTINUE, /* nothing is decided yet: check the password, then commit */
    VERDICT_ACCEPT,
    VERDICT_COUNT
};

/* In the order in which rules decide (DESIGN 5). The first three after `unavailable` are no rule's: they say how
 * the password check went. */
enum reason {
    REASON_NONE = 0,
    REASON_MALFORMED,
    REASON_LOCKED,
    REASON_THROTTLED,
    REASON_SERVICE_CLOSED,
    REASON_MECHANISM,
    REASON_NETWORK,
    REASON_COUNTRY,
    REASON_COUNTRY_UNKNOWN,
    REASON_LEGACY_AUTH,
    REASON_SECOND_FACTOR_MISSING,
    REASON_SECOND_FACTOR_WRONG,
    REASON_SECOND_FACTOR_REUSED,
    REASON_SECOND_FACTOR_BUDGET,
    REASON_APP_PASSWORD_SCOPE,
    REASON_COMPROMISED,
    REASON_NOT_GATED,
    REASON_UNAVAILABLE,
    REASON_PASSWORD,
    REASON_PASSWORD_ERROR,
    REASON_UNCOMMITTED,
    REASON_COUNT
};

/* What the client proved who it is with (DESIGN 4). */
enum credential {
    CREDENTIAL_PASSWORD = 0, /* the bare password: legacy authentication */
    CREDENTIAL_TOTP,
    CREDENTIAL_REMEMBERED,
    CREDENTIAL_RECOVERY_CODE,
    CREDENTIAL_APP_PASSWORD,
    CREDENTIAL_TOKEN,
    CREDENTIAL_COUNT
};

/* The word for a value; "" for REASON_NONE. Never NULL for a value of the enum. */
const char *verdict_name(enum verdict verdict);
const char *reason_name(enum reason reason);
const char *credential_name(enum credential credential);

/* The value for a word; false where there is no such word (and then nothing is written). */
bool verdict_parse(const char *word, enum verdict *verdict);
bool reason_parse(const char *word, enum reason *reason);
bool credential_parse(const char *word, enum credential *credential);

#endif
