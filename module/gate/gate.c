/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of rules and the one loop over it. The daemon calls it for each login, `explain` for each question; both
 * get the same verdict because there is no other place that gives one. Reads its arguments and nothing else. */
#include "gate/gate.h"

#include "gate/rules.h"
#include "gate/schedule.h"

#define RULE(reason, name, always, help)                                                                               \
    { reason, help, name##_judge, always, name##_tell }

/* DESIGN 5's order. A new rule is a file, its line in rules.h and a row here. */
static const struct rule rules[] = {
    RULE(REASON_LOCKED, locked, false, "the account is locked, or does not exist any more"),
    RULE(REASON_THROTTLED, throttled, true, "too many wrong passwords lately"),
    RULE(REASON_SERVICE_CLOSED, service_closed, false, "the service is closed for the account, or not known"),
    RULE(REASON_MECHANISM, mechanism, false, "the SASL mechanism is refused"),
    RULE(REASON_NETWORK, network, false, "the address is in a denied network"),
    RULE(REASON_COUNTRY, country, false, "the address is in a country that is not allowed"),
    RULE(REASON_COUNTRY_UNKNOWN, country_unknown, false, "no country is known for the address"),
    RULE(REASON_LEGACY_AUTH, legacy_auth, false, "a bare password, which the service no longer accepts"),
    RULE(REASON_SECOND_FACTOR_MISSING, second_factor_missing, false, "a bare password where a second factor is due"),
    RULE(REASON_APP_PASSWORD_SCOPE, app_password_scope, false, "an app password under another name than the account's"),
    RULE(REASON_NOT_GATED, not_gated, false, "mail after a login that the gate never saw"),
};

const struct rule *gate_rules(size_t *count) {
    *count = sizeof rules / sizeof rules[0];
    return rules;
}

static const struct exception *find_exception(const struct value *exceptions, const struct facts *facts,
                                              enum reason rule) {
    for (size_t i = 0; exceptions != NULL && i < exceptions->count; i++) {
        const struct exception *exception = &exceptions->exceptions[i];
        if (exception->rule == rule && facts->now < exception->until &&
            (exception->service == SERVICE_UNKNOWN || exception->service == facts->service))
            return exception;
    }
    return NULL;
}

/* The laxer of `mode` and the rule's entry in `modes`: each of them can soften, neither can undo the other, so that
 * mode = "report" stops every refusal at once. `source` is the value that decided. */
static enum mode mode_of(const struct policy *policy, enum reason rule, const struct value **source) {
    const struct value *all = policy_value(policy, POLICY_MODE);
    const struct value *one = policy_value_of(policy, POLICY_MODES, (int)rule);
    *source = one != NULL && (all == NULL || one->number > all->number) ? one : all;
    return *source != NULL ? (enum mode)(*source)->number : MODE_ENFORCE;
}

static void judge(const struct rule *rule, const struct facts *facts, const struct policy *policy,
                  struct judgement *judgement) {
    *judgement = (struct judgement){.finding = FINDING_CANNOT_TELL};
    rule->judge(facts, policy, judgement);
}

/* An exception comes before a report: what is excepted is no longer anybody's worry, and a report would name it still.
 */
static enum outcome soften(const struct rule *rule, const struct facts *facts, const struct policy *policy,
                           const struct judgement *judgement, struct rule_trace *trace) {
    enum outcome outcome = judgement->finding == FINDING_AGAINST ? OUTCOME_DECIDED : OUTCOME_CANNOT_TELL;
    if (judgement->enforced)
        return outcome;
    const struct value *exceptions = policy_value(policy, POLICY_EXCEPTIONS);
    const struct exception *exception = find_exception(exceptions, facts, rule->reason);
    if (exception != NULL) {
        trace->softener = exceptions;
        trace->softener_line = exception->line;
        return OUTCOME_EXCEPTED;
    }
    const struct value *mode;
    bool report = !rule->always_enforced && mode_of(policy, rule->reason, &mode) == MODE_REPORT;
    if (!report && !judgement->report_only)
        return outcome;
    trace->softener = report ? mode : judgement->softener;
    trace->report_only = true;
    return outcome == OUTCOME_DECIDED ? OUTCOME_REPORTED : outcome;
}

static void apply(const struct rule *rule, const struct facts *facts, const struct policy *policy,
                  struct rule_trace *trace) {
    struct judgement judgement;
    judge(rule, facts, policy, &judgement);
    trace->source = judgement.source;
    trace->line = judgement.line;
    const struct value *mode;
    if (!rule->always_enforced && !judgement.enforced && mode_of(policy, rule->reason, &mode) == MODE_OFF) {
        trace->softener = mode;
        trace->outcome = OUTCOME_OFF;
    } else if (judgement.finding == FINDING_PASS)
        trace->outcome = OUTCOME_PASSED;
    else if (judgement.finding == FINDING_SILENT)
        trace->outcome = OUTCOME_SILENT;
    else
        trace->outcome = soften(rule, facts, policy, &judgement, trace);
}

void gate_decide(const struct facts *facts, const struct policy *policy, struct decision *decision) {
    *decision = (struct decision){.verdict = VERDICT_DENY, .reason = REASON_UNAVAILABLE};
    bool unsure = false;
    bool would_be_unsure = false;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct rule_trace *trace = &decision->trace[rules[i].reason];
        apply(&rules[i], facts, policy, trace);
        if (trace->outcome == OUTCOME_DECIDED) {
            decision->reason = rules[i].reason;
            return;
        }
        if (trace->outcome == OUTCOME_REPORTED && decision->would == REASON_NONE)
            decision->would = rules[i].reason;
        if (trace->outcome == OUTCOME_CANNOT_TELL && trace->report_only)
            would_be_unsure = true;
        else if (trace->outcome == OUTCOME_CANNOT_TELL)
            unsure = true;
    }
    if (would_be_unsure && decision->would == REASON_NONE)
        decision->would = REASON_UNAVAILABLE;
    decision->verdict = unsure ? VERDICT_LATER : VERDICT_CONTINUE;
    decision->reason = unsure ? REASON_UNAVAILABLE : REASON_NONE;
}

