/* SPDX-License-Identifier: BSD-2-Clause */
/* not-gated: mail of a client that says it has authenticated, though no login of that account from that address was
 * ever let through here. Something in front of the mail server checks passwords without asking the gate. */
#include "gate/rules.h"

void not_gated_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    (void)policy;
    judgement->finding = facts->not_gated ? FINDING_AGAINST : FINDING_SILENT;
}

void not_gated_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                    struct buffer *text) {
    (void)facts;
    (void)policy;
    buffer_add(text, judgement->finding == FINDING_AGAINST ? "no login of the account from this address came by here"
                                                           : "it is the login itself that is judged");
}
