/* SPDX-License-Identifier: BSD-2-Clause */
/* second-factor-missing: a bare password where a second factor is due: totp is "required", or "enrolled" and the
 * account has a confirmed secret. Not asked for on a remembered network, nor on a trusted one with trusted_networks =
 * "skip". "off" never looks at the store. Before second_factor.from it only reports. Whether a code is right is judged
 * at commit, elsewhere. */
#include "gate/place.h"
#include "gate/rules.h"
#include "gate/schedule.h"

enum grounds { SWITCHED_OFF, NO_BARE_PASSWORD, SKIPPED, REMEMBERED, UNREADABLE, NOT_ENROLLED, ENROLLED, REQUIRED };

static enum grounds look(const struct facts *facts, const struct policy *policy, enum totp_demand demand) {
    if (demand == TOTP_OFF)
        return SWITCHED_OFF;
    if (facts->credential != CREDENTIAL_PASSWORD)
        return NO_BARE_PASSWORD;
    if (policy_number(policy, POLICY_SECOND_FACTOR_TRUSTED_NETWORKS, 0) == 1 &&
        place_of(facts, policy) == PLACE_TRUSTED)
        return SKIPPED;
    if (facts->store_unreadable)
        return UNREADABLE;
    if (demand == TOTP_ENROLLED && !facts->enrolled)
        return NOT_ENROLLED;
    if (facts->network_remembered)
        return REMEMBERED;
    return demand == TOTP_ENROLLED ? ENROLLED : REQUIRED;
}

void second_factor_missing_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    const struct value *totp = policy_value(policy, POLICY_SECOND_FACTOR_TOTP);
    enum grounds grounds = look(facts, policy, totp != NULL ? (enum totp_demand)totp->number : TOTP_ENROLLED);
    judgement->grounds = (int)grounds;
    judgement->source = totp;
    judgement->finding = FINDING_PASS;
    if (grounds == SKIPPED)
        judgement->source = policy_value(policy, POLICY_SECOND_FACTOR_TRUSTED_NETWORKS);
    else if (grounds == UNREADABLE)
        judgement->finding = FINDING_CANNOT_TELL;
    else if (grounds == ENROLLED || grounds == REQUIRED)
        judgement->finding = FINDING_AGAINST;
    if (judgement->finding != FINDING_PASS)
        schedule_apply(policy_value(policy, POLICY_SECOND_FACTOR_FROM), NULL, facts->now, judgement);
}

void second_factor_missing_tell(const struct facts *facts, const struct policy *policy,
                                const struct judgement *judgement, struct buffer *text) {
    static const char *const words[] = {
        [SWITCHED_OFF] = "second_factor.totp is off",
        [NO_BARE_PASSWORD] = " is no bare password",
        [SKIPPED] = "trusted networks need no second factor",
        [REMEMBERED] = "a second factor was given from this network before",
        [UNREADABLE] = "the store could not be read",
        [NOT_ENROLLED] = "the account has no confirmed secret",
        [ENROLLED] = "the account has a confirmed secret, and only a password was given",
        [REQUIRED] = "a second factor is required, and only a password was given",
    };
    (void)policy;
    if (judgement->grounds == NO_BARE_PASSWORD)
        buffer_add(text, credential_name(facts->credential));
    buffer_add(text, words[judgement->grounds]);
}