enum outcome gate_outcome(enum reason rule, const struct facts *facts, const struct policy *policy) {
    struct rule_trace trace = {.outcome = OUTCOME_NOT_REACHED};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].reason == rule)
            apply(&rules[i], facts, policy, &trace);
    return trace.outcome;
}

static bool of_second_factor(enum reason reason) {
    return reason == REASON_SECOND_FACTOR_WRONG || reason == REASON_SECOND_FACTOR_REUSED ||
           reason == REASON_SECOND_FACTOR_BUDGET;
}

bool gate_denies(enum reason reason, const struct facts *facts, const struct policy *policy, enum reason *would) {
    const struct rule found = {.reason = reason};
    struct judgement judgement = {
        .finding = FINDING_AGAINST,
        .enforced = reason == REASON_LOCKED && facts->lock_by_hand,
    };
    struct rule_trace trace = {.outcome = OUTCOME_NOT_REACHED};
    const struct value *mode;
    if (of_second_factor(reason))
        schedule_apply(policy_value(policy, POLICY_SECOND_FACTOR_FROM), NULL, facts->now, &judgement);
    if (!judgement.enforced && mode_of(policy, reason, &mode) == MODE_OFF)
        return false;
    enum outcome outcome = soften(&found, facts, policy, &judgement, &trace);
    if (outcome == OUTCOME_REPORTED && *would == REASON_NONE)
        *would = reason;
    return outcome == OUTCOME_DECIDED;
}

void gate_tell(const struct rule *rule, const struct facts *facts, const struct policy *policy, struct buffer *text) {
    struct judgement judgement;
    judge(rule, facts, policy, &judgement);
    rule->tell(facts, policy, &judgement, text);
}

const char *outcome_name(enum outcome outcome) {
    switch (outcome) {
    case OUTCOME_NOT_REACHED:
        return "not-reached";
    case OUTCOME_PASSED:
        return "passed";
    case OUTCOME_SILENT:
        return "silent";
    case OUTCOME_OFF:
        return "off";
    case OUTCOME_EXCEPTED:
        return "excepted";
    case OUTCOME_REPORTED:
        return "reported";
    case OUTCOME_CANNOT_TELL:
        return "cannot-tell";
    case OUTCOME_DECIDED:
        break;
    }
    return "decided";
}
