/* SPDX-License-Identifier: BSD-2-Clause */
/* The join of SASL's two halves (DESIGN 2): the plugin's `ask` knows where a login comes from, the saslauthd request
 * that follows from the same process knows its password. */
#ifndef AUTHGATE_DAEMON_ASK_H
#define AUTHGATE_DAEMON_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/address.h"
#include "policy/account_name.h"
#include "wire/message.h"

#define ASK_TIME      5000 /* milliseconds for which an ask waits */
#define ASK_WORD_SIZE 65

struct asks;
struct settings;

/* What an ask said, for the request that joins it. */
struct asked {
    char name[ACCOUNT_NAME_SIZE]; /* undivided */
    char service[ASK_WORD_SIZE];
    char mechanism[ASK_WORD_SIZE];
    char client_address[ADDRESS_TEXT_SIZE]; /* "" where it is not known */
    uid_t uid;
};

/* NULL where memory or randomness is short. Times are clock_monotonic milliseconds. */
struct asks *asks_create(int64_t now);
void asks_destroy(struct asks **asks);

/* Whether a complete ask is to wait for a saslauthd request: the password goes to one of our saslauthd sockets and
 * nowhere else. If not, nothing more will be heard of the login. */
bool asks_waits(const struct settings *settings, const struct message *ask);

/* Keeps a complete ask of this peer for ASK_TIME from `now` (clock_monotonic milliseconds), in the place of its earlier
 * one. False where the account's name cannot be. A peer whose pid the kernel does not tell is not kept. */
bool asks_keep(struct asks *asks, const struct settings *settings, const struct message *ask, const struct ucred *peer,
               int64_t now);

/* Whether every ask that still waits somewhere was made of us: not just after a start, when the one before may have
 * answered it. */
bool asks_complete(const struct asks *asks, int64_t now);

/* The peer has asked anew, about something that does not wait: its earlier ask joins nothing. */
void asks_forget(struct asks *asks, const struct ucred *peer);

/* Takes out the peer's ask, whatever it is about. False where there is none, or where it is about another name
 * (undivided) or was another user's. */
bool asks_join(struct asks *asks, const struct ucred *peer, const char *name, int64_t now, struct asked *asked);

#endif
