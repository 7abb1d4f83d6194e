/* SPDX-License-Identifier: BSD-2-Clause */
/* libauthgate.so, the plugin that libsasl2 calls before any password is checked (authgate-sasl(8)). It asks the gate
 * and turns the answer into a SASL code; it never sees a password, gives no property, opens no file and never waits
 * past its timeout. Without the option authgate_socket it has no effect at all, for libsasl2 calls every plugin in
 * every server. */
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sasl/outcome.h"
#include "sasl/question.h"
#include "wire/client.h"

#define ENTRY           __attribute__((visibility("default")))
#define DEFAULT_TIMEOUT 2000 /* milliseconds */
#define LONGEST_TIMEOUT 60000
#define ANSWER_STANDS   30000 /* milliseconds in which the second look-up of a login comes */

/* What outlives a look-up: the login that was just let through, if libsasl2 is to come back for it. */
struct plugin {
    sasl_auxprop_plug_t interface;
    void *mutex;
    const sasl_conn_t *connection; /* NULL: none */
    int64_t until;
    struct question passed;
};

struct options {
    const char *socket; /* NULL: the plugin is not wanted here */
    int timeout;        /* 0: what is written there is none */
};

/* What became of one ask. */
struct hearing {
    struct answer answer;
    const char *trouble; /* why nothing was heard, in words; NULL where something was */
    char reason[65];
    char ref[14];
};

static const char *option(const sasl_utils_t *utils, const char *name) {
    const char *value = NULL;
    if (utils->getopt == NULL || utils->getopt(utils->getopt_context, NULL, name, &value, NULL) != SASL_OK)
        return NULL;
    return value;
}

/* Whole seconds (2s) or milliseconds (1500ms); 0 for anything else. */
static int read_timeout(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5)
        return 0;
    int number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    bool seconds = strcmp(text + digits, "s") == 0;
    if (!seconds && strcmp(text + digits, "ms") != 0)
        return 0;
    number = seconds ? number * 1000 : number;
    return number <= LONGEST_TIMEOUT ? number : 0;
}

static void read_options(const sasl_utils_t *utils, struct options *options) {
    options->socket = option(utils, "authgate_socket");
    const char *timeout = option(utils, "authgate_timeout");
    options->timeout = timeout != NULL ? read_timeout(timeout) : DEFAULT_TIMEOUT;
}

/* A property of the connection that is a text, or NULL. */
static const char *property(const sasl_utils_t *utils, int number) {
    const void *value = NULL;
    if (utils->getprop == NULL || utils->getprop(utils->conn, number, &value) != SASL_OK)
        return NULL;
    return value;
}

/* One line to the host's log. What the client chose is escaped. */
static void report(const sasl_utils_t *utils, int level, const char *what, const struct question *question,
                   const struct hearing *hearing) {
    char storage[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, storage, sizeof storage);
    log_add(&line, "ref", hearing->ref);
    log_add(&line, "user", question->user);
    log_add(&line, "service", question->service);
    log_add(&line, "address", question->address);
    log_add(&line, "mechanism", question->mechanism);
    log_add(&line, "reason", hearing->reason);
    if (utils->log != NULL)
        utils->log(utils->conn, level, "authgate: %s: %s", what, line.bytes);
}

static void hear(struct hearing *hearing, const struct message *said) {
    const char *verdict = said->value[FIELD_VERDICT];
    const char *reason = said->value[FIELD_REASON];
    const char *ref = said->value[FIELD_REF];
    hearing->answer = (struct answer){.reason = reason != NULL};
    if (reason != NULL && field_valid(FIELD_REASON, reason))
        memcpy(hearing->reason, reason, strlen(reason) + 1);
    if (ref != NULL && field_valid(FIELD_REF, ref))
        memcpy(hearing->ref, ref, strlen(ref) + 1);
    hearing->answer.heard = verdict != NULL && verdict_parse(verdict, &hearing->answer.verdict);
    hearing->trouble = hearing->answer.heard ? NULL : "the gate's answer is none to this question";
}

/* Asks, again on a new connection where one is lost, until the deadline. */
static void ask(const struct question *question, const struct options *options, struct hearing *hearing) {
    static const char *const troubles[] = {
        [CLIENT_OK] = "no trouble",
        [CLIENT_UNREACHABLE] = "the gate cannot be reached",
        [CLIENT_LOST] = "the gate did not answer in time",
        [CLIENT_GARBLED] = "the gate's answer is no message",
        [CLIENT_FAILED] = "this process could not ask the gate",
    };
    struct client client;
    struct message asked, said;
    enum client_result result;
    int64_t deadline = clock_monotonic() + options->timeout;
    int pause = 0;
    client_init(&client);
    question_fill(question, &asked);
    do {
        result = client_connect(&client, options->socket, deadline);
        if (result == CLIENT_OK)
            result = client_call(&client, &asked, &said, deadline);
    } while (result == CLIENT_LOST && client_pause(&pause, deadline));
    hearing->trouble = troubles[result];
    if (result == CLIENT_OK)
        hear(hearing, &said);
    client_close(&client);
}

