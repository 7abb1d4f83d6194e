/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts wrong passwords and says which logins are refused before the password check (DESIGN 4, "Throttling"). In
 * memory, per host, bounded. No I/O and no clock: `now` is clock_monotonic milliseconds everywhere. One thread. */
#ifndef AUTHGATE_DAEMON_THROTTLE_H
#define AUTHGATE_DAEMON_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/siphash.h"

#define THROTTLE_PLACES 1048576 /* networks that a daemon keeps track of */

#define THROTTLE_REMEMBERED_PASSWORDS                                                                                  \
    20 /* a remembered network's own budget, or throttle.passwords where that is more */
#define THROTTLE_REMEMBERED_WINDOW 3600  /* seconds */
#define THROTTLE_SITE_BITS         48    /* the IPv6 networks of one customer: one attacker of an account, … */
#define THROTTLE_SITE_TIMES        4     /* … with so many times a network's passwords in all */
#define THROTTLE_SPRAY_ACCOUNTS    30    /* accounts that fail from one network within … */
#define THROTTLE_SPRAY_WINDOW      900   /* … so many seconds (counted by the minute), … */
#define THROTTLE_SPRAY_SUCCESS     10    /* … while under so many in a hundred of its accounts get in */
#define THROTTLE_ATTACK_NETWORKS   20    /* an account attacked from more networks than that … */
#define THROTTLE_ATTACK_WINDOW     86400 /* … within so many seconds (counted by the hour) */

struct throttle;

/* Whose login it is, from where, and under which policy. */
struct throttle_login {
    const char *account;   /* canonical */
    struct prefix network; /* address_network() of the client; family 0: unknown */
    bool shared;           /* the address is in networks.trusted or networks.proxies: throttled for its account only */
    bool remembered;       /* the store remembers the network for the account */
    int64_t passwords;     /* throttle.passwords */
    int64_t window;        /* throttle.window, seconds */
};

enum throttle_state {
    THROTTLE_NOT = 0,
    THROTTLE_PASSWORDS, /* too many distinct wrong passwords for the account from the network */
    THROTTLE_SPRAYING,  /* the network tries one account after the other */
    THROTTLE_ATTACKED,  /* the account is attacked from everywhere, and never got in from this network */
};

/* Room for `places` networks, as many pairs of account and network, and a quarter as many accounts: some 280 bytes a
 * place, taken only as they fill. `key` (random bytes) keeps outsiders from choosing collisions. NULL where memory is
 * short.
 *
 * When a table is full, what was tried least and longest ago is forgotten first: an attacker gains guesses by filling
 * it, but nobody is throttled who should not be, and successes are forgotten last. */
struct throttle *throttle_create(size_t places, const unsigned char key[SIPHASH_KEY_SIZE]);

/* Sets the pointer to NULL. */
void throttle_destroy(struct throttle **throttle);

/* Whether a login that begins now is refused. A few table lookups; it changes no counter, so that a client that keeps
 * trying is free again once its window has passed. */
enum throttle_state throttle_check(struct throttle *throttle, const struct throttle_login *login, int64_t now);

/* When such a login will be let on, if nobody fails meanwhile; `now` where throttle_check refuses none. */
int64_t throttle_until(struct throttle *throttle, const struct throttle_login *login, int64_t now);

/* An administrator says that the account's owner is behind what throttle_check refuses: the account's wrong passwords
 * from the network are forgotten, and what the network did as a whole; where the account is attacked, the network
 * counts as one that it got in from. Returns what the login was refused for, THROTTLE_NOT where it was not. */
enum throttle_state throttle_end(struct throttle *throttle, const struct throttle_login *login, int64_t now);

/* A login ended with a wrong password. `mark` (NULL: not known, which counts as a new one) and `digits` (a keyed hash
 * of the password's trailing digits, 0 where there were none) tell a new wrong password from a repeated one: a repeat
 * counts nothing, nor does the mark that last succeeded for the account (the back end is in trouble). Not to be called
 * for a login that throttle_check refused, nor for one that failed for another reason than its password. Returns what
 * this try brought about, THROTTLE_NOT where nothing or where it was so before. */
enum throttle_state throttle_failed(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                                    uint64_t digits, int64_t now);

/* A login's password was right, and the login was denied. It counts as a wrong one does, the mark that last succeeded
 * too: whoever is told nothing but "refused" must not learn from the throttle, here or for other accounts of the
 * network, that the password was right (THREATS A10). Otherwise as throttle_failed. */
enum throttle_state throttle_denied(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                                    uint64_t digits, int64_t now);

/* A login went through, so its network is one that the account got in from; `mark` is NULL where it is not known and
 * for app passwords. */
void throttle_succeeded(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                        int64_t now);

/* A login ended with a wrong password whose last digits may have been a guess at a code that no budget is charged for.
 * `mark` and `digits` as above; one of the account's latest such guesses counts once. */
void throttle_guessed(struct throttle *throttle, const struct throttle_login *login, const uint32_t *mark,
                      uint64_t digits, int64_t now);

/* How many of them the account had within THROTTLE_ATTACK_WINDOW: from networks that it got in from, where the login's
 * is one, else from all others. So whoever has not the password spoils nothing for its owner at home. */
unsigned throttle_guesses(struct throttle *throttle, const struct throttle_login *login, int64_t now);

/* Forgets them, wherever they came from; returns how many they were. */
unsigned throttle_forget_guesses(struct throttle *throttle, const char *account, int64_t now);

struct throttle_counters {
    size_t networks; /* that have entries, some of them expired */
    size_t accounts;
    size_t pairs;     /* of an account and a network, or a site, with wrong passwords */
    uint64_t counted; /* distinct wrong passwords since the start */
    uint64_t evicted; /* entries that were given up before their time */
};

void throttle_count(const struct throttle *throttle, struct throttle_counters *counters);

/* The word for a state: "passwords", "spraying", "attacked"; "" for THROTTLE_NOT. */
const char *throttle_state_name(enum throttle_state state);

/* The same for people; "" as well. */
const char *throttle_state_words(enum throttle_state state);

#endif
