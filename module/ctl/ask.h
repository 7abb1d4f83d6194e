/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the daemon's admin socket and its answer, which is a sequence of records (messages with record=…)
 * closed by record=end. authgate-protocol(7) and daemon/admin_protocol.c say which records each request brings. */
#ifndef AUTHGATE_CTL_ASK_H
#define AUTHGATE_CTL_ASK_H

#include <stdint.h>

#include "ctl/verb.h"
#include "wire/message.h"

struct configuration;

/* Called for each record but the last. Its values live until it returns. */
typedef void take_record(void *context, const struct message *record);

/* Asks, and hands each record to `take`. STATUS_UNREACHABLE where no daemon answers, STATUS_NO where it refuses to
 * (record=error); both are said on stderr. Waits some seconds at most. */
enum status ask(const char *socket, const struct message *question, take_record *take, void *context);

/* Several questions of one verb. */
struct talk {
    struct configuration *configuration; /* NULL: it has mistakes, which were printed, and --socket was given */
    const char *socket;
    int64_t patience;    /* milliseconds for an answer */
    char who[65];        /* the person at the keyboard, for the daemon's log */
    const char *about;   /* what a complaint begins with, such as a file's line; NULL: nothing */
    char complaint[512]; /* the last one */
};

void talk_start(struct talk *talk, const struct invocation *invocation);
void talk_end(struct talk *talk);

/* As ask, with `who` filled in. `question` says what is asked; `request` which request it is. */
enum status talk_ask(struct talk *talk, const char *request, struct message *question, take_record *take,
                     void *context);

#endif
