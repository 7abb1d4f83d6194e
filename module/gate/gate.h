/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision. Facts and policy in, verdict out: no I/O, no clock, no memory of its own. Each rule is one file and one
 * row of the ordered table in gate.c (DESIGN 5). */
#ifndef AUTHGATE_GATE_GATE_H
#define AUTHGATE_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/country_code.h"
#include "base/verdict.h"
#include "policy/policy.h"

/* Something that the gate may not have been able to find out. */
enum known { KNOWN_NO = 0, KNOWN_YES, KNOWN_NOT };

/* All that the rules read of one login. A field that could not be found out says so; nothing is guessed. */
struct facts {
    int64_t now; /* seconds since the epoch */
    int service; /* index in the host's services, or SERVICE_UNKNOWN */
    const char *mechanism; /* upper case; NULL: not known here (PAM), and rules about it are silent */
    struct address address; /* family 0: not known */
    country_code country;   /* COUNTRY_UNKNOWN: the database has none for the address */
    bool country_unreadable; /* no country database could be read: country rules cannot judge */
    enum credential credential; /* at begin: what the login will amount to if all goes well */
    enum known locked;      /* by hand or by the gate */
    bool lock_by_hand;
    bool gone; /* locked because the back end says that there is no such account: no other check would refuse it */
    bool throttled;
    const char *throttled_why; /* in words; NULL: not known */
    bool name_divided; /* the name that was given has a part behind the recipient delimiter; the account's has none */
    bool not_gated; /* Postfix's policy requests: no login of the account from the address came by here */
    /* Second factor; meaningful where the store could be read */
    bool store_unreadable;
    bool enrolled;          /* has a confirmed secret */
    bool network_remembered;
    bool code_present;      /* digits were cut off as a code, whether or not it is right */
};

/* A rule's answer about one login. */
enum finding {
    FINDING_PASS = 0,    /* nothing against the login */
    FINDING_AGAINST,     /* the rule denies it */
    FINDING_CANNOT_TELL, /* a fact is missing */
    FINDING_SILENT,      /* the rule does not concern it, or is told nothing that it could judge */
};

/* What became of a rule in one decision; kept for `explain`. */
enum outcome {
    OUTCOME_NOT_REACHED = 0,
    OUTCOME_PASSED,
    OUTCOME_SILENT,
    OUTCOME_OFF,         /* mode = "off" */
    OUTCOME_EXCEPTED,    /* would deny; an exception lets it through */
    OUTCOME_REPORTED,    /* would deny; only reported */
    OUTCOME_CANNOT_TELL,
    OUTCOME_DECIDED,     /* this is the rule that denies */
};

/* One rule's finding, with what settled it: the value whose file and line `explain` names. */
struct judgement {
    enum finding finding;
    bool report_only;          /* its own value or date says: report */
    const struct value *source; /* NULL: no setting, a fact alone */
    int line;                   /* of the entry within source, or 0 for source's own */
    bool enforced;              /* no mode and no exception softens this finding (a lock by hand, an unreadable lock) */
    const struct value *softener; /* with report_only: the value that says so */
    int grounds;                /* why, in the rule's own numbers: its tell() puts them into words */
};

struct rule {
    enum reason reason; /* its name, and what it answers */
    const char *help;   /* one line for `explain` and the manual */
    void (*judge)(const struct facts *facts, const struct policy *policy, struct judgement *judgement);
    bool always_enforced; /* no mode softens it (malformed, throttled); an exception does */
    /* Appends a few words on why it judged as it did: "country FR is not in countries.allow (JP)". */
    void (*tell)(const struct facts *facts, const struct policy *policy, const struct judgement *judgement,
                 struct buffer *text);
};

struct rule_trace {
    enum outcome outcome;
    const struct value *source; /* what settled the rule's finding; NULL: no setting */
    int line;                   /* of the entry within source, or 0 for source's own */
    bool report_only;           /* with OUTCOME_CANNOT_TELL: the login goes on all the same */
    const struct value *softener; /* the mode, date or exception behind reported, excepted and off */
    int softener_line;            /* as line, for softener */
};

struct decision {
    enum verdict verdict;  /* continue where nothing stands in the way */
    enum reason reason;    /* why not */
    enum reason would;     /* the first rule that only reported; REASON_NONE: none */
    struct rule_trace trace[REASON_COUNT]; /* by the rule's reason */
};

/* Judges one login at `begin`: every rule of the table in its order. `decision` starts as deny, unavailable. */
void gate_decide(const struct facts *facts, const struct policy *policy, struct decision *decision);

/* Appends why `rule` judges this login as it does. Judges it again, and so says nothing of modes and exceptions. */
void gate_tell(const struct rule *rule, const struct facts *facts, const struct policy *policy, struct buffer *text);

/* The word for an outcome: not-reached, passed, silent, off, excepted, reported, cannot-tell, decided. */
const char *outcome_name(enum outcome outcome);

/* What would become of one rule of the table, were it asked alone. */
enum outcome gate_outcome(enum reason rule, const struct facts *facts, const struct policy *policy);

/* Whether a refusal that was only found at commit (second-factor-wrong, -reused, -budget, compromised, locked) stands:
 * a mode, an exception or second_factor.from softens it as it softens the rules of the table. Where it does not stand
 * and is to be reported, `would` names it, unless it names an earlier one already. */
bool gate_denies(enum reason reason, const struct facts *facts, const struct policy *policy, enum reason *would);

/* The rules in the order in which they decide, and how many there are: for `explain` and the manual. */
const struct rule *gate_rules(size_t *count);

#endif
