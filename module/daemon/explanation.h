/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that say how a login would be decided, and why. Gives no verdict of its own: gate_decide does. */
#ifndef AUTHGATE_DAEMON_EXPLANATION_H
#define AUTHGATE_DAEMON_EXPLANATION_H

#include <stdbool.h>

#include "daemon/records.h"
#include "gate/gate.h"
#include "policy/configuration.h"

#define EXPLANATION_UNREADABLE                                                                                         \
    "the account's policy cannot be read: its file or a group has mistakes, or a lookup failed"

struct explanation {
    const struct settings *settings;
    const struct facts *facts;
    const struct policy *policy;
    const char *account; /* canonical */
    const char *service; /* as known, or as asked */
    int64_t throttled_until; /* seconds since the epoch; 0: no throttle holds */
    bool readable;       /* false: the policy could not be had, nothing can be judged */
};

/* Adds record=login, rule, softened, verdict and policy, as admin_protocol.h has them. */
void explanation_add(const struct explanation *explanation, struct records *records);

/* Adds record=policy for each value that holds. */
void explanation_add_policy(const struct policy *policy, const struct settings *settings, struct records *records);

#endif
