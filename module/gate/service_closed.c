/* SPDX-License-Identifier: BSD-2-Clause */
/* service-closed: the policy closes the service for the account, or the service is none that the host knows
 * (services_known adds names). */
#include "gate/rules.h"

enum { SERVICE_CLOSED = 1 };

void service_closed_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    if (facts->service == SERVICE_UNKNOWN) {
        judgement->finding = FINDING_AGAINST;
        return;
    }
    judgement->source = policy_value_of(policy, POLICY_SERVICES, facts->service);
    bool closed = judgement->source != NULL && judgement->source->number == SERVICE_CLOSED;
    judgement->finding = closed ? FINDING_AGAINST : FINDING_PASS;
}

void service_closed_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                         struct buffer *text) {
    (void)policy;
    if (facts->service == SERVICE_UNKNOWN)
        buffer_add(text, "the host knows no such service; services_known adds names");
    else
        buffer_add(text,
                   judgement->finding == FINDING_AGAINST ? "services closes this service" : "the service is open");
}
