/* SPDX-License-Identifier: BSD-2-Clause */
/* The two tables between the gate's words and PAM's codes. Everything that is not in the first one is an error, so an
 * answer that is new, misplaced or missing can never become PAM_IGNORE or PAM_SUCCESS. No I/O, no state. */
#include "pam/outcome.h"

#include <security/pam_modules.h>
#include <stddef.h>

enum with_reason { WITHOUT, WITH, EITHER };
enum on_terms { ALWAYS, IF_DEFERRED, IF_APP_PASSWORD };

static const struct row {
    enum request request;
    enum verdict verdict;
    enum with_reason reason;
    enum on_terms terms;
    int code;
} rows[] = {
    {REQUEST_BEGIN, VERDICT_ACCEPT, WITHOUT, IF_APP_PASSWORD, PAM_SUCCESS},
    {REQUEST_BEGIN, VERDICT_CONTINUE, WITHOUT, ALWAYS, PAM_IGNORE},
    {REQUEST_BEGIN, VERDICT_CONTINUE, WITH, IF_DEFERRED, PAM_IGNORE},
    {REQUEST_BEGIN, VERDICT_DENY, EITHER, ALWAYS, PAM_AUTH_ERR},
    {REQUEST_BEGIN, VERDICT_LATER, EITHER, ALWAYS, PAM_AUTHINFO_UNAVAIL},
    {REQUEST_COMMIT, VERDICT_ACCEPT, WITHOUT, ALWAYS, PAM_IGNORE},
    {REQUEST_COMMIT, VERDICT_DENY, EITHER, ALWAYS, PAM_AUTH_ERR},
    {REQUEST_COMMIT, VERDICT_LATER, EITHER, ALWAYS, PAM_AUTHINFO_UNAVAIL},
};

static bool on_these(enum on_terms wanted, const struct terms *terms) {
    switch (wanted) {
    case ALWAYS:
        return true;
    case IF_DEFERRED:
        return terms->defer;
    case IF_APP_PASSWORD:
        return terms->app_password;
    }
    return false;
}

int outcome_code(enum request request, const struct answer *answer, const struct terms *terms) {
    enum with_reason reason = answer->reason ? WITH : WITHOUT;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && answer->heard; i++)
        if (rows[i].request == request && rows[i].verdict == answer->verdict &&
            (rows[i].reason == EITHER || rows[i].reason == reason) && on_these(rows[i].terms, terms))
            return rows[i].code;
    return PAM_AUTHINFO_UNAVAIL;
}

/* Final statuses that say "this was not the user's password", rather than "nobody could tell". */
static const int wrong_password[] = {PAM_AUTH_ERR, PAM_USER_UNKNOWN, PAM_MAXTRIES, PAM_PERM_DENIED};

static enum end_status end_of_unanswered(int status) {
    for (size_t i = 0; i < sizeof wrong_password / sizeof *wrong_password; i++)
        if (status == wrong_password[i])
            return END_WRONG;
    return END_ERROR;
}

bool outcome_end(const struct progress *progress, int status, enum end_status *end) {
    bool replaced = (status & PAM_DATA_REPLACE) != 0;
    int final = status & ~(PAM_DATA_REPLACE | PAM_DATA_SILENT);
    if (!progress->open)
        return false;
    if (replaced) {
        *end = END_WRONG;
        return !progress->commit_answered;
    }
    if (progress->accepted) {
        *end = END_WITHDRAWN;
        return final != PAM_SUCCESS;
    }
    if (final == PAM_SUCCESS) {
        *end = END_UNCOMMITTED;
        return true;
    }
    *end = end_of_unanswered(final);
    return !progress->commit_answered;
}
