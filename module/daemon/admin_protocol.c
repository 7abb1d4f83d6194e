/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes authgatectl's questions apart: one table says which verb answers which. Called by the connections of admin
 * sockets; changes nothing itself. */
#include "daemon/admin_protocol.h"

#include <string.h>

#include "daemon/admin_accounts.h"
#include "daemon/admin_existence.h"
#include "daemon/admin_history.h"
#include "daemon/admin_job.h"
#include "daemon/admin_policy.h"
#include "daemon/admin_store.h"
#include "daemon/admin_totp.h"
#include "daemon/connection.h"
#include "daemon/records.h"
#include "daemon/trials.h"

#define ACCOUNT ADMIN_NEEDS_ACCOUNT
#define STORE   ADMIN_NEEDS_STORE

static const struct admin_request requests[] = {
    {"explain", ACCOUNT, admin_explain},
    {"account-show", ACCOUNT, admin_account_show},
    {"account-kept", ACCOUNT | ADMIN_ANY_DOMAIN, admin_account_show},
    {"account-list", STORE, admin_account_list},
    {"account-exists", ACCOUNT | ADMIN_ANY_DOMAIN, admin_account_exists},
    {"status", 0, admin_status},
    {"history", 0, admin_history},
    {"trial-watch", 0, admin_trial_watch},
    {"trial-seen", 0, admin_trial_seen},
    {"totp-enroll", ACCOUNT | STORE, admin_totp_enroll},
    {"totp-confirm", ACCOUNT | STORE, admin_totp_confirm},
    {"totp-disable", ACCOUNT | STORE, admin_totp_disable},
    {"totp-import", ADMIN_MAY_NAME_ACCOUNT | STORE, admin_totp_import},
    {"app-password-add", ACCOUNT | STORE, admin_app_password_add},
    {"app-password-list", ACCOUNT | STORE, admin_app_password_list},
    {"app-password-revoke", ACCOUNT | STORE, admin_app_password_revoke},
    {"recovery-codes-new", ACCOUNT | STORE, admin_recovery_codes_new},
    {"networks-list", ACCOUNT | STORE, admin_networks_list},
    {"networks-forget", ACCOUNT | STORE, admin_networks_forget},
    {"account-lock", ACCOUNT | STORE, admin_account_lock},
    {"account-unlock", ACCOUNT | STORE, admin_account_unlock},
    {"throttle-end", ACCOUNT, admin_throttle_end},
    {"account-forget", ACCOUNT | STORE | ADMIN_ANY_DOMAIN, admin_account_forget},
    {"key-rotate", STORE, admin_key_rotate},
    {"key-retire", STORE, admin_key_retire},
    {"key-use", STORE, admin_key_use},
    {"key-reseal", STORE | ADMIN_MAY_NAME_ACCOUNT | ADMIN_ANY_DOMAIN, admin_key_reseal},
    {"key-check", STORE, admin_key_check},
    {"store-backup", STORE, admin_store_backup},
    {"store-restore", STORE, admin_store_restore},
    {"store-accept", STORE, admin_store_accept},
};

static void send_error(struct connection *connection, enum reason reason, const char *text) {
    struct records records;
    records_start(&records);
    records_add_error(&records, reason, text);
    records_send(&records, connection);
}

static const struct admin_request *find(const char *word) {
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (strcmp(requests[i].word, word) == 0)
            return &requests[i];
    return NULL;
}

static void on_message(struct connection *connection, char *bytes, size_t length) {
    struct message question;
    char whole[CONNECTION_MESSAGE_LIMIT]; /* decoding changes the bytes; a job decodes its own */
    memcpy(whole, bytes, length);
    enum message_fault fault = message_decode(&question, bytes, length);
    const char *word = question.value[FIELD_REQUEST] != NULL ? question.value[FIELD_REQUEST] : "";
    const struct admin_request *request = find(word);
    if (fault != MESSAGE_OK) {
        send_error(connection, REASON_MALFORMED, message_fault_text(fault));
        connection_close(connection);
    } else if (request == NULL) {
        send_error(connection, REASON_UNAVAILABLE,
                   "this daemon does not know the request: is it older than authgatectl?");
    } else {
        admin_job_start(connection, request, whole, length);
    }
    explicit_bzero(whole, length);
}

static void on_spoilt(struct connection *connection, const char *why) {
    send_error(connection, REASON_MALFORMED, why);
}

static void on_closed(struct connection *connection) {
    struct admin_job *job = connection_state(connection);
    if (job != NULL)
        admin_job_abandon(job);
}

const struct protocol admin_protocol = {
    .name = "admin",
    .extent = message_extent,
    .message = on_message,
    .spoilt = on_spoilt,
    .closed = on_closed,
};
