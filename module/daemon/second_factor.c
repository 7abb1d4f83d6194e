/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the store's rows and the gate's facts. Every row that opens something is checked against its MAC before it is
 * believed. */
#include "daemon/second_factor.h"

#include <string.h>

#include "credential/sealed.h"
#include "credential/totp.h"

#define REMEMBER_OTHERWISE (30 * 86400)
#define WINDOW_OTHERWISE 1

/* Whether the consumed step is the one that was written: a row put back or taken away would let a code in twice. */
static bool step_genuine(const struct second_factor_inquiry *inquiry, const struct store_secret *secret) {
    unsigned char expected[KEYED_HASH_SIZE];
    step_mac(inquiry->keyring, inquiry->account, secret->id, secret->last_step, expected);
    return keyed_hash_equal(expected, secret->step_mac);
}

static bool open_secret(const struct second_factor_inquiry *inquiry, const struct store_secret *secret,
                        struct totp *totp) {
    struct sealed sealed = {.length = secret->sealed_length};
    if (secret->sealed_length > sizeof sealed.bytes || !step_genuine(inquiry, secret))
        return false;
    memcpy(sealed.bytes, secret->sealed, secret->sealed_length);
    return totp_open(inquiry->keyring, inquiry->account, secret->id, &sealed, totp);
}

static bool network_genuine(const struct second_factor_inquiry *inquiry, const struct store_network *network) {
    unsigned char expected[KEYED_HASH_SIZE];
    network_mac(inquiry->keyring, inquiry->account, &network->network, network->until, expected);
    return keyed_hash_equal(expected, network->mac);
}

static bool network_skipped(const struct policy *policy, const struct facts *facts) {
    return policy_number(policy, POLICY_SECOND_FACTOR_TRUSTED_NETWORKS, 0) == 1 &&
           value_holds_address(policy_value(policy, POLICY_NETWORKS_TRUSTED), &facts->address) &&
           !value_holds_address(policy_value(policy, POLICY_NETWORKS_PROXIES), &facts->address);
}

static enum credential credential_of(const struct second_factor *factor, const struct facts *facts) {
    switch (factor->kind) {
    case CODE_STEP:
    case CODE_WRONG:
        return CREDENTIAL_TOTP;
    case CODE_RECOVERY:
        return CREDENTIAL_RECOVERY_CODE;
    case CODE_KNOWN:
        return factor->passes ? CREDENTIAL_REMEMBERED : CREDENTIAL_TOTP;
    case CODE_NONE:
        break;
    }
    return facts->enrolled && facts->network_remembered ? CREDENTIAL_REMEMBERED : CREDENTIAL_PASSWORD;
}

/* What the login would come to with a bare password: only then does a wrong code matter. */
static bool factor_enforced(const struct facts *facts, const struct policy *policy) {
    struct facts bare = *facts;
    bare.credential = CREDENTIAL_PASSWORD;
    bare.code_present = false;
    return gate_outcome(REASON_SECOND_FACTOR_MISSING, &bare, policy) == OUTCOME_DECIDED;
}

/* Where no code is due, unknown digits are the password's own and fail as a wrong password; eight digits that are no
 * recovery code are two of the password's and six of a code. */
static bool may_be_guess(const struct code_facts *code, unsigned cut, bool recovery) {
    if (cut == 0)
        return code->digits >= code->code_digits;
    return recovery && cut < RECOVERY_CODE_DIGITS && code->digits >= RECOVERY_CODE_DIGITS;
}

static void take_code(const struct second_factor_inquiry *inquiry, const struct account_facts *stored,
                      const struct totp *totp, const struct facts *facts, struct second_factor *factor) {
    struct code_account account = {
        .keyring = inquiry->keyring,
        .account = inquiry->account,
        .totp = totp,
        .window = (unsigned)policy_number(inquiry->policy, POLICY_SECOND_FACTOR_WINDOW, WINDOW_OTHERWISE),
        .codes = stored->codes,
        .code_count = stored->code_count,
        .recovery = stored->recovery,
        .recovery_count = stored->recovery_count,
        .recovery_unused = stored->recovery_unused,
    };
    struct code_facts code = {
        .enrolled = facts->enrolled,
        .network_passes = factor->passes,
        .enforced = factor_enforced(facts, inquiry->policy),
    };
    const char *digits = inquiry->digits != NULL && inquiry->digits[0] != '\0' ? inquiry->digits : NULL;
    code_examine(&account, digits, facts->now, &code, &factor->hashes);
    factor->cut = inquiry->cut != SECOND_FACTOR_CUT_OPEN ? (unsigned)inquiry->cut : code_cut(&code);
    factor->kind = code_judge(&code, factor->cut);
    factor->guess = may_be_guess(&code, factor->cut, stored->recovery_unused > 0);
    factor->unguarded = (factor->kind == CODE_STEP || factor->kind == CODE_RECOVERY) &&
                        (code.network_passes || !code.enforced);
    factor->step = code.step;
    factor->step_starts = totp_step_starts(totp, code.step);
    int64_t window_ends = totp_step_starts(totp, code.step + 1 + account.window);
    factor->code_until = factor->network_until > window_ends ? factor->network_until : window_ends;
    memcpy(factor->secret_id, stored->secret.id, sizeof factor->secret_id);
    step_mac(inquiry->keyring, inquiry->account, stored->secret.id, code.step, factor->step_mac);
}

