/* SPDX-License-Identifier: BSD-2-Clause */
/* The copies that cross from the caller's thread to an engine's. Called by store.c alone; judges nothing but whether a
 * value fits where it goes. */
#include "store/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static bool copy_text(char *out, size_t size, const char *text) {
    struct buffer copy;
    buffer_init(&copy, out, size);
    return buffer_add(&copy, text == NULL ? "" : text);
}

static bool copy_name(char *out, size_t size, const char *text) {
    return text != NULL && *text != '\0' && copy_text(out, size, text);
}

/* A hash or id that its use needs. */
static bool copy_bytes(unsigned char *out, const unsigned char *bytes) {
    _Static_assert(STORE_ID_SIZE == STORE_HASH_SIZE, "ids and hashes are copied alike");
    if (bytes == NULL)
        return false;
    memcpy(out, bytes, STORE_HASH_SIZE);
    return true;
}

static struct store_request *request_new(enum store_request_kind kind, const char *account, int64_t deadline) {
    struct store_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->kind = kind;
    request->deadline = deadline;
    if (copy_text(request->account, sizeof request->account, account))
        return request;
    request_free(request);
    return NULL;
}

void request_free(struct store_request *request) {
    if (request->kind == STORE_REQUEST_FACTS)
        free(request->found.facts);
    if (request->kind == STORE_REQUEST_ORDER) {
        if (request->found.order != NULL) {
            free(request->found.order->app_passwords);
            free(request->found.order->sealed);
        }
        if (request->asked.order != NULL)
            free(request->asked.order->path);
        free(request->found.order);
        free(request->asked.order);
    }
    free(request);
}

struct store_request *request_of_question(const struct store_question *question) {
    if (question->account == NULL || *question->account == '\0')
        return NULL;
    struct store_request *request = request_new(STORE_REQUEST_FACTS, question->account, question->deadline);
    if (request == NULL)
        return NULL;
    request->network = question->network;
    request->now = question->now;
    request->asked.facts.has_app_password = copy_bytes(request->asked.facts.app_password, question->app_password);
    request->found.facts = calloc(1, sizeof *request->found.facts);
    if (request->found.facts != NULL)
        return request;
    request_free(request);
    return NULL;
}

static bool copy_step(const struct store_login *login, struct asked_settle *asked) {
    asked->step = login->step;
    asked->step_starts = login->step_starts;
    asked->code_until = login->code_until;
    return copy_bytes(asked->secret_id, login->secret_id) && copy_bytes(asked->step_mac, login->step_mac) &&
           copy_bytes(asked->code, login->code);
}

static bool copy_use(const struct store_login *login, struct asked_settle *asked) {
    switch (login->use) {
    case STORE_USE_NOTHING:
        return true;
    case STORE_USE_STEP:
        return copy_step(login, asked);
    case STORE_USE_RECOVERY:
        return copy_bytes(asked->recovery, login->recovery);
    case STORE_USE_WRONG:
        return copy_bytes(asked->code, login->code);
    case STORE_USE_APP_PASSWORD:
        address_format(&login->address, asked->address);
        return copy_bytes(asked->app_password, login->app_password) &&
               copy_text(asked->country, sizeof asked->country, login->country) &&
               copy_text(asked->service, sizeof asked->service, login->service);
    }
    return false;
}

static bool copy_login(const struct store_login *login, struct asked_settle *asked) {
    asked->use = login->use;
    asked->past_gate_lock = login->past_gate_lock;
    asked->burn = login->burn;
    asked->network_until = login->network_until;
    if (login->network_until != 0 && !copy_bytes(asked->network_mac, login->network_mac))
        return false;
    return copy_name(asked->ref, sizeof asked->ref, login->ref) && copy_bytes(asked->facts, login->facts) &&
           copy_use(login, asked);
}

