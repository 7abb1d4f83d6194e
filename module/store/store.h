/* SPDX-License-Identifier: BSD-2-Clause */
/* What must survive: secrets, consumed steps, known codes, app passwords, recovery codes, remembered networks, code
 * budgets and locks (DESIGN 7). A login makes two calls, store_facts and store_settle; authgatectl's verbs make
 * store_administer. All of them are asynchronous: the answer comes from store_dispatch, on the caller's thread, never
 * from within the call itself. The store understands no secret: what is sealed or hashed is opaque to it.
 * One thread uses a store: the one that opened it. Nothing here blocks but store_open and store_close. */
#ifndef AUTHGATE_STORE_STORE_H
#define AUTHGATE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#define STORE_ACCOUNT_SIZE 321 /* a canonical account name with its NUL */
#define STORE_REF_SIZE 33      /* a login's ref with its NUL (DESIGN 3: 13 characters) */
#define STORE_HASH_SIZE 16     /* keyed hashes and MACs (credential/keyed_hash.h) */
#define STORE_ID_SIZE 16       /* random, made by the caller, names a row where it is sealed */
#define STORE_SEALED_LIMIT 256

#define STORE_CODE_LIMIT 8    /* accepted codes that an account keeps */
#define STORE_NETWORK_LIMIT 8 /* networks that an account keeps */
#define STORE_RECOVERY_LIMIT 16
#define STORE_APP_PASSWORD_LIMIT 64
#define STORE_SEALED_PAGE 64 /* rows of one STORE_LIST_SEALED */

#define STORE_WRONG_HOUR 10 /* distinct wrong codes with the right password: the budget (DESIGN 4) */
#define STORE_WRONG_DAY 50
#define STORE_REF_KEPT 600 /* seconds for which a settled ref is known */
#define STORE_STEP_RESTS 1800 /* and the last step of a secret that is gone: longer than any code's window */

struct store;

/* ---- rows ---- */

/* A TOTP secret. Until it is confirmed it is pending and no login sees it. */
struct store_secret {
    unsigned char id[STORE_ID_SIZE];
    unsigned char sealed[STORE_SEALED_LIMIT];
    size_t sealed_length;
    int64_t key;       /* id of the key that sealed it */
    int64_t last_step; /* the last step consumed; only rises */
    unsigned char step_mac[STORE_HASH_SIZE]; /* of last_step, the caller's (keyed_hash.h) */
    int64_t made;
    int64_t confirmed; /* 0: pending */
};

struct store_app_password {
    unsigned char id[STORE_ID_SIZE];
    unsigned char hash[STORE_HASH_SIZE]; /* of account and password */
    unsigned char mac[STORE_HASH_SIZE];  /* the caller's, of what limits it: services, networks, expires */
    char name[65];
    char services[129]; /* names, one blank between; "": none (it opens nothing) */
    char networks[513]; /* prefixes, one blank between; "": from anywhere */
    int64_t made;
    int64_t expires; /* exclusive; 0: never */
    int64_t revoked; /* 0: in force */
    char revoked_by[65];
    int64_t last_used; /* 0: never */
    char last_address[ADDRESS_TEXT_SIZE];
    char last_country[3];
    char last_service[33];
    int64_t uses;
};

struct store_network {
    struct prefix network;
    int64_t made;
    int64_t until; /* exclusive */
    unsigned char mac[STORE_HASH_SIZE]; /* the caller's, of account, network and until */
};

/* An account has at most one lock by hand and one by the gate. */
struct store_lock {
    bool by_hand;
    char who[65];
    char why[257];
    int64_t at;
    int64_t until; /* exclusive; 0: until it is unlocked */
};

/* ---- a login's first call ---- */

struct store_question {
    const char *account;
    struct prefix network;            /* address_network() of the client; family 0: unknown, and never remembered */
    const unsigned char *app_password; /* the hash of what was typed, or NULL */
    int64_t now;                      /* seconds since the epoch */
    int64_t deadline;                 /* clock_monotonic milliseconds */
};

/* All that rules and codes are judged by, as it stood at one moment. Rows that have expired are left out. */
struct account_facts {
    bool locked;
    struct store_lock lock; /* the one by hand where there are two */

    bool enrolled; /* has a confirmed secret */
    struct store_secret secret;

    size_t code_count; /* the last accepted codes that are still known */
    unsigned char codes[STORE_CODE_LIMIT][STORE_HASH_SIZE];

    bool network_remembered; /* the asked network is; believe it only after checking `network.mac` */
    struct store_network network;

    size_t recovery_count; /* unused ones first, then used ones */
    size_t recovery_unused;
    unsigned char recovery[STORE_RECOVERY_LIMIT][STORE_HASH_SIZE];

    bool app_password_found; /* revoked and expired ones too: the scope is for the caller to judge */
    struct store_app_password app_password;

    unsigned wrong_hour; /* distinct wrong codes charged in the last hour and day */
    unsigned wrong_day;
};