static void take_lock(const struct account_facts *stored, struct facts *facts) {
    facts->locked = stored->locked ? KNOWN_YES : KNOWN_NO;
    facts->lock_by_hand = stored->locked && stored->lock.by_hand;
}

static bool unreadable(struct facts *facts, bool tampered) {
    facts->store_unreadable = true;
    facts->enrolled = false;
    facts->network_remembered = false;
    facts->credential = CREDENTIAL_PASSWORD;
    if (!tampered)
        facts->locked = KNOWN_NOT;
    return !tampered;
}

bool second_factor_examine(const struct second_factor_inquiry *inquiry, const struct account_facts *stored,
                           struct facts *facts, struct second_factor *factor) {
    *factor = (struct second_factor){.kind = CODE_NONE};
    if (inquiry->cut > 0)
        factor->cut = (unsigned)inquiry->cut;
    if (stored == NULL)
        return unreadable(facts, false);
    take_lock(stored, facts);
    factor->wrong_codes = stored->wrong_day;
    int64_t totp_demand = policy_number(inquiry->policy, POLICY_SECOND_FACTOR_TOTP, TOTP_ENROLLED);
    facts->enrolled = stored->enrolled && totp_demand != TOTP_OFF;
    if (!facts->enrolled)
        return true;
    struct totp totp = {0};
    bool genuine = open_secret(inquiry, &stored->secret, &totp) &&
                   (!stored->network_remembered || network_genuine(inquiry, &stored->network));
    if (!genuine) {
        totp_wipe(&totp);
        return unreadable(facts, true);
    }
    int64_t remember = policy_number(inquiry->policy, POLICY_SECOND_FACTOR_REMEMBER, REMEMBER_OTHERWISE);
    if (value_holds_address(policy_value(inquiry->policy, POLICY_NETWORKS_PROXIES), &facts->address))
        remember = 0; /* whoever is behind it */
    facts->network_remembered = stored->network_remembered && stored->network.made + remember > facts->now;
    factor->passes = facts->network_remembered || network_skipped(inquiry->policy, facts);
    factor->network_until = remember > 0 ? facts->now + remember : 0;
    take_code(inquiry, stored, &totp, facts, factor);
    totp_wipe(&totp);
    if (facts->address.family != 0) {
        struct prefix network = address_network(&facts->address);
        network_mac(inquiry->keyring, inquiry->account, &network, factor->network_until, factor->network_mac);
    }
    facts->credential = credential_of(factor, facts);
    facts->code_present = factor->kind != CODE_NONE;
    return true;
}

bool second_factor_after_guesses(struct second_factor *factor, unsigned guesses) {
    if (factor->unguarded && guesses >= SECOND_FACTOR_GUESSES)
        factor->network_until = 0;
    return factor->kind != CODE_RECOVERY || guesses < SECOND_FACTOR_RECOVERY_GUESSES;
}

void second_factor_settlement(const struct second_factor *factor, bool denied, struct store_login *settlement) {
    settlement->use = STORE_USE_NOTHING;
    settlement->burn = denied;
    if (factor->kind == CODE_STEP) {
        settlement->use = STORE_USE_STEP;
        settlement->secret_id = factor->secret_id;
        settlement->step = factor->step;
        settlement->step_starts = factor->step_starts;
        settlement->step_mac = factor->step_mac;
        settlement->code = factor->hashes.code;
        settlement->code_until = denied ? 0 : factor->code_until;
    } else if (factor->kind == CODE_RECOVERY) {
        settlement->use = STORE_USE_RECOVERY;
        settlement->recovery = factor->hashes.recovery;
    } else if (factor->kind == CODE_WRONG && !denied) {
        settlement->use = STORE_USE_WRONG;
        settlement->code = factor->hashes.code;
    }
    bool fresh = factor->kind == CODE_STEP || factor->kind == CODE_RECOVERY;
    settlement->network_until = fresh && !denied ? factor->network_until : 0;
    settlement->network_mac = factor->network_mac;
}

enum reason second_factor_reason(const struct second_factor *factor, enum store_answer answer) {
    switch (answer) {
    case STORE_SETTLED:
        if (factor->kind == CODE_WRONG)
            return REASON_SECOND_FACTOR_WRONG;
        return factor->kind == CODE_KNOWN && !factor->passes ? REASON_SECOND_FACTOR_REUSED : REASON_NONE;
    case STORE_REUSED:
        return REASON_SECOND_FACTOR_REUSED;
    case STORE_OVER_BUDGET:
        return REASON_SECOND_FACTOR_BUDGET;
    case STORE_LOCKED:
        return REASON_LOCKED;
    case STORE_WRONG:
        return REASON_SECOND_FACTOR_WRONG;
    case STORE_UNAVAILABLE:
        break;
    }
    return REASON_UNAVAILABLE;
}
