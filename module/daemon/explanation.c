/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the gate decide and turns what it did with each rule into records. Called by admin_protocol.c. */
#include "daemon/explanation.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/policy_text.h"

/* Room for the texts of one record; its fields point here. */
struct texts {
    char why[POLICY_TEXT_SIZE], key[256], source[POLICY_TEXT_SIZE], until[24];
};

static struct buffer start(char *storage, size_t size) {
    struct buffer buffer;
    buffer_init(&buffer, storage, size);
    return buffer;
}

/* Sets a record's key and source from the value behind it. */
static void set_source(const struct explanation *explanation, const struct value *value, int line, struct texts *texts,
                       struct message *record) {
    if (value == NULL)
        return;
    struct policy_place place;
    struct buffer key = start(texts->key, sizeof texts->key);
    struct buffer source = start(texts->source, sizeof texts->source);
    if (policy_text_find(explanation->policy, value, &place))
        policy_text_key(explanation->settings, place, &key);
    policy_text_source(value, line, &source);
    record->value[FIELD_KEY] = texts->key;
    record->value[FIELD_SOURCE] = texts->source;
}

static void add_login(const struct explanation *explanation, struct records *records) {
    const struct facts *facts = explanation->facts;
    char address[ADDRESS_TEXT_SIZE], country[3], at[24];
    address_format(&facts->address, address);
    country_code_format(facts->country, country);
    snprintf(at, sizeof at, "%" PRId64, facts->now);
    struct message record = records_make("login");
    record.value[FIELD_ACCOUNT] = explanation->account;
    record.value[FIELD_SERVICE] = explanation->service;
    record.value[FIELD_CLIENT_ADDRESS] = address;
    record.value[FIELD_VALUE] = country;
    if (country[0] == '\0')
        record.value[FIELD_VALUE] = facts->country_unreadable ? "no database" : "unknown";
    record.value[FIELD_CREDENTIAL] = credential_name(facts->credential);
    record.value[FIELD_MECHANISM] = facts->mechanism;
    record.value[FIELD_AT] = at;
    records_add(records, &record);
}

/* "only reported: countries.unknown = report" */
static void add_softened(const struct explanation *explanation, const struct rule *rule, const struct rule_trace *trace,
                         struct records *records) {
    static const char *const how[] = {
        [OUTCOME_OFF] = "switched off",
        [OUTCOME_EXCEPTED] = "let through",
        [OUTCOME_REPORTED] = "only reported",
        [OUTCOME_CANNOT_TELL] = "the login goes on",
        [OUTCOME_DECIDED] = "",
    };
    if (trace->softener == NULL)
        return;
    struct texts texts;
    struct policy_place place;
    struct message record = records_make("softened");
    struct buffer why = start(texts.why, sizeof texts.why);
    record.value[FIELD_RULE] = reason_name(rule->reason);
    set_source(explanation, trace->softener, trace->softener_line, &texts, &record);
    buffer_add_format(&why, "%s: %s", how[trace->outcome], texts.key);
    if (policy_text_find(explanation->policy, trace->softener, &place)) {
        buffer_add(&why, " = ");
        policy_text_value(explanation->settings, place.key, trace->softener, &why);
    }
    record.value[FIELD_TEXT] = texts.why;
    records_add(records, &record);
}

/* Of all that denies only a throttle ends by itself. */
static void set_until(const struct explanation *explanation, const struct rule *rule, struct texts *texts,
                      struct message *record) {
    if (rule->reason != REASON_THROTTLED || explanation->throttled_until == 0)
        return;
    snprintf(texts->until, sizeof texts->until, "%" PRId64, explanation->throttled_until);
    record->value[FIELD_UNTIL] = texts->until;
}

