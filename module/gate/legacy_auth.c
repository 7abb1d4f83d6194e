/* SPDX-License-Identifier: BSD-2-Clause */
/* legacy-auth: a bare password, where the policy has ended that for the service. The service's own entry wins over the
 * default. Before legacy_auth.from it only reports, brownouts excepted. Whether a second factor is due is the next
 * rule's question. */
#include "gate/rules.h"
#include "gate/schedule.h"

static const struct value *setting(const struct facts *facts, const struct policy *policy) {
    const struct value *value = policy_value_of(policy, POLICY_LEGACY_AUTH_SERVICES, facts->service);
    return value != NULL ? value : policy_value(policy, POLICY_LEGACY_AUTH_DEFAULT);
}

void legacy_auth_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    judgement->finding = FINDING_PASS;
    if (facts->credential != CREDENTIAL_PASSWORD)
        return;
    judgement->source = setting(facts, policy);
    if (judgement->source == NULL || judgement->source->number == ACTION_ALLOW)
        return;
    judgement->finding = FINDING_AGAINST;
    if (judgement->source->number == ACTION_REPORT) {
        judgement->report_only = true;
        judgement->softener = judgement->source;
        return;
    }
    schedule_apply(policy_value(policy, POLICY_LEGACY_AUTH_FROM), policy_value(policy, POLICY_LEGACY_AUTH_BROWNOUTS),
                   facts->now, judgement);
}

void legacy_auth_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                      struct buffer *text) {
    (void)policy;
    if (facts->credential != CREDENTIAL_PASSWORD)
        buffer_add_format(text, "%s is no bare password", credential_name(facts->credential));
    else
        buffer_add(text, judgement->finding == FINDING_AGAINST ? "legacy_auth ends bare passwords on this service"
                                                               : "a bare password may be used on this service");
}
