/* SPDX-License-Identifier: BSD-2-Clause */
/* Which requests there are, what each must and may carry, and which verdicts each can be answered with: one table for
 * daemon, modules and manual. */
#ifndef AUTHGATE_WIRE_REQUEST_H
#define AUTHGATE_WIRE_REQUEST_H

#include <stdbool.h>

#include "base/verdict.h"
#include "wire/message.h"

enum request {
    REQUEST_BEGIN,
    REQUEST_COMMIT,
    REQUEST_END,
    REQUEST_ASK,
    REQUEST_POLICY, /* smtpd_access_policy */
    REQUEST_COUNT
};

/* How a login ended, as the module that saw it says. */
enum end_status { END_WRONG, END_ERROR, END_UNCOMMITTED, END_WITHDRAWN, END_STATUS_COUNT };

const char *request_name(enum request request);
bool request_parse(const char *word, enum request *request);

const char *end_status_name(enum end_status status);
bool end_status_parse(const char *word, enum end_status *status);

/* Whether every mandatory field is there and every field that this request takes is one that can be; of a repeat's
 * fields (ref, code_length, begun) a begin or ask has all or none. The version in `protocol` is for the caller to look
 * at, and so are smtpd_access_policy's client_address and client_port: what is no address there is an unknown one. */
bool request_complete(enum request request, const struct message *message);

/* Whether `request` can be answered with `verdict` (DESIGN 3). */
bool request_allows(enum request request, enum verdict verdict);

#endif
