/* SPDX-License-Identifier: BSD-2-Clause */
/* app-password-scope: an app password under a name that has more than the account's own. It needs no other password, so
 * nobody would ask whether mary-jane, who is let in, is mary, whose app password it is. No mode and no exception lets
 * it through. The services, networks and end of one app password are known to the store alone and judged elsewhere. */
#include "gate/rules.h"

void app_password_scope_judge(const struct facts *facts, const struct policy *policy, struct judgement *judgement) {
    (void)policy;
    bool against = facts->name_divided && facts->credential == CREDENTIAL_APP_PASSWORD;
    judgement->finding = against ? FINDING_AGAINST : FINDING_SILENT;
    judgement->enforced = true;
}

void app_password_scope_tell(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                             struct buffer *text) {
    (void)policy;
    if (judgement->finding == FINDING_AGAINST)
        buffer_add(text, "an app password opens the account's own name alone, without a recipient delimiter");
    else if (facts->credential == CREDENTIAL_APP_PASSWORD)
        buffer_add(text, "each app password has limits of its own");
    else
        buffer_add_format(text, "%s is no app password", credential_name(facts->credential));
}
