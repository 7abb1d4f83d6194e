/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the administrator's program (`notify`) what somebody should hear at once. The daemon hands one JSON object to a
 * helper process, which runs the program without a shell and with a time limit. Nothing here waits. */
#ifndef AUTHGATE_DAEMON_NOTIFY_H
#define AUTHGATE_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/country_code.h"
#include "base/log.h"
#include "base/siphash.h"

#define NOTIFY_BURST        20      /* notices that may go out at once, of NOTICE_THROTTLED half as many … */
#define NOTIFY_REFILL       60000   /* … and milliseconds after which there may be one more */
#define NOTIFY_SAME_AGAIN   3600000 /* milliseconds before the same is told again of the same account or network */
#define NOTIFY_PROGRAM_TIME 10000   /* milliseconds that the program may take before it is killed */

struct notifier;

enum notice_kind {
    NOTICE_LOCKED,
    NOTICE_UNLOCKED,
    NOTICE_STOLEN,
    NOTICE_COMPROMISED,
    NOTICE_THROTTLED,        /* a network, or an account */
    NOTICE_STORE,            /* trouble with the store or the history */
    NOTICE_EXCEPTION_ENDING, /* within a week */
    NOTICE_COUNT
};

/* Fields that do not apply are NULL, zero or unknown. */
struct notice {
    enum notice_kind kind;
    int64_t at; /* seconds since the epoch */
    const char *account;
    const char *service;
    const char *ref; /* the login that brought it about */
    struct address address;
    struct prefix network;
    country_code country;
    const char *who;
    const char *why;
    int64_t until; /* of a lock or an exception; 0: for good, or none */
};

/* Starts the helper. Called before there are threads and before the secret key is read; the helper becomes `user`
 * (NULL: stays who it is), closes every descriptor but its own, and ends when the notifier stops. `key` is random. NULL
 * where it cannot be started. */
struct notifier *notifier_start(const char *user, enum log_target log, const unsigned char key[SIPHASH_KEY_SIZE]);

/* Lets the helper end (notices that it has are still told) and sets the pointer to NULL. */
void notifier_stop(struct notifier **notifier);

/* Hands a notice to `program` (an absolute path; NULL: nobody is to be told). False where it was left out: the same was
 * told lately, too many were, or the helper is busy. The next notice says how many were left out. `now` is
 * clock_monotonic milliseconds. Safe on a NULL notifier. */
bool notifier_tell(struct notifier *notifier, const char *program, const struct notice *notice, int64_t now);

/* How many notices were handed over, and how many were left out, since the start. */
void notifier_count(const struct notifier *notifier, uint64_t *told, uint64_t *left_out);

/* The word for a kind, as the object's "event" has it: "locked", "stolen-password", … */
const char *notice_name(enum notice_kind kind);

#endif
