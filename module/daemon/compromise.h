/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out from logins that have ended whether an account is in other hands (DESIGN 4, `stolen` and `compromise`).
 * What is then done is the policy's and the caller's. In memory, bounded; no I/O and no clock. */
#ifndef AUTHGATE_DAEMON_COMPROMISE_H
#define AUTHGATE_DAEMON_COMPROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/country_code.h"
#include "base/siphash.h"
#include "base/verdict.h"

#define COMPROMISE_ACCOUNTS 65536
#define STOLEN_WRONG_CODES  3 /* more distinct wrong codes than that within a day, each with the right password */

struct compromise;

/* Room for the countries of `accounts` accounts, some 120 bytes each and taken only as they come. Where there are more,
 * the one that logged in longest ago is forgotten. NULL where memory is short. */
struct compromise *compromise_create(size_t accounts, const unsigned char key[SIPHASH_KEY_SIZE]);
void compromise_destroy(struct compromise **compromise);

/* An accepted login: from where, and what the policy says. */
struct compromise_login {
    const char *account; /* canonical */
    country_code country;
    bool proxied;      /* the address is in networks.proxies: its country is not the client's */
    int64_t countries; /* compromise.countries */
    int64_t window;    /* compromise.window, seconds */
    int64_t now;       /* seconds that only rise */
};

/* Takes an accepted login into account. How many countries the account was accepted from within the window, where that
 * is compromise.countries or more and this login's country is a new one of them; else 0. So each further country is
 * told once. Logins of unknown country and proxied ones do not count. */
int compromise_note(struct compromise *compromise, const struct compromise_login *login);

/* Forgets an account's countries: its owner is known to have it back. */
void compromise_forget(struct compromise *compromise, const char *account);

/* Whether something about an account (`what`: the caller's own numbers) is news: it was not asked about within the hour
 * before. So a thief's phone that tries again every minute is one event, not a thousand. `now` is as in
 * compromise_login. */
bool compromise_is_news(struct compromise *compromise, int what, const char *account, int64_t now);

/* Whether a login whose password was right shows that the password is in the wrong hands: `reason` (of the denial; with
 * REASON_NONE it was accepted) says that the place is wrong, or its code was wrong and `wrong_codes` (distinct ones
 * within a day, this one included) are too many. */
bool stolen_password(enum reason reason, unsigned wrong_codes);

#endif
