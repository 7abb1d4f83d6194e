/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl explain: what the daemon would say to a login, rule by rule. The daemon judges with the facts and
 * policies that a real login would meet; this file asks and shows. The verdict stands first: who reads it may be in a
 * hurry. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/verdict.h"
#include "ctl/ask.h"
#include "ctl/explain_ref.h"
#include "ctl/grid.h"
#include "ctl/host.h"
#include "ctl/policy_view.h"
#include "ctl/when.h"
#include "policy/date.h"

struct explanation {
    struct json *document; /* NULL: tables */
    struct json *rules;
    struct json *rule; /* the last one, which a record=softened adds to */
    struct grid rule_grid;
    struct policy_view policy;
    char headline[1024];
    char verdict[1024];
    bool denied;
};

static const char *or_else(const char *text, const char *otherwise) {
    return text != NULL ? text : otherwise;
}

static void take_login(struct explanation *explanation, const struct message *record) {
    const char *const *value = record->value;
    int64_t at = strtoll(or_else(value[FIELD_AT], "0"), NULL, 10);
    char moment[WHEN_TEXT_SIZE];
    when_format(at, moment);
    if (explanation->document == NULL) {
        snprintf(explanation->headline, sizeof explanation->headline, "%s by %s from %s (%s) with %s%s%s, on %s",
                 or_else(value[FIELD_ACCOUNT], ""), or_else(value[FIELD_SERVICE], ""),
                 or_else(value[FIELD_CLIENT_ADDRESS], "an unknown address"), or_else(value[FIELD_VALUE], ""),
                 or_else(value[FIELD_CREDENTIAL], ""), value[FIELD_MECHANISM] != NULL ? " over " : "",
                 or_else(value[FIELD_MECHANISM], ""), moment);
        return;
    }
    json_put_text(explanation->document, "account", value[FIELD_ACCOUNT]);
    json_put_text(explanation->document, "service", value[FIELD_SERVICE]);
    json_put_text(explanation->document, "address", value[FIELD_CLIENT_ADDRESS]);
    json_put_text(explanation->document, "country", value[FIELD_VALUE]);
    json_put_text(explanation->document, "credential", value[FIELD_CREDENTIAL]);
    json_put_text(explanation->document, "mechanism", value[FIELD_MECHANISM]);
    json_put_number(explanation->document, "at", at);
}

/* "cannot-tell" as people read it, and the rule that decides so that it is seen. */
static void outcome_words(const char *outcome, char *words, size_t size) {
    snprintf(words, size, "%s", strcmp(outcome, "decided") == 0 ? "DENIES" : outcome);
    for (char *byte = words; *byte != '\0'; byte++)
        if (*byte == '-')
            *byte = ' ';
}

/* ", until 2026-11-22 16:05:00 JST" where it ends by itself. */
static const char *until_words(const struct message *record, char words[WHEN_TEXT_SIZE + 8]) {
    char moment[WHEN_TEXT_SIZE];
    words[0] = '\0';
    if (record->value[FIELD_UNTIL] == NULL)
        return words;
    when_format(strtoll(record->value[FIELD_UNTIL], NULL, 10), moment);
    snprintf(words, WHEN_TEXT_SIZE + 8, ", until %s", moment);
    return words;
}

static void put_until(struct json *object, const struct message *record) {
    if (record->value[FIELD_UNTIL] != NULL)
        json_put_number(object, "until", strtoll(record->value[FIELD_UNTIL], NULL, 10));
}

static void take_rule(struct explanation *explanation, const struct message *record) {
    const char *const *value = record->value;
    const char *outcome = or_else(value[FIELD_OUTCOME], "");
    if (explanation->document == NULL) {
        char words[32], until[WHEN_TEXT_SIZE + 8], why[4096];
        outcome_words(outcome, words, sizeof words);
        snprintf(why, sizeof why, "%s%s", or_else(value[FIELD_TEXT], ""), until_words(record, until));
        grid_add(&explanation->rule_grid,
                 (const char *const[]){value[FIELD_RULE], words, why, value[FIELD_SOURCE]});
        return;
    }
    explanation->rule = json_append_object(explanation->rules);
    json_put_text(explanation->rule, "rule", value[FIELD_RULE]);
    json_put_text(explanation->rule, "outcome", outcome);
    json_put_text(explanation->rule, "why", value[FIELD_TEXT]);
    json_put_text(explanation->rule, "source", value[FIELD_SOURCE]);
    put_until(explanation->rule, record);
}

