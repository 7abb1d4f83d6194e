/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules, one file each. judge() finds; tell() says in a few words why, from the judgement's grounds. Both read only
 * their arguments. gate.c lists them in the order in which they decide; nobody else calls them. */
#ifndef AUTHGATE_GATE_RULES_H
#define AUTHGATE_GATE_RULES_H

#include "base/buffer.h"
#include "gate/gate.h"

#define GATE_RULE(name)                                                                                                \
    void name##_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement);            \
    void name##_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,        \
                     struct buffer *text)

GATE_RULE(locked);
GATE_RULE(throttled);
GATE_RULE(service_closed);
GATE_RULE(mechanism);
GATE_RULE(network);
GATE_RULE(country);
GATE_RULE(country_unknown);
GATE_RULE(legacy_auth);
GATE_RULE(second_factor_missing);
GATE_RULE(app_password_scope);
GATE_RULE(not_gated);

#undef GATE_RULE

#endif
