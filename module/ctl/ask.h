/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to the daemon's admin socket and its answer, which is a sequence of records (messages with record=…)
 * closed by record=end. authgate-protocol(7) and daemon/admin_protocol.c say which records each request brings. */
#ifndef AUTHGATE_CTL_ASK_H
#define AUTHGATE_CTL_ASK_H

#include "ctl/verb.h"
#include "wire/message.h"

/* Called for each record but the last. Its values live until it returns. */
typedef void take_record(void *context, const struct message *record);

/* Asks, and hands each record to `take`. STATUS_UNREACHABLE where no daemon answers, STATUS_NO where it refuses to
 * (record=error); both are said on stderr. Waits some seconds at most. */
enum status ask(const char *socket, const struct message *question, take_record *take, void *context);

#endif