/* `facts` is NULL where the store was unavailable; it lives until the function returns. */
typedef void store_facts_done(void *context, const struct account_facts *facts);

/* ---- a login's second call ---- */

enum store_use {
    STORE_USE_NOTHING,      /* a bare password, a remembered network, a known old code: only the lock is looked at */
    STORE_USE_STEP,         /* a code of the window */
    STORE_USE_RECOVERY,     /* a recovery code */
    STORE_USE_APP_PASSWORD, /* looks at the lock and at revocation, records the use */
    STORE_USE_WRONG,        /* a wrong code with the right password: charges the budget */
};

/* What a login consumes. Fields that its `use` does not need are not read. Everything is copied. */
struct store_login {
    const char *ref;
    const unsigned char *facts; /* keyed hash of what the login is about: the same ref with another is refused */
    const char *account;
    struct prefix network;
    int64_t now;
    int64_t deadline;
    enum store_use use;
    bool past_gate_lock; /* only a lock by hand stands in the way (report mode) */
    bool burn;           /* denied for another reason: a valid code is used up whatever the budget says */

    /* STORE_USE_STEP; `code` also for STORE_USE_WRONG (the wrong code's hash) */
    const unsigned char *secret_id; /* the secret that the step was matched with */
    int64_t step;
    int64_t step_starts; /* seconds since the epoch */
    const unsigned char *step_mac;
    const unsigned char *code;
    int64_t code_until; /* until when the code stays known; 0: it is burnt (a login denied for another reason) */

    /* STORE_USE_STEP and STORE_USE_RECOVERY: 0 remembers no network */
    int64_t network_until;
    const unsigned char *network_mac;

    const unsigned char *recovery; /* STORE_USE_RECOVERY: its hash */

    /* STORE_USE_APP_PASSWORD */
    const unsigned char *app_password; /* its hash */
    struct address address;
    const char *country; /* two letters or "" */
    const char *service;
};

enum store_answer {
    STORE_UNAVAILABLE = 0, /* not known whether it was settled: ask again with the same ref */
    STORE_SETTLED,         /* durable. For STORE_USE_WRONG: charged, or a repeat of one charged */
    STORE_REUSED,          /* the code (at this step or an earlier one), step or recovery code was used before, the app
                              password is revoked, or the ref belongs to another login */
    STORE_OVER_BUDGET,     /* too many wrong codes: this one was not looked at */
    STORE_LOCKED,          /* the code, if valid, is burnt all the same */
    STORE_WRONG,           /* the code has come true since it was charged as a wrong one: it stays wrong for a day, or
                              one that is tried at each step would be a new guess each time and be charged once */
};

const char *store_answer_name(enum store_answer answer);

typedef void store_settle_done(void *context, enum store_answer answer);

/* ---- administration ---- */

enum store_verb {
    STORE_SHOW,              /* account; secret.id, of one that may come again → the report's lists */
    STORE_ENROL,             /* account, secret (id, sealed, key): pending, in the place of an earlier pending one */
    STORE_IMPORT,            /* the same, confirmed at once, only where the confirmed secret still is the one `seen`.
                                Ends the memory. Under the id of the one seen it keeps what logins made of its step
                                meanwhile; else last_step and step_mac are the secret's */
    STORE_CONFIRM,           /* account, secret.id, secret.last_step (the code's), secret.step_mac: the pending secret
                                takes the confirmed one's place and the memory (known codes, networks) ends */
    STORE_DISABLE,           /* account: secrets, known codes, networks, recovery codes and charges go. The last step
                                of a confirmed secret that goes, here or for another, is known for STORE_STEP_RESTS */
    STORE_ADD_APP_PASSWORD,  /* account, app_password */
    STORE_REVOKE_APP_PASSWORD, /* account, app_password->id, who */
    STORE_NEW_RECOVERY_CODES, /* account, hashes, hash_count: in the place of all earlier ones */
    STORE_FORGET_NETWORKS,   /* account; network, or family 0: all, and the known codes with them */
    STORE_LOCK,              /* account, lock; ends the memory */
    STORE_UNLOCK,            /* account; both locks, and what was charged. STORE_ABSENT where it is neither locked nor
                                over its budget */
    STORE_FORGET_ACCOUNT,    /* account: every row of it */
    STORE_LIST_SEALED,       /* key, account ("" at first): up to STORE_SEALED_PAGE secrets that another key sealed, of
                                accounts after that one; an account's two come together */
    STORE_LIST_ACCOUNTS,     /* account ("" at first): up to STORE_SEALED_PAGE accounts after that one, of which
                                anything but wrong codes is kept */
    STORE_RESEAL,            /* account, secret (id, sealed, key), old_key: only where old_key still is the row's */
    STORE_BACKUP,            /* path: a copy that opens by itself; must not exist. Logins go on meanwhile */
    STORE_RESTORE,           /* path: takes a backup's place for the store; the old files are kept beside it */
    STORE_ACCEPT,            /* serve a store that is older than, or another than, the one last served */
};

