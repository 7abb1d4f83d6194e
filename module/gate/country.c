/* SPDX-License-Identifier: BSD-2-Clause */
/* country: the address lies in a country that countries.deny names, or that countries.allow leaves out. A trusted
 * network passes. Travel that names the country passes too while it lasts, before `deny` as before `allow`: it is dated
 * and names the account's own journey, so it is the more particular of the two. What has no known country is left to
 * country-unknown. */
#include "gate/place.h"
#include "gate/rules.h"

enum grounds {
    NOT_RESTRICTED,
    TRUSTED,
    NO_COUNTRY, /* country-unknown judges it */
    UNREADABLE,
    TRAVELLING,
    DENIED,
    NOT_ALLOWED,
    ALLOWED,
    NOT_DENIED, /* and there is no countries.allow */
};

static void settle(struct judgement *judgement, enum finding finding, enum grounds grounds,
                   const struct value *source) {
    judgement->finding = finding;
    judgement->grounds = (int)grounds;
    judgement->source = source;
}

static const struct travel *journey(const struct value *travels, const struct facts *facts) {
    for (size_t i = 0; travels != NULL && i < travels->count; i++) {
        const struct travel *travel = &travels->travels[i];
        if (travel->span.from <= facts->now && facts->now < travel->span.until &&
            country_set_has(&travel->countries, facts->country))
            return travel;
    }
    return NULL;
}

static void judge_known(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    const struct value *travels = policy_value(policy, POLICY_TRAVEL);
    const struct value *allow = policy_value(policy, POLICY_COUNTRIES_ALLOW);
    const struct value *deny = policy_value(policy, POLICY_COUNTRIES_DENY);
    const struct travel *travel = journey(travels, facts);
    if (travel != NULL) {
        settle(judgement, FINDING_PASS, TRAVELLING, travels);
        judgement->line = travel->line;
    } else if (deny != NULL && country_set_has(&deny->countries, facts->country))
        settle(judgement, FINDING_AGAINST, DENIED, deny);
    else if (allow == NULL)
        settle(judgement, FINDING_PASS, NOT_DENIED, deny);
    else if (country_set_has(&allow->countries, facts->country))
        settle(judgement, FINDING_PASS, ALLOWED, allow);
    else
        settle(judgement, FINDING_AGAINST, NOT_ALLOWED, allow);
}

void country_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    if (!place_restricted(policy)) {
        settle(judgement, FINDING_PASS, NOT_RESTRICTED, NULL);
        return;
    }
    enum place place = place_of(facts, policy);
    if (place == PLACE_TRUSTED)
        settle(judgement, FINDING_PASS, TRUSTED, policy_value(policy, POLICY_NETWORKS_TRUSTED));
    else if (place == PLACE_PROXY)
        settle(judgement, FINDING_SILENT, NO_COUNTRY, policy_value(policy, POLICY_NETWORKS_PROXIES));
    else if (place == PLACE_NO_ADDRESS)
        settle(judgement, FINDING_SILENT, NO_COUNTRY, NULL);
    else if (facts->country_unreadable)
        settle(judgement, FINDING_CANNOT_TELL, UNREADABLE, NULL);
    else if (facts->country == COUNTRY_UNKNOWN)
        settle(judgement, FINDING_SILENT, NO_COUNTRY, NULL);
    else
        judge_known(facts, policy, judgement);
}

static void tell_known(const struct facts *facts, const struct judgement *judgement, struct buffer *text) {
    static const char *const relation[] = {
        [TRAVELLING] = "is in travel",
        [DENIED] = "is in countries.deny ",
        [NOT_ALLOWED] = "is not in countries.allow ",
        [ALLOWED] = "is in countries.allow ",
        [NOT_DENIED] = "is not in countries.deny ",
    };
    char letters[3];
    country_code_format(facts->country, letters);
    buffer_add_format(text, "country %s %s", letters, relation[judgement->grounds]);
    if (judgement->grounds != TRAVELLING)
        place_tell_countries(&judgement->source->countries, text);
}

void country_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                  struct buffer *text) {
    (void)policy;
    switch ((enum grounds)judgement->grounds) {
    case NOT_RESTRICTED:
        buffer_add(text, "every country is allowed");
        return;
    case TRUSTED:
        place_tell_address(facts, text);
        buffer_add(text, " is in networks.trusted");
        return;
    case NO_COUNTRY:
        buffer_add(text, "no country is known: country-unknown judges it");
        return;
    case UNREADABLE:
        buffer_add(text, "no country database could be read");
        return;
    default:
        tell_known(facts, judgement, text);
    }
}