static void take_softened(struct explanation *explanation, const struct message *record) {
    const char *text = record->value[FIELD_TEXT];
    const char *source = record->value[FIELD_SOURCE];
    if (explanation->document == NULL) {
        grid_add(&explanation->rule_grid, (const char *const[]){"", "", text, source});
    } else if (explanation->rule != NULL) {
        struct json *object = json_put_object(explanation->rule, "softened");
        json_put_text(object, "why", text);
        json_put_text(object, "source", source);
    }
}

static void word_verdict(struct explanation *explanation, const struct message *record) {
    const char *const *value = record->value;
    char *text = explanation->verdict;
    size_t size = sizeof explanation->verdict;
    char until[WHEN_TEXT_SIZE + 8];
    const char *source = or_else(value[FIELD_SOURCE], "");
    const char *set = source[0] == '\0' ? "" : strcmp(source, "built-in") == 0 ? "\n  " : "\n  set at ";
    if (strcmp(or_else(value[FIELD_VERDICT], ""), verdict_name(VERDICT_DENY)) == 0)
        snprintf(text, size, "DENIED by %s: %s%s%s%s", or_else(value[FIELD_REASON], ""), or_else(value[FIELD_TEXT], ""),
                 until_words(record, until), set, source);
    else if (explanation->denied)
        snprintf(text, size, "REFUSED FOR NOW (%s): %s could not judge: %s", or_else(value[FIELD_REASON], ""),
                 or_else(value[FIELD_RULE], "the gate"), or_else(value[FIELD_TEXT], ""));
    else if (value[FIELD_VALUE] != NULL)
        snprintf(text, size, "LET IN once the password is right, but reported: %s would deny it", value[FIELD_VALUE]);
    else
        snprintf(text, size, "LET IN once the password is right");
}

static void take_verdict(struct explanation *explanation, const struct message *record) {
    const char *const *value = record->value;
    explanation->denied = strcmp(or_else(value[FIELD_VERDICT], ""), verdict_name(VERDICT_CONTINUE)) != 0;
    if (explanation->document == NULL) {
        word_verdict(explanation, record);
        return;
    }
    json_put_text(explanation->document, "verdict", value[FIELD_VERDICT]);
    json_put_text(explanation->document, "reason", value[FIELD_REASON]);
    json_put_text(explanation->document, "would", value[FIELD_VALUE]);
    json_put_text(explanation->document, "why", value[FIELD_TEXT]);
    json_put_text(explanation->document, "source", value[FIELD_SOURCE]);
    put_until(explanation->document, record);
}

static void take(void *context, const struct message *record) {
    static const struct {
        const char *kind;
        void (*take)(struct explanation *explanation, const struct message *record);
    } takers[] = {{"login", take_login}, {"rule", take_rule}, {"softened", take_softened}, {"verdict", take_verdict}};
    struct explanation *explanation = context;
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++)
        if (strcmp(takers[i].kind, record->value[FIELD_RECORD]) == 0)
            takers[i].take(explanation, record);
    if (strcmp("policy", record->value[FIELD_RECORD]) == 0)
        policy_view_take(&explanation->policy, record);
}

static enum status print(struct explanation *explanation) {
    enum status status = explanation->denied ? STATUS_NO : STATUS_DONE;
    if (explanation->document != NULL)
        return json_print(&explanation->document, status);
    grid_print_text(explanation->headline);
    printf("\n\n");
    for (char *line = explanation->verdict, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        grid_print_text(line);
        putchar('\n');
    }
    printf("\nThe rules, in the order in which they decide\n");
    grid_print(&explanation->rule_grid);
    printf("\nThe policy that holds\n");
    policy_view_print(&explanation->policy);
    return status;
}

