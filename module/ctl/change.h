/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs that change one thing about one account and whose answer is that it is done. */
#ifndef AUTHGATE_CTL_CHANGE_H
#define AUTHGATE_CTL_CHANGE_H

#include "ctl/verb.h"
#include "wire/message.h"

struct change {
    const char *request;     /* of the admin socket */
    struct message question; /* what it says beside the account */
    const char *said;        /* behind the account's name: what is so from now on */
};

/* Asks for it, about the invocation's first operand, and prints what was done. */
enum status change_run(const struct invocation *invocation, struct change *change);

#endif