static void add_rule(const struct explanation *explanation, const struct rule *rule, const struct rule_trace *trace,
                     struct records *records) {
    struct texts texts;
    struct message record = records_make("rule");
    struct buffer why = start(texts.why, sizeof texts.why);
    record.value[FIELD_RULE] = reason_name(rule->reason);
    record.value[FIELD_OUTCOME] = outcome_name(trace->outcome);
    if (trace->outcome != OUTCOME_NOT_REACHED) {
        gate_tell(rule, explanation->facts, explanation->policy, &why);
        set_source(explanation, trace->source, trace->line, &texts, &record);
        set_until(explanation, rule, &texts, &record);
    }
    record.value[FIELD_TEXT] = texts.why;
    records_add(records, &record);
    add_softened(explanation, rule, trace, records);
}

/* The rule behind the verdict: the one that denies, or the first that could not judge where that is why. NULL: none. */
static const struct rule *find_decisive(const struct decision *decision) {
    size_t count;
    const struct rule *rules = gate_rules(&count);
    for (size_t i = 0; i < count; i++) {
        const struct rule_trace *trace = &decision->trace[rules[i].reason];
        bool unsure = trace->outcome == OUTCOME_CANNOT_TELL && !trace->report_only;
        if (trace->outcome == OUTCOME_DECIDED || (decision->verdict == VERDICT_LATER && unsure))
            return &rules[i];
    }
    return NULL;
}

static void add_verdict(const struct explanation *explanation, const struct decision *decision,
                        struct records *records) {
    struct texts texts;
    struct message record = records_make("verdict");
    struct buffer why = start(texts.why, sizeof texts.why);
    const struct rule *rule = find_decisive(decision);
    record.value[FIELD_VERDICT] = verdict_name(decision->verdict);
    record.value[FIELD_REASON] = reason_name(decision->reason);
    record.value[FIELD_VALUE] = reason_name(decision->would);
    if (rule != NULL) {
        const struct rule_trace *trace = &decision->trace[rule->reason];
        record.value[FIELD_RULE] = reason_name(rule->reason);
        gate_tell(rule, explanation->facts, explanation->policy, &why);
        set_source(explanation, trace->source, trace->line, &texts, &record);
        set_until(explanation, rule, &texts, &record);
    }
    record.value[FIELD_TEXT] = texts.why;
    records_add(records, &record);
}

void explanation_add_policy(const struct policy *policy, const struct settings *settings, struct records *records) {
    struct policy_place place = {.index = -1};
    while (policy_text_next(policy, &place)) {
        const struct value *value = policy_value_of(policy, place.key, place.index);
        struct texts texts;
        struct buffer text = start(texts.why, sizeof texts.why);
        struct buffer key = start(texts.key, sizeof texts.key);
        struct buffer source = start(texts.source, sizeof texts.source);
        policy_text_value(settings, place.key, value, &text);
        policy_text_key(settings, place, &key);
        policy_text_source(value, 0, &source);
        struct message record = records_make("policy");
        record.value[FIELD_KEY] = texts.key;
        record.value[FIELD_VALUE] = texts.why;
        record.value[FIELD_SOURCE] = texts.source;
        records_add(records, &record);
    }
}

static void add_unreadable(struct records *records) {
    struct message record = records_make("verdict");
    record.value[FIELD_VERDICT] = verdict_name(VERDICT_LATER);
    record.value[FIELD_REASON] = reason_name(REASON_UNAVAILABLE);
    record.value[FIELD_TEXT] = EXPLANATION_UNREADABLE;
    records_add(records, &record);
}

void explanation_add(const struct explanation *explanation, struct records *records) {
    add_login(explanation, records);
    if (!explanation->readable) {
        add_unreadable(records);
        return;
    }
    struct decision decision;
    gate_decide(explanation->facts, explanation->policy, &decision);
    size_t count;
    const struct rule *rules = gate_rules(&count);
    for (size_t i = 0; i < count; i++)
        add_rule(explanation, &rules[i], &decision.trace[rules[i].reason], records);
    add_verdict(explanation, &decision, records);
    explanation_add_policy(explanation->policy, explanation->settings, records);
}
