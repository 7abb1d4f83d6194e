/* SPDX-License-Identifier: BSD-2-Clause */
/* How much anybody can bring into a history without a right password: so much an hour, from one network and in all.
 * What is over it is counted in rows that are there already, so that no stranger fills the disk. Called by the engines'
 * writing halves; knows no file and no clock. */
#ifndef AUTHGATE_STORE_HISTORY_ALLOWANCE_H
#define AUTHGATE_STORE_HISTORY_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "store/history_engine.h"

struct history_allowance;

/* What costs room that stays in use. */
enum history_portion {
    HISTORY_NEW_ACCOUNT,   /* a name that the history has not seen before */
    HISTORY_NEW_DAY,       /* a day's row of its own kind */
    HISTORY_ROW,           /* a row of the login's own */
    HISTORY_THROTTLED_ROW, /* the same for one that was throttled */
    HISTORY_PORTION_COUNT
};

/* How many an hour. A network is an IPv4 /24 or an IPv6 /48; all that is not known is one. */
struct history_limit {
    uint32_t network, all;
};
extern const struct history_limit history_limits[HISTORY_PORTION_COUNT];

/* NULL where memory or randomness is short. */
struct history_allowance *history_allowance_create(void);
void history_allowance_destroy(struct history_allowance **allowance);

/* Whether the entry is one that anybody can bring about: not accepted, and no right password with it. */
bool history_anybodys(const struct history_entry *entry);

/* Takes one portion for the entry, at the entry's time. False where there is none left: then nothing is taken. */
bool history_allowance_take(struct history_allowance *allowance, enum history_portion portion,
                            const struct history_entry *entry);

#endif
