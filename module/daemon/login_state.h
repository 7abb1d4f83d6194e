/* SPDX-License-Identifier: BSD-2-Clause */
/* One login's state, shared by the files that carry a login through (login.c, login_opening.c, login_outcome.c) and by
 * nobody else. */
#ifndef AUTHGATE_DAEMON_LOGIN_STATE_H
#define AUTHGATE_DAEMON_LOGIN_STATE_H

#include "base/secret.h"
#include "daemon/gather.h"
#include "daemon/login.h"
#include "daemon/login_log.h"
#include "daemon/settled.h"
#include "gate/gate.h"
#include "store/store.h"

enum stage {
    STAGE_GATHERING, /* facts are being looked up; nothing has been answered */
    STAGE_OPEN,      /* answered continue; the password is being checked */
    STAGE_SETTLING,  /* the store is told; the answer follows */
    STAGE_REFUSED,   /* begin ended it */
    STAGE_SETTLED,   /* commit was answered */
    STAGE_ENDED,     /* the module said how it ended */
};

struct login {
    struct server *server;
    struct login *previous, *next;
    enum login_kind kind;
    struct login **place; /* of a login that is judged at once: where its owner keeps it */
    enum stage stage;
    char name[ACCOUNT_NAME_SIZE]; /* account_name_undivided's: who is let in, in others' eyes */
    struct login_record record; /* what the log line says */
    struct gathering gathering;
    struct decision decision;
    unsigned char facts[STORE_HASH_SIZE]; /* keyed hash of all that the login says of itself */
    bool defer;
    bool repeated;            /* a commit with this ref was answered before: say the same again */
    struct settlement before; /* what was answered */
    bool superseded;          /* the same login goes on over another connection */
    bool left;                /* the module has gone while the store was told */
    int64_t now;              /* clock_monotonic at the begin */
    uint64_t digits_hash;     /* keyed; 0: no digits */
    uint32_t mark;            /* of the password that was checked, where has_mark */
    bool has_mark;
    struct secret digits, app_password; /* until the facts are gathered */
    login_answered *answered;
    void *context;
};

#endif
