/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting and judging codes. The order of the questions is DESIGN 4's and is what the tests hold row by row. Called by
 * the daemon at begin (cut) and at commit (judge); decides nothing about the login. */
#include "credential/code.h"

#include <sodium.h>
#include <string.h>

unsigned code_cut(const struct code_facts *facts) {
    if (!facts->enrolled)
        return 0;
    if (facts->digits >= RECOVERY_CODE_DIGITS && facts->recovery_unused)
        return RECOVERY_CODE_DIGITS;
    bool enough = facts->digits >= facts->code_digits;
    if (enough && (facts->step_matched || facts->known))
        return facts->code_digits;
    if (facts->network_passes || !facts->enforced)
        return 0;
    return enough ? facts->code_digits : 0;
}

enum code_kind code_judge(const struct code_facts *facts, unsigned cut) {
    if (cut == 0)
        return CODE_NONE;
    if (!facts->enrolled || cut > facts->digits)
        return CODE_WRONG;
    if (cut == RECOVERY_CODE_DIGITS && (facts->recovery_unused || facts->recovery_used))
        return CODE_RECOVERY;
    if (cut != facts->code_digits)
        return CODE_WRONG;
    if (facts->known && facts->network_passes)
        return CODE_KNOWN; /* as good as none here, used up or not */
    if (facts->step_matched)
        return CODE_STEP;
    return facts->known ? CODE_KNOWN : CODE_WRONG;
}

const char *code_kind_name(enum code_kind kind) {
    static const char *const names[] = {
        [CODE_NONE] = "none",   [CODE_STEP] = "step",   [CODE_RECOVERY] = "recovery",
        [CODE_KNOWN] = "known", [CODE_WRONG] = "wrong",
    };
    return names[kind];
}

static void examine_recovery(const struct code_account *account, const char *last, struct code_facts *facts,
                             struct code_hashes *hashes) {
    keyed_hash_text(account->keyring, HASH_RECOVERY_CODE, account->account, last, hashes->recovery);
    size_t at = keyed_hash_find(hashes->recovery, account->recovery, account->recovery_count);
    facts->recovery_unused = at < account->recovery_unused;
    facts->recovery_used = at >= account->recovery_unused && at < account->recovery_count;
}

static void examine_code(const struct code_account *account, const char *last, int64_t now, struct code_facts *facts,
                         struct code_hashes *hashes) {
    keyed_hash_text(account->keyring, HASH_CODE, account->account, last, hashes->code);
    facts->known = keyed_hash_find(hashes->code, account->codes, account->code_count) < account->code_count;
    facts->step_matched = totp_match(account->totp, last, now, account->window, &facts->step);
}

void code_examine(const struct code_account *account, const char *digits, int64_t now, struct code_facts *facts,
                  struct code_hashes *hashes) {
    size_t count = digits == NULL ? 0 : strlen(digits);
    sodium_memzero(hashes, sizeof *hashes);
    facts->digits = (unsigned)count;
    facts->code_digits = account->totp->digits;
    facts->recovery_unused = facts->recovery_used = facts->step_matched = facts->known = false;
    facts->step = 0;
    if (count >= RECOVERY_CODE_DIGITS)
        examine_recovery(account, digits + count - RECOVERY_CODE_DIGITS, facts, hashes);
    if (count >= facts->code_digits)
        examine_code(account, digits + count - facts->code_digits, now, facts, hashes);
}