/* Checks what can be checked here, so that a slip of the fingers is a matter of usage and not an answer. */
static bool sound(const struct message *question) {
    struct address address;
    enum credential credential;
    const char *const *value = question->value;
    if (value[FIELD_SERVICE] == NULL || value[FIELD_CLIENT_ADDRESS] == NULL) {
        verb_fail(STATUS_USAGE, "--service and --address are needed");
        return false;
    }
    if (strcmp(value[FIELD_CLIENT_ADDRESS], "unknown") != 0 && !address_parse(value[FIELD_CLIENT_ADDRESS], &address)) {
        verb_fail(STATUS_USAGE, "%s is no address; \"unknown\" stands for none", value[FIELD_CLIENT_ADDRESS]);
        return false;
    }
    if (value[FIELD_CREDENTIAL] != NULL && !credential_parse(value[FIELD_CREDENTIAL], &credential)) {
        verb_fail(STATUS_USAGE, "%s is no credential: password, totp, remembered, recovery-code, app-password, token",
                  value[FIELD_CREDENTIAL]);
        return false;
    }
    return true;
}

/* The time is local in the configuration's zone, so the configuration must have been loaded. */
static bool put_time(const char *at, struct message *question, char moment[24]) {
    int64_t seconds;
    if (at == NULL)
        return true;
    if (date_parse_from(at, &seconds) != DATE_OK) {
        verb_fail(STATUS_USAGE, "%s is no time such as 2026-12-01 or 2026-12-01T09:00", at);
        return false;
    }
    snprintf(moment, 24, "%" PRId64, seconds);
    question->value[FIELD_AT] = moment;
    return true;
}

static enum status explain(const struct invocation *invocation, const char *socket, const struct message *question) {
    struct explanation explanation = {.document = invocation->json ? json_make_object() : NULL};
    explanation.rule_grid.columns = 4;
    explanation.rules = invocation->json ? json_put_list(explanation.document, "rules") : NULL;
    explanation.policy =
        policy_view_start(invocation->json ? json_put_list(explanation.document, "policy") : NULL, true);
    enum status status = ask(socket, question, take, &explanation);
    return status == STATUS_DONE ? print(&explanation) : status;
}

static enum status run(struct invocation *invocation) {
    struct message question = {{NULL}};
    const char *at = NULL;
    const struct verb_option options[] = {
        {"service", &question.value[FIELD_SERVICE]},
        {"address", &question.value[FIELD_CLIENT_ADDRESS]},
        {"credential", &question.value[FIELD_CREDENTIAL]},
        {"mechanism", &question.value[FIELD_MECHANISM]},
        {"at", &at},
        {NULL, NULL},
    };
    char moment[24];
    if (!verb_parse(invocation, options))
        return STATUS_USAGE;
    if (question.value[FIELD_SERVICE] == NULL && question.value[FIELD_CLIENT_ADDRESS] == NULL &&
        explain_is_ref(invocation))
        return explain_ref(invocation);
    if (invocation->count != 1 || !sound(&question))
        return STATUS_USAGE;
    question.value[FIELD_REQUEST] = "explain";
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    if (strcmp(question.value[FIELD_CLIENT_ADDRESS], "unknown") == 0)
        question.value[FIELD_CLIENT_ADDRESS] = NULL;
    struct configuration *configuration = host_load(invocation, invocation->socket != NULL);
    bool timed = put_time(at, &question, moment);
    enum status status = STATUS_USAGE;
    if (timed)
        status = explain(invocation, host_admin_socket(invocation, configuration), &question);
    configuration_free(&configuration);
    return status;
}

const struct verb explain_verb = {
    .name = "explain",
    .arguments = "ACCOUNT --service S --address A [--credential K] [--mechanism M] [--at TIME] | REF",
    .help = "what becomes of a login, rule by rule, each with the file and line that set it; or what became of one",
    .run = run,
};
