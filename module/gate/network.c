/* SPDX-License-Identifier: BSD-2-Clause */
/* network: the address lies in networks.denied. `trusted` does not open what `denied` closes. An unknown address lies
 * in no network: the rule is silent, and country-unknown decides what becomes of it. */
#include "gate/place.h"
#include "gate/rules.h"

void network_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    const struct value *denied = policy_value(policy, POLICY_NETWORKS_DENIED);
    judgement->source = denied;
    if (denied == NULL || denied->count == 0)
        judgement->finding = FINDING_PASS;
    else if (facts->address.family == 0)
        judgement->finding = FINDING_SILENT;
    else
        judgement->finding = value_holds_address(denied, &facts->address) ? FINDING_AGAINST : FINDING_PASS;
}

void network_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                  struct buffer *text) {
    (void)policy;
    if (judgement->source == NULL || judgement->source->count == 0) {
        buffer_add(text, "no network is denied");
        return;
    }
    place_tell_address(facts, text);
    if (judgement->finding == FINDING_SILENT)
        buffer_add(text, " lies in no network");
    else
        buffer_add(text,
                   judgement->finding == FINDING_AGAINST ? " is in networks.denied" : " is not in networks.denied");
}
