/* SPDX-License-Identifier: BSD-2-Clause */
/* locked: the account was locked, by hand or by the gate itself, or its back end says that it does not exist. A lock by
 * hand is an order: neither a mode nor an exception softens it. A lock that could not be read may be one by hand, so it
 * is not softened either. */
#include "gate/rules.h"

void locked_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    (void)policy;
    judgement->finding = FINDING_PASS;
    if (facts->locked == KNOWN_YES) {
        judgement->finding = FINDING_AGAINST;
        judgement->enforced = facts->lock_by_hand || facts->gone;
    } else if (facts->locked != KNOWN_NO) {
        judgement->finding = FINDING_CANNOT_TELL;
        judgement->enforced = true;
    }
}

void locked_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                 struct buffer *text) {
    (void)policy;
    if (judgement->finding == FINDING_CANNOT_TELL)
        buffer_add(text, "whether the account is locked could not be found out");
    else if (judgement->finding == FINDING_PASS)
        buffer_add(text, "the account is not locked");
    else
        buffer_add(text, facts->gone           ? "the account does not exist any more"
                         : facts->lock_by_hand ? "the account was locked by hand"
                                               : "the gate locked the account");
}
