/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a login comes from, as several rules ask it: is the client's address known at all, and is it a trusted one. An
 * address in networks.proxies is a machine that hides the client's: it counts as unknown, and so is never trusted. */
#ifndef AUTHGATE_GATE_PLACE_H
#define AUTHGATE_GATE_PLACE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "gate/gate.h"

enum place {
    PLACE_NO_ADDRESS, /* the hook did not give one */
    PLACE_PROXY,      /* in networks.proxies */
    PLACE_TRUSTED,    /* in networks.trusted, and no proxy */
    PLACE_ANYWHERE,
};

enum place place_of(const struct facts *facts, const struct policy *policy);

/* Whether countries.allow or countries.deny is set: without them every country is allowed. */
bool place_restricted(const struct policy *policy);

/* Appends the address, or "an unknown address". */
void place_tell_address(const struct facts *facts, struct buffer *text);

/* Appends the countries of a set, "(JP, KR)", only the first few of many. */
void place_tell_countries(const struct country_set *set, struct buffer *text);

#endif
