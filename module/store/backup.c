/* SPDX-License-Identifier: BSD-2-Clause */
/* sqlite3_backup, a few pages at a time between the logins' commits. A copy is one file without a WAL, readable by
 * nobody else, and on the disk before it is called done. Called by sqlite.c and keeper.c. */
#include "store/backup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/file.h"

struct backup {
    struct store_request *order;
    sqlite3 *target;
    sqlite3_backup *pages;
    int result; /* of the last step */
};

static void say(char *fault, size_t size, const char *what) {
    struct buffer text;
    buffer_init(&text, fault, size);
    buffer_add_format(&text, "%.*s", (int)size - 1, what);
}

/* A new file with a connection to it. */
static sqlite3 *open_target(const char *path, char *fault, size_t size) {
    sqlite3 *target = NULL;
    if (!file_create(path)) {
        say(fault, size, strerrordesc_np(errno));
        return NULL;
    }
    if (sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        return target;
    say(fault, size, "SQLite cannot open it");
    sqlite3_close_v2(target);
    unlink(path);
    return NULL;
}

/* Closes a target; true where the copy is whole and on the disk, else it is removed. */
static bool close_target(sqlite3 *target, const char *path, bool whole) {
    whole = whole && sqlite3_exec(target, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) == SQLITE_OK;
    whole = sqlite3_close(target) == SQLITE_OK && whole && file_sync(path);
    if (!whole)
        unlink(path);
    return whole;
}

struct backup *backup_begin(struct database *database, struct store_request *order) {
    struct store_report *report = &order->found.order->report;
    struct backup *backup = calloc(1, sizeof *backup);
    if (backup == NULL)
        return NULL;
    report->result = STORE_REFUSED;
    backup->order = order;
    backup->target = open_target(order->asked.order->path, report->fault, sizeof report->fault);
    if (backup->target == NULL && errno == EEXIST)
        report->result = STORE_EXISTS;
    if (backup->target != NULL)
        backup->pages = sqlite3_backup_init(backup->target, "main", database->connection, "main");
    if (backup->pages != NULL)
        return backup;
    if (backup->target != NULL)
        close_target(backup->target, order->asked.order->path, false);
    free(backup);
    return NULL;
}

bool backup_step(struct backup *backup, int pages) {
    backup->result = sqlite3_backup_step(backup->pages, pages);
    return backup->result == SQLITE_OK || backup->result == SQLITE_BUSY || backup->result == SQLITE_LOCKED;
}

struct store_request *backup_end(struct backup **pointer) {
    struct backup *backup = *pointer;
    struct store_request *order = backup->order;
    struct store_report *report = &order->found.order->report;
    bool whole = sqlite3_backup_finish(backup->pages) == SQLITE_OK && backup->result == SQLITE_DONE;
    report->result = close_target(backup->target, order->asked.order->path, whole) ? STORE_DONE : STORE_FAILED;
    if (report->result != STORE_DONE)
        say(report->fault, sizeof report->fault, whole ? strerrordesc_np(errno) : sqlite3_errstr(backup->result));
    free(backup);
    *pointer = NULL;
    return order;
}

static int copy_all(sqlite3 *from, sqlite3 *to) {
    sqlite3_backup *pages = sqlite3_backup_init(to, "main", from, "main");
    if (pages == NULL)
        return sqlite3_errcode(to);
    int result = sqlite3_backup_step(pages, -1);
    int finished = sqlite3_backup_finish(pages);
    return result == SQLITE_DONE ? finished : result;
}

bool backup_copy(const char *from, const char *to, char *fault, size_t size) {
    sqlite3 *source = NULL, *target = NULL;
    int result = sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK && (target = open_target(to, fault, size)) != NULL)
        result = copy_all(source, target);
    if (result != SQLITE_OK)
        say(fault, size, sqlite3_errstr(result));
    sqlite3_close_v2(source);
    if (target == NULL)
        return false;
    bool whole = close_target(target, to, result == SQLITE_OK);
    if (!whole && result == SQLITE_OK)
        say(fault, size, strerrordesc_np(errno));
    return whole;
}