struct store_request *request_of_login(const struct store_login *login) {
    if (login->account == NULL || *login->account == '\0')
        return NULL;
    struct store_request *request = request_new(STORE_REQUEST_SETTLE, login->account, login->deadline);
    if (request == NULL)
        return NULL;
    request->network = login->network;
    request->now = login->now;
    if (copy_login(login, &request->asked.settle))
        return request;
    request_free(request);
    return NULL;
}

/* What each verb cannot do without. */
enum need { NEED_ACCOUNT = 1, NEED_SECRET = 2, NEED_APP_PASSWORD = 4, NEED_LOCK = 8, NEED_PATH = 16 };

static const unsigned needs[] = {
    [STORE_SHOW] = NEED_ACCOUNT,
    [STORE_ENROL] = NEED_ACCOUNT | NEED_SECRET,
    [STORE_IMPORT] = NEED_ACCOUNT | NEED_SECRET,
    [STORE_CONFIRM] = NEED_ACCOUNT | NEED_SECRET,
    [STORE_DISABLE] = NEED_ACCOUNT,
    [STORE_ADD_APP_PASSWORD] = NEED_ACCOUNT | NEED_APP_PASSWORD,
    [STORE_REVOKE_APP_PASSWORD] = NEED_ACCOUNT | NEED_APP_PASSWORD,
    [STORE_NEW_RECOVERY_CODES] = NEED_ACCOUNT,
    [STORE_FORGET_NETWORKS] = NEED_ACCOUNT,
    [STORE_LOCK] = NEED_ACCOUNT | NEED_LOCK,
    [STORE_UNLOCK] = NEED_ACCOUNT,
    [STORE_FORGET_ACCOUNT] = NEED_ACCOUNT,
    [STORE_LIST_SEALED] = 0,
    [STORE_LIST_ACCOUNTS] = 0,
    [STORE_RESEAL] = NEED_ACCOUNT | NEED_SECRET,
    [STORE_BACKUP] = NEED_PATH,
    [STORE_RESTORE] = NEED_PATH,
    [STORE_ACCEPT] = 0,
};

static bool order_complete(const struct store_order *order) {
    if ((size_t)order->verb >= sizeof needs / sizeof needs[0] || order->hash_count > STORE_RECOVERY_LIMIT)
        return false;
    unsigned given = (order->account != NULL && *order->account != '\0' ? NEED_ACCOUNT : 0) |
                     (order->secret != NULL && order->secret->sealed_length <= STORE_SEALED_LIMIT ? NEED_SECRET : 0) |
                     (order->app_password != NULL ? NEED_APP_PASSWORD : 0) | (order->lock != NULL ? NEED_LOCK : 0) |
                     (order->path != NULL && *order->path != '\0' ? NEED_PATH : 0);
    return (needs[order->verb] & ~given) == 0;
}

static bool copy_order(const struct store_order *order, struct asked_order *asked) {
    asked->verb = order->verb;
    asked->key = order->key;
    asked->old_key = order->old_key;
    if (order->secret != NULL)
        asked->secret = *order->secret;
    asked->has_seen = copy_bytes(asked->seen, order->seen);
    if (order->app_password != NULL)
        asked->app_password = *order->app_password;
    if (order->lock != NULL)
        asked->lock = *order->lock;
    if (order->hash_count > 0)
        memcpy(asked->hashes, order->hashes, order->hash_count * STORE_HASH_SIZE);
    asked->hash_count = order->hash_count;
    if (order->path != NULL && (asked->path = strdup(order->path)) == NULL)
        return false;
    return copy_text(asked->who, sizeof asked->who, order->who);
}

struct store_request *request_of_order(const struct store_order *order) {
    if (!order_complete(order))
        return NULL;
    struct store_request *request = request_new(STORE_REQUEST_ORDER, order->account, order->deadline);
    if (request == NULL)
        return NULL;
    request->network = order->network;
    request->now = order->now;
    request->asked.order = calloc(1, sizeof *request->asked.order);
    request->found.order = calloc(1, sizeof *request->found.order);
    if (request->asked.order != NULL && request->found.order != NULL && copy_order(order, request->asked.order))
        return request;
    request_free(request);
    return NULL;
}
