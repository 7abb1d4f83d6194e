/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns a login's record into its line. Secrets never reach a record, so none can reach the log. */
#include "daemon/login_log.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/server.h"
#include "daemon/trials.h"

static void copy_cut(char *to, size_t size, const char *from) {
    size_t length = from != NULL ? strnlen(from, size - 1) : 0;
    if (length > 0)
        memcpy(to, from, length);
    to[length] = '\0';
}

void login_record_word(char word[LOGIN_WORD_SIZE], const char *from) {
    copy_cut(word, LOGIN_WORD_SIZE, from);
}

void login_record_mechanism(char word[LOGIN_WORD_SIZE], const char *from) {
    copy_cut(word, LOGIN_WORD_SIZE, from);
    for (; *word != '\0'; word++)
        if (*word >= 'a' && *word <= 'z')
            *word = (char)(*word - 'a' + 'A');
}

void login_record_name(char name[ACCOUNT_NAME_SIZE], const char *from) {
    copy_cut(name, ACCOUNT_NAME_SIZE, from);
}

static void add_origin(struct buffer *line, const struct login_record *record) {
    char address[ADDRESS_TEXT_SIZE];
    char country[3];
    address_format(&record->address, address);
    country_code_format(record->country, country);
    log_add(line, "address", address);
    if (address[0] != '\0')
        log_add(line, "country", country[0] != '\0' ? country : "unknown");
}

static int urgency(const struct login_record *record) {
    return record->reason == REASON_UNCOMMITTED ? LOG_CRIT : LOG_NOTICE;
}

static void remember(struct server *server, const struct login_record *record) {
    const struct history_login login = {
        .at = clock_wall(),
        .ref = record->ref,
        .account = record->account,
        .service = record->service,
        .mechanism = record->mechanism,
        .address = record->address,
        .country = record->country,
        .credential = record->credential,
        .verdict = record->verdict,
        .reason = record->verdict == VERDICT_ACCEPT ? record->would : record->reason,
        .password = record->password,
    };
    if (record->verdict != VERDICT_CONTINUE) /* what an ask was told is no login yet */
        history_add_login(server->history, &login);
}

void login_record_write(struct server *server, const struct login_record *record) {
    char text[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, text, sizeof text);
    log_add(&line, "ref", record->ref);
    log_add(&line, "account", record->account);
    log_add(&line, "service", record->service);
    add_origin(&line, record);
    log_add(&line, "mechanism", record->mechanism);
    log_add(&line, "credential", credential_name(record->credential));
    log_add(&line, "verdict", verdict_name(record->verdict));
    if (record->would != REASON_NONE && record->verdict == VERDICT_ACCEPT) {
        log_add(&line, "would", "deny");
        log_add(&line, "reason", reason_name(record->would));
        server->reports++;
    } else {
        log_add(&line, "reason", reason_name(record->reason));
    }
    log_add(&line, "note", record->note);
    server->verdicts[record->verdict]++;
    log_line(urgency(record), text);
    remember(server, record);
    trials_see(server, record);
}

void login_record_withdrawn(const struct login_record *record) {
    char text[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, text, sizeof text);
    log_add(&line, "ref", record->ref);
    log_add(&line, "account", record->account);
    log_add(&line, "service", record->service);
    log_add(&line, "note", "accepted-here-but-refused-by-a-later-PAM-module");
    log_line(LOG_NOTICE, text);
}
