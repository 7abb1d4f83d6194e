/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of a store as SQLite makes them: page by page while it is in use, or of a backup's file at once. */
#ifndef AUTHGATE_STORE_BACKUP_H
#define AUTHGATE_STORE_BACKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "store/database.h"
#include "store/engine.h"

struct backup; /* one that is under way */

/* Begins a copy of the open database to a file that must not be there. Takes the order; NULL where it cannot begin:
 * the order's report is then filled. */
struct backup *backup_begin(struct database *database, struct store_request *order);

/* Copies up to `pages` more. False: it is over, well or not; backup_end it. */
bool backup_step(struct backup *backup, int pages);

/* Finishes or, where it is not over, gives up, fills the report, frees it and sets the pointer to NULL. Returns the
 * order. Before the database is closed. */
struct store_request *backup_end(struct backup **backup);

/* Copies a backup's file into a new one, durably. */
bool backup_copy(const char *from, const char *to, char *fault, size_t size);

#endif
