/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of verdicts, reasons and credentials. */
#include "base/verdict.h"

#include <stddef.h>
#include <string.h>

static const char *const verdict_words[VERDICT_COUNT] = {
    [VERDICT_DENY] = "deny",
    [VERDICT_LATER] = "later",
    [VERDICT_CONTINUE] = "continue",
    [VERDICT_ACCEPT] = "accept",
};

static const char *const reason_words[REASON_COUNT] = {
    [REASON_NONE] = "",
    [REASON_MALFORMED] = "malformed",
    [REASON_LOCKED] = "locked",
    [REASON_THROTTLED] = "throttled",
    [REASON_SERVICE_CLOSED] = "service-closed",
    [REASON_MECHANISM] = "mechanism",
    [REASON_NETWORK] = "network",
    [REASON_COUNTRY] = "country",
    [REASON_COUNTRY_UNKNOWN] = "country-unknown",
    [REASON_LEGACY_AUTH] = "legacy-auth",
    [REASON_SECOND_FACTOR_MISSING] = "second-factor-missing",
    [REASON_SECOND_FACTOR_WRONG] = "second-factor-wrong",
    [REASON_SECOND_FACTOR_REUSED] = "second-factor-reused",
    [REASON_SECOND_FACTOR_BUDGET] = "second-factor-budget",
    [REASON_APP_PASSWORD_SCOPE] = "app-password-scope",
    [REASON_COMPROMISED] = "compromised",
    [REASON_NOT_GATED] = "not-gated",
    [REASON_UNAVAILABLE] = "unavailable",
    [REASON_PASSWORD] = "password",
    [REASON_PASSWORD_ERROR] = "password-error",
    [REASON_UNCOMMITTED] = "uncommitted",
};

static const char *const credential_words[CREDENTIAL_COUNT] = {
    [CREDENTIAL_PASSWORD] = "password",
    [CREDENTIAL_TOTP] = "totp",
    [CREDENTIAL_REMEMBERED] = "remembered",
    [CREDENTIAL_RECOVERY_CODE] = "recovery-code",
    [CREDENTIAL_APP_PASSWORD] = "app-password",
    [CREDENTIAL_TOKEN] = "token",
};

static int find(const char *const *words, int count, const char *word) {
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

const char *verdict_name(enum verdict verdict) {
    return (unsigned)verdict < VERDICT_COUNT ? verdict_words[verdict] : "deny";
}

const char *reason_name(enum reason reason) {
    return (unsigned)reason < REASON_COUNT ? reason_words[reason] : "unavailable";
}

const char *credential_name(enum credential credential) {
    return (unsigned)credential < CREDENTIAL_COUNT ? credential_words[credential] : "password";
}

bool verdict_parse(const char *word, enum verdict *verdict) {
    int found = find(verdict_words, VERDICT_COUNT, word);
    if (found >= 0)
        *verdict = (enum verdict)found;
    return found >= 0;
}

bool reason_parse(const char *word, enum reason *reason) {
    int found = find(reason_words + 1, REASON_COUNT - 1, word);
    if (found >= 0)
        *reason = (enum reason)(found + 1);
    return found >= 0;
}

bool credential_parse(const char *word, enum credential *credential) {
    int found = find(credential_words, CREDENTIAL_COUNT, word);
    if (found >= 0)
        *credential = (enum credential)found;
    return found >= 0;
}
