/* SPDX-License-Identifier: BSD-2-Clause */
/* country-unknown: no country is known for the login: the hook gave no address, the address is a proxy's, or the
 * database has no country for it (private and loopback addresses among them). countries.unknown says what happens then;
 * unset, such a login is denied once countries.allow or countries.deny is set. A trusted network passes. */
#include "gate/place.h"
#include "gate/rules.h"

enum grounds { KNOWN, TRUSTED, NO_ADDRESS, PROXY, NOT_IN_DATABASE, UNREADABLE };

static enum grounds look(const struct facts *facts, const struct policy *policy) {
    switch (place_of(facts, policy)) {
    case PLACE_NO_ADDRESS:
        return NO_ADDRESS;
    case PLACE_PROXY:
        return PROXY;
    case PLACE_TRUSTED:
        return TRUSTED;
    case PLACE_ANYWHERE:
        break;
    }
    if (facts->country_unreadable)
        return UNREADABLE;
    return facts->country == COUNTRY_UNKNOWN ? NOT_IN_DATABASE : KNOWN;
}

/* What to do with an unknown country, and the value that says so. */
static enum action action_of(const struct policy *policy, const struct value **source) {
    *source = policy_value(policy, POLICY_COUNTRIES_UNKNOWN);
    if (*source != NULL)
        return (enum action)(*source)->number;
    if (!place_restricted(policy))
        return ACTION_ALLOW;
    *source = policy_value(policy, POLICY_COUNTRIES_ALLOW);
    if (*source == NULL)
        *source = policy_value(policy, POLICY_COUNTRIES_DENY);
    return ACTION_DENY;
}

void country_unknown_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    enum grounds grounds = look(facts, policy);
    judgement->grounds = (int)grounds;
    judgement->finding = FINDING_PASS;
    if (grounds == KNOWN)
        return;
    if (grounds == TRUSTED) {
        judgement->source = policy_value(policy, POLICY_NETWORKS_TRUSTED);
        return;
    }
    enum action action = action_of(policy, &judgement->source);
    if (action == ACTION_ALLOW)
        return;
    judgement->finding = grounds == UNREADABLE ? FINDING_CANNOT_TELL : FINDING_AGAINST;
    judgement->report_only = action == ACTION_REPORT;
    judgement->softener = judgement->report_only ? judgement->source : NULL;
}

void country_unknown_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                          struct buffer *text) {
    (void)policy;
    switch ((enum grounds)judgement->grounds) {
    case KNOWN:
        buffer_add(text, "the country is known");
        return;
    case TRUSTED:
        place_tell_address(facts, text);
        buffer_add(text, " is in networks.trusted");
        return;
    case NO_ADDRESS:
        buffer_add(text, "the client's address is not known");
        break;
    case PROXY:
        place_tell_address(facts, text);
        buffer_add(text, " is in networks.proxies: the client behind it is not known");
        break;
    case NOT_IN_DATABASE:
        buffer_add(text, "the country database has no country for ");
        place_tell_address(facts, text);
        break;
    case UNREADABLE:
        buffer_add(text, "no country database could be read");
        break;
    }
    buffer_add(text, judgement->finding == FINDING_PASS ? ", which is allowed" : "");
}