struct store_order {
    enum store_verb verb;
    const char *account;
    int64_t now;
    int64_t deadline;
    const struct store_secret *secret;
    const unsigned char *seen; /* the id of the confirmed secret that the caller judged by; NULL: there was none */
    const struct store_app_password *app_password;
    const struct store_lock *lock;
    struct prefix network;
    const unsigned char (*hashes)[STORE_HASH_SIZE];
    size_t hash_count;
    int64_t key;
    int64_t old_key;
    const char *who;
    const char *path;
};

enum store_result {
    STORE_FAILED = 0, /* unavailable, or not answered by the deadline; `fault` may say why */
    STORE_DONE,
    STORE_ABSENT,   /* no such row */
    STORE_EXISTS,   /* such a row, or the file, is there already */
    STORE_TOO_MANY, /* the account has as many as it may */
    STORE_REFUSED,  /* it cannot be; `fault` says why */
};

struct store_sealed_row {
    char account[STORE_ACCOUNT_SIZE];
    struct store_secret secret;
};

/* What a verb found. Lives until the completion returns. */
struct store_report {
    enum store_result result;
    char fault[256]; /* for the administrator; "" where there is nothing to say */
    bool enrolled, pending; /* STORE_SHOW: which of the two secrets there are */
    struct store_secret confirmed_secret, pending_secret;
    bool rested; /* STORE_SHOW: the account lately had the secret asked about, and gave it up */
    int64_t rested_step;
    unsigned char rested_mac[STORE_HASH_SIZE]; /* the caller's, as step_mac */
    size_t app_password_count;
    const struct store_app_password *app_passwords; /* by `made` */
    size_t network_count;
    struct store_network networks[STORE_NETWORK_LIMIT];
    size_t lock_count;
    struct store_lock locks[2];
    size_t code_count, recovery_count, recovery_unused;
    unsigned wrong_hour, wrong_day;
    size_t sealed_count; /* STORE_LIST_SEALED, by account; STORE_LIST_ACCOUNTS, with the account alone */
    const struct store_sealed_row *sealed;
    int64_t generation;        /* STORE_ACCEPT: what the store had, … */
    int64_t generation_served; /* … and what was served last: the difference is how many changes are lost */
};

typedef void store_report_done(void *context, const struct store_report *report);

/* ---- the store ---- */

struct store_settings {
    const char *url;  /* "sqlite:PATH" */
    const char *host; /* the name that this host's rows carry */
    bool create;      /* make the first store; refused where one has been in use */
    void (*complain)(void *context, int priority, const char *line); /* called by store_dispatch; may be NULL */
    void *complain_context;
};

/* Opens the store and starts what it needs. NULL only where it can never work (an unknown URL, no memory); `fault` (of
 * `size` bytes) then says why. A store that is missing, empty, older than the one last served or unreadable opens too:
 * its state says so, every call is unavailable, and it recovers by itself once it can. */
struct store *store_open(const struct store_settings *settings, char *fault, size_t size);

/* Lets what was handed over land, stops, and sets the pointer to NULL. Completions that were not called never are. */
void store_close(struct store **store);

/* A descriptor that is readable when store_dispatch has something to do, deadlines included. Lives as long as the
 * store. */
int store_descriptor(const struct store *store);

/* Calls the completions that are due; `now` is clock_monotonic milliseconds. A call whose deadline has passed is
 * completed as unavailable (what it asked for may still land). Completions may make new calls, but not close the
 * store. */
void store_dispatch(struct store *store, int64_t now);

/* Each returns a number for store_cancel, or 0 where the call could not be taken (memory, too many waiting, values too
 * long): then `done` is never called and the caller treats it as unavailable. */
uint64_t store_facts(struct store *store, const struct store_question *question, store_facts_done *done,
                     void *context);
uint64_t store_settle(struct store *store, const struct store_login *login, store_settle_done *done, void *context);
uint64_t store_administer(struct store *store, const struct store_order *order, store_report_done *done,
                          void *context);

/* The caller lost interest: its completion will not be called. What it asked for may still land. */
void store_cancel(struct store *store, uint64_t call);

enum store_state {
    STORE_SERVING,
    STORE_FAILING,   /* disk full, unreadable, held by another process: tried again with each call */
    STORE_MISSING,   /* nothing there where a store has been in use, or none was ever made */
    STORE_NOT_OURS,  /* empty, of another installation, or of a schema that this version cannot run with */
    STORE_OUTDATED,  /* older than the one last served: STORE_ACCEPT, or restore a newer one */
};

/* What it is doing now; `why` (of `size` bytes; may be NULL) gets words for the administrator, "" while serving. */
enum store_state store_state(const struct store *store, char *why, size_t size);

struct store_counters {
    uint64_t facts, settles, orders; /* answered by the engine */
    uint64_t commits;
    uint64_t failures;  /* batches that could not be done */
    uint64_t late;      /* calls completed by their deadline */
    size_t waiting;     /* calls not answered yet */
    int64_t generation;
};

void store_count(const struct store *store, struct store_counters *counters);

#endif
