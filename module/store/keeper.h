/* SPDX-License-Identifier: BSD-2-Clause */
/* The store's files: which may be served, the seal that says how far they got, the ballast that keeps room on the disk,
 * the first store, and the taking in of a restored one. Belongs to the SQLite engine and lives on its thread. */
#ifndef AUTHGATE_STORE_KEEPER_H
#define AUTHGATE_STORE_KEEPER_H

#include <limits.h>

#include "store/database.h"
#include "store/engine.h"

struct keeper {
    struct database database;
    bool open; /* the database is, and may be served */
    bool create;
    char host[256];
    char path[PATH_MAX], seal_path[PATH_MAX], ballast_path[PATH_MAX];
    char instance[INSTANCE_SIZE];
    int64_t generation; /* the store's, as committed */
    int64_t accepted;   /* when a store was last accepted; 0: never */
    bool wal_long;      /* it has been lengthened since the opening, or need not be */
    bool seal_behind;   /* the seal could not be written after a commit that raised the generation */
    enum store_state state;
    char why[256]; /* "" while serving */
};

/* Makes a keeper of the store at `path`. False where the names do not fit. */
bool keeper_init(struct keeper *keeper, const char *path, const struct store_settings *settings);

/* Makes sure that the database is open and may be served: `open` and `state` say whether it is. Cheap where it is. */
void keeper_open(struct keeper *keeper);

void keeper_close(struct keeper *keeper);

/* Judges the database's error: no room leaves it open; what may be damaged is closed, to be opened again. Clears the
 * error. */
void keeper_failed(struct keeper *keeper);

/* After a commit: writes the seal if `raised` or if it is behind. False: it could not be, and what raised the
 * generation must not be answered as done. */
bool keeper_seal(struct keeper *keeper, bool raised);

/* Makes room where the disk is full; false: there is none to be made. `again` counts the tries. */
bool keeper_make_room(struct keeper *keeper, int again);

/* Lays the ballast down again, if there is ample room. */
void keeper_lay_ballast(struct keeper *keeper);

/* Gives the WAL the length that it will come to, once for each opening and if there is ample room: a commit that
 * lengthens it waits for the file system's own log too. Takes as long as writing some MiB does. */
void keeper_lengthen_wal(struct keeper *keeper);

/* The verbs STORE_ACCEPT and STORE_RESTORE; no step that started before `now` is fresh after them. */
void keeper_accept(struct keeper *keeper, int64_t now, struct store_report *report);
void keeper_restore(struct keeper *keeper, const char *path, int64_t now, struct store_report *report);

#endif
