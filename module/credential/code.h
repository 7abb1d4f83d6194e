/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes typed at a password's end (DESIGN 4, "Codes in mail clients"): how many characters are cut, and what the cut
 * code turned out to be at commit. Both are pure functions of code_facts; code_examine fills those from the digits. */
#ifndef AUTHGATE_CREDENTIAL_CODE_H
#define AUTHGATE_CREDENTIAL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credential/keyed_hash.h"
#include "credential/keyring.h"
#include "credential/totp.h"

#define RECOVERY_CODE_DIGITS 8

struct code_facts {
    /* the account's and the login's, from the caller */
    bool enrolled;       /* a confirmed secret, and totp is not "off" */
    bool network_passes; /* the network is remembered, or trusted with trusted_networks = "skip" */
    bool enforced;       /* a second factor is required here and now (not before `from`, not in report mode) */
    /* of the digits, from code_examine */
    unsigned digits;        /* how many ASCII digits the password ends in, at most 8 counted */
    unsigned code_digits;   /* the secret's own: 6 or 8 */
    bool recovery_unused;   /* the last 8 are an unused recovery code, … */
    bool recovery_used;     /* … or one that was used */
    bool step_matched;      /* the last code_digits are a code of the window */
    bool known;             /* they are one of the last accepted codes */
    int64_t step;           /* where step_matched */
};

/* How many characters are cut off the password's end: 0, 6 or 8. */
unsigned code_cut(const struct code_facts *facts);

enum code_kind {
    CODE_NONE,     /* nothing was cut: judge the login as a bare password */
    CODE_STEP,     /* a code of the window: settling decides whether it was used */
    CODE_RECOVERY, /* a recovery code: likewise */
    CODE_KNOWN,    /* an accepted code of earlier: as good as none where the network passes, else reused */
    CODE_WRONG,    /* charges the budget */
};

const char *code_kind_name(enum code_kind kind);

/* What a code that was cut off in that length is. `cut` comes back from a module and may be anything. */
enum code_kind code_judge(const struct code_facts *facts, unsigned cut);

/* What code_examine compares the digits with. */
struct code_account {
    const struct keyring *keyring;
    const char *account;
    const struct totp *totp; /* the confirmed secret */
    unsigned window;         /* steps either side */
    const unsigned char (*codes)[KEYED_HASH_SIZE]; /* known ones */
    size_t code_count;
    const unsigned char (*recovery)[KEYED_HASH_SIZE]; /* unused ones, then used ones */
    size_t recovery_count, recovery_unused;
};

struct code_hashes {
    unsigned char code[KEYED_HASH_SIZE];     /* of the last code_digits; zeros where there are not that many */
    unsigned char recovery[KEYED_HASH_SIZE]; /* of the last 8 */
};

/* Fills the digits' part of `facts` for `digits` (the password's trailing digits, at most 8; NULL: none) at `now` (of
 * the login's first begin), and the hashes that settling needs. */
void code_examine(const struct code_account *account, const char *digits, int64_t now, struct code_facts *facts,
                  struct code_hashes *hashes);

#endif
