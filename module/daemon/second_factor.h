/* SPDX-License-Identifier: BSD-2-Clause */
/* What an account's stored facts and the digits that were typed mean for one login: how much to cut, which credential
 * it amounts to, what to settle at commit, and what the store's answer says. Decides no verdict and does no I/O: the
 * gate judges, the store settles, login.c carries between them. */
#ifndef AUTHGATE_DAEMON_SECOND_FACTOR_H
#define AUTHGATE_DAEMON_SECOND_FACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/verdict.h"
#include "credential/code.h"
#include "credential/keyring.h"
#include "gate/gate.h"
#include "policy/policy.h"
#include "store/store.h"

/* How many guesses that charge no budget an account may have had in a day before a code that comes true among them
 * opens its network for this one login alone; and a recovery code, of which a million times as many can be, nothing. */
#define SECOND_FACTOR_GUESSES          STORE_WRONG_DAY
#define SECOND_FACTOR_RECOVERY_GUESSES 500

#define SECOND_FACTOR_CUT_OPEN (-1) /* nothing has been cut yet */

/* What one login's code is, kept from begin to commit. Holds hashes, no secret. */
struct second_factor {
    unsigned cut; /* characters at the password's end */
    enum code_kind kind;
    bool passes; /* the network is remembered, or trusted with trusted_networks = "skip" */
    bool guess;  /* if the password is wrong, its last digits may have been a guess at a code that no budget knows of */
    bool unguarded; /* a good code, where wrong ones are such guesses */
    struct code_hashes hashes;
    unsigned char secret_id[STORE_ID_SIZE];
    unsigned char step_mac[STORE_HASH_SIZE];
    unsigned char network_mac[STORE_HASH_SIZE];
    int64_t step, step_starts;
    unsigned wrong_codes; /* distinct ones of the last day, typed with the right password, before this login */
    int64_t network_until; /* until when the network stays remembered; 0: not at all */
    int64_t code_until;    /* until when a code that is accepted now stays known: parallel connections have it too */
};

struct second_factor_inquiry {
    const struct keyring *keyring;
    const char *account;
    const struct policy *policy;
    const char *digits; /* the password's trailing digits; NULL or "": none */
    int cut;            /* what the module has cut already, in a repeat, or SECOND_FACTOR_CUT_OPEN */
};

/* Takes the store's facts (NULL: it could not be read) into the gate's, whose address, service and time are filled in,
 * and says in `factor` what the digits are. False where a row was tampered with (it does not open, or its MAC is
 * another): the gate's facts then say that the store could not be read. */
bool second_factor_examine(const struct second_factor_inquiry *inquiry, const struct account_facts *stored,
                           struct facts *facts, struct second_factor *factor);

/* Has a good code mean less after so many guesses that no budget knows of. False: it is not to be taken at all. */
bool second_factor_after_guesses(struct second_factor *factor, unsigned guesses);

/* What to settle for a login whose password was right. `denied`: for another reason, so that a valid code is burnt,
 * nothing is remembered and no budget charged. Fills `use` and the fields that it needs; they point into `factor`. */
void second_factor_settlement(const struct second_factor *factor, bool denied, struct store_login *settlement);

/* The reason to refuse for, by what the store answered; REASON_NONE: nothing against the login. */
enum reason second_factor_reason(const struct second_factor *factor, enum store_answer answer);

#endif
