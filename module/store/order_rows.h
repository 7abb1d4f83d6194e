/* SPDX-License-Identifier: BSD-2-Clause */
/* The administrative verbs that are reads and writes of rows. (Backup, restore and accept are not: copy.h.) */
#ifndef AUTHGATE_STORE_ORDER_ROWS_H
#define AUTHGATE_STORE_ORDER_ROWS_H

#include "store/database.h"
#include "store/engine.h"

/* Whether the verb is done by answer_order. */
bool order_is_of_rows(enum store_verb verb);

/* Does the order within the open transaction and fills its report. Where the database is not sound afterwards, nothing
 * of it holds. Marks the transaction as raised where an older copy of the store would undo something. */
void answer_order(struct database *database, struct store_request *request);

#endif
