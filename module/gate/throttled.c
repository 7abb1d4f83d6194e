/* SPDX-License-Identifier: BSD-2-Clause */
/* throttled: too many distinct wrong passwords lately (the daemon counts them). No mode softens it: it costs less than
 * the password check that it saves. */
#include "gate/rules.h"

void throttled_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    judgement->finding = facts->throttled ? FINDING_AGAINST : FINDING_PASS;
    judgement->source = policy_value(policy, POLICY_THROTTLE_PASSWORDS);
}

void throttled_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                    struct buffer *text) {
    (void)policy;
    if (judgement->finding != FINDING_AGAINST)
        buffer_add(text, "no excess of wrong passwords lately");
    else
        buffer_add(text, facts->throttled_why != NULL ? facts->throttled_why : "too many wrong passwords lately");
}
