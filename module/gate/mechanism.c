/* SPDX-License-Identifier: BSD-2-Clause */
/* mechanism: the SASL mechanism is one that legacy_auth.mechanisms refuses, whatever the credential. Where the hook
 * does not tell the mechanism (PAM) the rule is silent. It belongs to the legacy_auth group, so legacy_auth.from and
 * its brownouts say when it starts. */
#include "gate/rules.h"
#include "gate/schedule.h"

void mechanism_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    const struct value *refused = policy_value(policy, POLICY_LEGACY_AUTH_MECHANISMS);
    judgement->source = refused;
    if (refused == NULL || refused->count == 0) {
        judgement->finding = FINDING_PASS;
        return;
    }
    if (facts->mechanism == NULL) {
        judgement->finding = FINDING_SILENT;
        return;
    }
    judgement->finding = value_holds_word(refused, facts->mechanism) ? FINDING_AGAINST : FINDING_PASS;
    schedule_apply(policy_value(policy, POLICY_LEGACY_AUTH_FROM), policy_value(policy, POLICY_LEGACY_AUTH_BROWNOUTS),
                   facts->now, judgement);
}

void mechanism_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                    struct buffer *text) {
    (void)policy;
    if (judgement->finding == FINDING_SILENT)
        buffer_add(text, "the mechanism is not known here (PAM does not tell it)");
    else if (judgement->finding == FINDING_AGAINST)
        buffer_add_format(text, "legacy_auth.mechanisms refuses %s", facts->mechanism);
    else if (facts->mechanism != NULL)
        buffer_add_format(text, "legacy_auth.mechanisms does not refuse %s", facts->mechanism);
    else
        buffer_add(text, "no mechanism is refused");
}
