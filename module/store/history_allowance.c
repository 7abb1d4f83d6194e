/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts by the hour, for each network and for all. A network's hour begins with its first entry; one that the table
 * gives up begins anew, which the count of all makes up for. */
#include "store/history_allowance.h"

#include <stdlib.h>

#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"

#define HOUR           3600
#define NETWORKS_KNOWN 16384
#define IPV4_BYTES     3
#define IPV6_BYTES     6 /* a /48: what one customer is given, and may draw a /64 for each try from */

const struct history_limit history_limits[HISTORY_PORTION_COUNT] = {
    [HISTORY_NEW_ACCOUNT] = {.network = 100, .all = 1000},
    [HISTORY_NEW_DAY] = {.network = 1000, .all = 10000},
    [HISTORY_ROW] = {.network = 1000, .all = 10000},
    [HISTORY_THROTTLED_ROW] = {.network = 100, .all = 10000},
};

struct counts {
    uint32_t taken[HISTORY_PORTION_COUNT];
};

struct history_allowance {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct table *networks; /* hash of a network → its counts */
    struct counts all;
    int64_t began; /* the hour that `all` counts */
};

struct history_allowance *history_allowance_create(void) {
    struct history_allowance *allowance = calloc(1, sizeof *allowance);
    if (allowance == NULL)
        return NULL;
    if (random_fill(allowance->key, sizeof allowance->key))
        allowance->networks = table_create(NETWORKS_KNOWN, sizeof(uint64_t), sizeof(struct counts), allowance->key);
    if (allowance->networks == NULL)
        history_allowance_destroy(&allowance);
    return allowance;
}

void history_allowance_destroy(struct history_allowance **allowance) {
    if (*allowance == NULL)
        return;
    table_destroy(&(*allowance)->networks);
    free(*allowance);
    *allowance = NULL;
}

bool history_anybodys(const struct history_entry *entry) {
    if (entry->is_event)
        return entry->event == HISTORY_EVENT_THROTTLED;
    return entry->verdict != VERDICT_ACCEPT && entry->password != HISTORY_PASSWORD_RIGHT;
}

/* How many bytes at its front say whose an address is; behind NAT64 those of the network that it stands for. */
static size_t length_of(const struct address *address) {
    unsigned bits = address_network(address).bits;
    if (address->family == 0)
        return 0;
    return address->family == 4 ? IPV4_BYTES : bits > 64 ? bits / 8 : IPV6_BYTES;
}

static struct counts *counts_of(struct history_allowance *allowance, const struct history_entry *entry) {
    const struct address *address = &entry->address;
    size_t length = length_of(address);
    uint64_t hash = siphash(allowance->key, address->bytes, length);
    struct counts *counts = table_find(allowance->networks, &hash, entry->at);
    return counts != NULL ? counts : table_put(allowance->networks, &hash, entry->at, entry->at + HOUR);
}

/* A clock that was set back by far begins an hour, too. */
static void turn_hour(struct history_allowance *allowance, int64_t at) {
    if (at - allowance->began < HOUR && allowance->began - at < HOUR)
        return;
    allowance->all = (struct counts){{0}};
    allowance->began = at;
}

bool history_allowance_take(struct history_allowance *allowance, enum history_portion portion,
                            const struct history_entry *entry) {
    turn_hour(allowance, entry->at);
    struct counts *network = counts_of(allowance, entry);
    if (network->taken[portion] >= history_limits[portion].network ||
        allowance->all.taken[portion] >= history_limits[portion].all)
        return false;
    network->taken[portion]++;
    allowance->all.taken[portion]++;
    return true;
}
