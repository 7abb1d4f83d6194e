/* SPDX-License-Identifier: BSD-2-Clause */
/* What the network, country and second-factor rules have in common about the client's address. Reads facts and policy
 * only; asks no database. */
#include "gate/place.h"

#define COUNTRIES_TOLD 8

enum place place_of(const struct facts *facts, const struct policy *policy) {
    if (facts->address.family == 0)
        return PLACE_NO_ADDRESS;
    if (value_holds_address(policy_value(policy, POLICY_NETWORKS_PROXIES), &facts->address))
        return PLACE_PROXY;
    if (value_holds_address(policy_value(policy, POLICY_NETWORKS_TRUSTED), &facts->address))
        return PLACE_TRUSTED;
    return PLACE_ANYWHERE;
}

static bool names_countries(const struct value *value) {
    return value != NULL && !country_set_empty(&value->countries);
}

/* An empty `deny` restricts nothing; an empty `allow` would allow nothing, and the parser refuses it. */
bool place_restricted(const struct policy *policy) {
    return policy_value(policy, POLICY_COUNTRIES_ALLOW) != NULL ||
           names_countries(policy_value(policy, POLICY_COUNTRIES_DENY));
}

void place_tell_address(const struct facts *facts, struct buffer *text) {
    char address[ADDRESS_TEXT_SIZE];
    address_format(&facts->address, address);
    buffer_add(text, address[0] != '\0' ? address : "an unknown address");
}

void place_tell_countries(const struct country_set *set, struct buffer *text) {
    unsigned told = 0;
    unsigned others = 0;
    buffer_add(text, "(");
    for (country_code code = 1; code < COUNTRY_CODE_END; code++) {
        if (!country_set_has(set, code))
            continue;
        if (told == COUNTRIES_TOLD) {
            others++;
            continue;
        }
        char letters[3];
        country_code_format(code, letters);
        buffer_add_format(text, "%s%s", told++ > 0 ? ", " : "", letters);
    }
    if (others > 0)
        buffer_add_format(text, " and %u more", others);
    buffer_add(text, told > 0 ? ")" : "none)");
}