/* Whether this is the second look-up of a login that was let through at the first. It is so once. */
static bool passed_before(struct plugin *plugin, const sasl_utils_t *utils, const struct question *question) {
    if (utils->mutex_lock(plugin->mutex) != 0)
        return false;
    bool passed = plugin->connection == utils->conn && clock_monotonic() < plugin->until &&
                  question_same(&plugin->passed, question);
    if (passed)
        plugin->connection = NULL;
    utils->mutex_unlock(plugin->mutex);
    return passed;
}

static void remember_passed(struct plugin *plugin, const sasl_utils_t *utils, const struct question *question) {
    if (!question_comes_twice(question) || utils->mutex_lock(plugin->mutex) != 0)
        return;
    plugin->connection = utils->conn;
    plugin->until = clock_monotonic() + ANSWER_STANDS;
    plugin->passed = *question;
    utils->mutex_unlock(plugin->mutex);
}

/* Fills in what libsasl2 knows; SASL_OK where it can be asked. */
static int collect(const sasl_utils_t *utils, const char *user, unsigned length, struct question *question) {
    memset(question, 0, sizeof *question); /* its padding too: questions are compared */
    if (!question_set_user(question, user, length))
        return SASL_BADAUTH;
    if (!question_set_service(question, property(utils, SASL_SERVICE)))
        return SASL_UNAVAIL;
    question_set_remote(question, property(utils, SASL_IPREMOTEPORT));
    question_set_mechanism(question, property(utils, SASL_MECHNAME));
    question_set_pwcheck(question, option(utils, "pwcheck_method"), option(utils, "saslauthd_path"));
    return SASL_OK;
}

static int judge(struct plugin *plugin, const sasl_utils_t *utils, const struct options *options,
                 const struct question *question) {
    struct hearing hearing = {.trouble = NULL};
    if (passed_before(plugin, utils, question))
        return SASL_OK;
    if (options->timeout == 0)
        hearing.trouble = "authgate_timeout is no time such as 2s or 1500ms";
    else
        ask(question, options, &hearing);
    int code = outcome_code(&hearing.answer);
    if (hearing.trouble != NULL)
        report(utils, SASL_LOG_ERR, hearing.trouble, question, &hearing);
    else if (code != SASL_OK)
        report(utils, SASL_LOG_NOTE, "refused", question, &hearing);
    else
        remember_passed(plugin, utils, question);
    return code;
}

/* libsasl2's call for each look-up. SASL_NOMECH leaves the login exactly as if the plugin were not there. */
static int look_up(void *context, sasl_server_params_t *parameters, unsigned flags, const char *user, unsigned length) {
    struct plugin *plugin = context;
    if (plugin == NULL || parameters == NULL || parameters->utils == NULL)
        return SASL_UNAVAIL;
    const sasl_utils_t *utils = parameters->utils;
    struct options options;
    read_options(utils, &options);
    if (options.socket == NULL || (flags & SASL_AUXPROP_AUTHZID) != 0)
        return SASL_NOMECH;
    struct question question;
    int code = collect(utils, user, length, &question);
    if (code == SASL_OK)
        return judge(plugin, utils, &options, &question);
    report(utils, SASL_LOG_NOTE, "refused, no such name or service can be", &question, &(struct hearing){.ref = ""});
    return code;
}

static void free_plugin(void *context, const sasl_utils_t *utils) {
    struct plugin *plugin = context;
    if (plugin == NULL)
        return;
    utils->mutex_free(plugin->mutex);
    explicit_bzero(plugin, sizeof *plugin);
    utils->free(plugin);
}

ENTRY sasl_auxprop_init_t sasl_auxprop_plug_init;

int sasl_auxprop_plug_init(const sasl_utils_t *utils, int max_version, int *version, sasl_auxprop_plug_t **made,
                           const char *name) {
    (void)name;
    static char plugin_name[] = "authgate";
    if (utils == NULL || version == NULL || made == NULL)
        return SASL_BADPARAM;
    if (max_version < SASL_AUXPROP_PLUG_VERSION)
        return SASL_BADVERS;
    struct plugin *plugin = utils->malloc(sizeof *plugin);
    if (plugin == NULL)
        return SASL_NOMEM;
    memset(plugin, 0, sizeof *plugin);
    plugin->mutex = utils->mutex_alloc();
    if (plugin->mutex == NULL) {
        utils->free(plugin);
        return SASL_NOMEM;
    }
    plugin->interface = (sasl_auxprop_plug_t){
        .glob_context = plugin, .auxprop_free = free_plugin, .auxprop_lookup = look_up, .name = plugin_name};
    *version = SASL_AUXPROP_PLUG_VERSION;
    *made = &plugin->interface;
    return SASL_OK;
}
