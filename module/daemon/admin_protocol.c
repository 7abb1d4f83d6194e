/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes authgatectl's questions apart and answers them: `explain` and `account show` gather as a login does and have
 * the gate decide as it decides for a login. Changes nothing, logs nothing. */
#include "daemon/admin_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/connection.h"
#include "daemon/explanation.h"
#include "daemon/gather.h"
#include "daemon/records.h"
#include "daemon/server.h"
#include "daemon/server_status.h"
#include "policy/configuration.h"

/* A question about an account, from its message to its answer. Belongs to its connection while it is gathered. */
struct query {
    struct connection *connection;
    struct gathering gathering;
    bool explain; /* else: show the policy */
    char account[ACCOUNT_NAME_SIZE];
    char service[64];
    char mechanism[64];
};

static void send_error(struct connection *connection, enum reason reason, const char *text) {
    struct records records;
    records_start(&records);
    records_add_error(&records, reason, text);
    records_send(&records, connection);
}

static void free_query(void *context) {
    struct query *query = context;
    gather_clear(&query->gathering);
    free(query);
}

static void answer_account(const struct query *query, bool readable, struct records *records) {
    const struct settings *settings = configuration_settings(query->gathering.server->configuration);
    struct message record = records_make("account");
    record.value[FIELD_ACCOUNT] = query->account;
    if (!readable) {
        records_add_error(records, REASON_UNAVAILABLE, EXPLANATION_UNREADABLE);
        return;
    }
    records_add(records, &record);
    explanation_add_policy(&query->gathering.policy, settings, records);
}

static void answer_explain(const struct query *query, bool readable, struct records *records) {
    const struct explanation explanation = {
        .settings = configuration_settings(query->gathering.server->configuration),
        .facts = &query->gathering.facts,
        .policy = &query->gathering.policy,
        .account = query->account,
        .service = query->service,
        .readable = readable,
    };
    explanation_add(&explanation, records);
}

static void gathered(void *context, bool readable) {
    struct query *query = context;
    struct connection *connection = query->connection;
    struct records records;
    records_start(&records);
    if (query->explain)
        answer_explain(query, readable, &records);
    else
        answer_account(query, readable, &records);
    connection_set_busy(connection, false);
    connection_set_state(connection, NULL);
    free_query(query);
    connection_expect(connection, clock_monotonic() + SERVER_IDLE_TIME);
    records_send(&records, connection);
}

static bool copy_word(char word[64], const char *from, bool upper) {
    size_t length = from != NULL ? strlen(from) : 0;
    if (length >= 64)
        return false;
    for (size_t i = 0; i < length; i++)
        word[i] = upper && from[i] >= 'a' && from[i] <= 'z' ? (char)(from[i] - 'a' + 'A') : from[i];
    word[length] = '\0';
    return true;
}

/* Puts the facts that the question states where a login's begin would. False where one cannot be. */
static bool read_facts(struct query *query, const struct message *question, const struct configuration *configuration) {
    struct facts *facts = &query->gathering.facts;
    const char *const *value = question->value;
    char *end = NULL;
    facts->now = value[FIELD_AT] != NULL ? strtoll(value[FIELD_AT], &end, 10) : clock_wall();
    if (end != NULL && *end != '\0')
        return false;
    if (value[FIELD_CREDENTIAL] != NULL && !credential_parse(value[FIELD_CREDENTIAL], &facts->credential))
        return false;
    if (value[FIELD_CLIENT_ADDRESS] != NULL && !address_parse(value[FIELD_CLIENT_ADDRESS], &facts->address))
        return false;
    facts->service = configuration_service(configuration, value[FIELD_SERVICE]);
    const char *known = facts->service != SERVICE_UNKNOWN
                            ? configuration_settings(configuration)->services[facts->service]
                            : value[FIELD_SERVICE];
    facts->mechanism = value[FIELD_MECHANISM] != NULL ? query->mechanism : NULL;
    return copy_word(query->service, known, false) && copy_word(query->mechanism, value[FIELD_MECHANISM], true);
}

static struct query *create(struct connection *connection, bool explain) {
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    query->connection = connection;
    query->explain = explain;
    query->gathering.server = connection_server(connection);
    query->gathering.account = query->account;
    query->gathering.done = gathered;
    query->gathering.context = query;
    return query;
}

/* Both questions about an account. */
static void ask_about_account(struct connection *connection, const struct message *question, bool explain) {
    const struct configuration *configuration = connection_server(connection)->configuration;
    const struct account_naming *naming = &configuration_settings(configuration)->naming;
    struct query *query = create(connection, explain);
    const char *fault = NULL;
    if (query == NULL)
        fault = "the daemon is out of memory";
    else if (question->value[FIELD_ACCOUNT] == NULL || (explain && question->value[FIELD_SERVICE] == NULL))
        fault = "the question lacks an account or a service";
    else if (!account_name_canonical(naming, question->value[FIELD_ACCOUNT], query->account))
        fault = "this is no account name, or its domain is not served here: such a login is malformed";
    else if (explain && !read_facts(query, question, configuration))
        fault = "the question has a value that cannot be";
    if (fault != NULL) {
        free(query);
        send_error(connection, REASON_MALFORMED, fault);
        return;
    }
    connection_set_state(connection, query);
    connection_set_busy(connection, true);
    connection_expect(connection, 0);
    gather_start(&query->gathering);
}

static void ask_explain(struct connection *connection, const struct message *question) {
    ask_about_account(connection, question, true);
}

static void ask_account_show(struct connection *connection, const struct message *question) {
    ask_about_account(connection, question, false);
}

static void ask_status(struct connection *connection, const struct message *question) {
    (void)question;
    struct records records;
    records_start(&records);
    server_status_add(connection_server(connection), &records);
    records_send(&records, connection);
}

static void on_message(struct connection *connection, char *bytes, size_t length) {
    static const struct {
        const char *word;
        void (*ask)(struct connection *connection, const struct message *question);
    } requests[] = {{"explain", ask_explain}, {"account-show", ask_account_show}, {"status", ask_status}};
    struct message question;
    enum message_fault fault = message_decode(&question, bytes, length);
    if (fault != MESSAGE_OK) {
        send_error(connection, REASON_MALFORMED, message_fault_text(fault));
        connection_close(connection);
        return;
    }
    const char *word = question.value[FIELD_REQUEST] != NULL ? question.value[FIELD_REQUEST] : "";
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (strcmp(requests[i].word, word) == 0) {
            requests[i].ask(connection, &question);
            return;
        }
    }
    send_error(connection, REASON_UNAVAILABLE, "this daemon does not know the request: is it older than authgatectl?");
}

static void on_spoilt(struct connection *connection, const char *why) {
    send_error(connection, REASON_MALFORMED, why);
}

static void on_closed(struct connection *connection) {
    struct query *query = connection_state(connection);
    if (query == NULL)
        return;
    connection_set_state(connection, NULL);
    gather_cancel(&query->gathering, free_query);
}

const struct protocol admin_protocol = {
    .name = "admin",
    .extent = message_extent,
    .message = on_message,
    .spoilt = on_spoilt,
    .closed = on_closed,
};
