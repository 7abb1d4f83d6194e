/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of requests: the daemon refuses by it what is not one, the modules distrust by it what answers none. It
 * judges one message at a time and remembers nothing: which request may follow which is the conversation's. */
#include "wire/request.h"

#include <stdint.h>
#include <string.h>

#define BIT(field)   ((uint64_t)1 << (field))
#define CAN(verdict) (1U << (verdict))

/* A repeat after a lost connection carries all three or is none. */
#define REPEAT     (BIT(FIELD_REF) | BIT(FIELD_CODE_LENGTH) | BIT(FIELD_BEGUN))
#define LOGIN_MUST (BIT(FIELD_PROTOCOL) | BIT(FIELD_USER) | BIT(FIELD_SERVICE))
#define LOGIN_MAY                                                                                                      \
    (BIT(FIELD_CLIENT_ADDRESS) | BIT(FIELD_MECHANISM) | BIT(FIELD_DIGITS) | BIT(FIELD_APP_PASSWORD) |                  \
     BIT(FIELD_DEFER) | REPEAT)

struct row {
    const char *name;
    uint64_t must;    /* fields it cannot do without */
    uint64_t may;     /* further fields whose value must be one that can be */
    unsigned answers; /* a bit for each verdict it can be answered with */
};

static const struct row rows[REQUEST_COUNT] = {
    [REQUEST_BEGIN] = {.name = "begin",
                       .must = LOGIN_MUST,
                       .may = LOGIN_MAY,
                       .answers = CAN(VERDICT_CONTINUE) | CAN(VERDICT_ACCEPT) | CAN(VERDICT_DENY) | CAN(VERDICT_LATER)},
    [REQUEST_COMMIT] = {.name = "commit",
                        .must = BIT(FIELD_REF) | BIT(FIELD_USER),
                        .may = BIT(FIELD_PASSWORD_MARK),
                        .answers = CAN(VERDICT_ACCEPT) | CAN(VERDICT_DENY) | CAN(VERDICT_LATER)},
    [REQUEST_END] = {.name = "end",
                     .must = BIT(FIELD_REF) | BIT(FIELD_USER) | BIT(FIELD_STATUS),
                     .may = BIT(FIELD_PASSWORD_MARK)},
    [REQUEST_ASK] = {.name = "ask",
                     .must = LOGIN_MUST,
                     .may = LOGIN_MAY | BIT(FIELD_CLIENT_PORT) | BIT(FIELD_PWCHECK) | BIT(FIELD_PWCHECK_PATH),
                     .answers = CAN(VERDICT_CONTINUE) | CAN(VERDICT_DENY) | CAN(VERDICT_LATER)},
    /* Postfix writes "unknown" where it knows no address or port: both stand as they are, and what is no address is
     * an unknown one. */
    [REQUEST_POLICY] = {.name = "smtpd_access_policy",
                        .may = BIT(FIELD_SASL_METHOD) | BIT(FIELD_SASL_USERNAME) | BIT(FIELD_ENCRYPTION_PROTOCOL) |
                               BIT(FIELD_SERVICE)},
};

static const char *const status_words[END_STATUS_COUNT] = {
    [END_WRONG] = "wrong",
    [END_ERROR] = "error",
    [END_UNCOMMITTED] = "uncommitted",
    [END_WITHDRAWN] = "withdrawn",
};

const char *request_name(enum request request) {
    return rows[request].name;
}

bool request_parse(const char *word, enum request *request) {
    for (unsigned i = 0; i < REQUEST_COUNT; i++)
        if (strcmp(rows[i].name, word) == 0) {
            *request = (enum request)i;
            return true;
        }
    return false;
}

const char *end_status_name(enum end_status status) {
    return status_words[status];
}

bool end_status_parse(const char *word, enum end_status *status) {
    for (unsigned i = 0; i < END_STATUS_COUNT; i++)
        if (strcmp(status_words[i], word) == 0) {
            *status = (enum end_status)i;
            return true;
        }
    return false;
}

bool request_complete(enum request request, const struct message *message) {
    const struct row *row = &rows[request];
    uint64_t given = 0;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (message->value[i] == NULL)
            continue;
        given |= BIT(i);
        if (((row->must | row->may) & BIT(i)) != 0 && !field_valid((enum field)i, message->value[i]))
            return false;
    }
    if ((given & row->must) != row->must)
        return false;
    uint64_t repeat = given & row->may & REPEAT;
    enum end_status status;
    return (repeat == 0 || repeat == REPEAT) &&
           (request != REQUEST_END || end_status_parse(message->value[FIELD_STATUS], &status));
}

bool request_allows(enum request request, enum verdict verdict) {
    return (unsigned)verdict < VERDICT_COUNT && (rows[request].answers & CAN(verdict)) != 0;
}
