/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens only what seal_course lets pass, and keeps the order of writing that makes it right: the store's commit, then
 * the seal, then the answer. Called by sqlite.c. Never makes a store where one has been in use. */
#include "store/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/random.h"
#include "store/backup.h"
#include "store/file.h"

#define BALLAST_SIZE ((off_t)1 << 20)
#define WAL_LENGTH   ((off_t)9 << 20) /* the pages of sql_settings' wal_autocheckpoint, and those of some batches */

static bool name_beside(char name[PATH_MAX], const char *path, const char *ending) {
    struct buffer text;
    buffer_init(&text, name, PATH_MAX);
    return buffer_add_format(&text, "%s%s", path, ending);
}

bool keeper_init(struct keeper *keeper, const char *path, const struct store_settings *settings) {
    struct buffer host;
    *keeper = (struct keeper){.create = settings->create, .state = STORE_MISSING};
    buffer_init(&host, keeper->host, sizeof keeper->host);
    return buffer_add(&host, settings->host) && *path != '\0' && name_beside(keeper->path, path, "") &&
           name_beside(keeper->seal_path, path, ".seal") && name_beside(keeper->ballast_path, path, ".ballast");
}

static void set_state(struct keeper *keeper, enum store_state state, const char *what, const char *why) {
    struct buffer text;
    keeper->state = state;
    buffer_init(&text, keeper->why, sizeof keeper->why);
    if (state != STORE_SERVING && !buffer_add_format(&text, "%s: %s%s", keeper->path, what, why))
        buffer_add_format(&text, "%.80s%s", what, why);
}

void keeper_close(struct keeper *keeper) {
    database_close(&keeper->database);
    keeper->open = false;
}

/* ---- the first store ---- */

static bool make_instance(char instance[INSTANCE_SIZE]) {
    unsigned char bytes[16];
    struct buffer text;
    buffer_init(&text, instance, INSTANCE_SIZE);
    if (!random_fill(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        buffer_add_format(&text, "%02x", bytes[i]);
    return true;
}

/* Made under another name, so that no half-made store is ever found under its own. */
static bool create(struct keeper *keeper) {
    char fresh[PATH_MAX], instance[INSTANCE_SIZE], fault[160] = "no randomness or too long a name";
    if (!name_beside(fresh, keeper->path, ".new") || !make_instance(instance)) {
        set_state(keeper, STORE_FAILING, "cannot be made: ", fault);
        return false;
    }
    unlink(fresh); /* of a creation that was interrupted */
    if (database_create(fresh, keeper->host, instance, fault, sizeof fault) && file_rename(fresh, keeper->path))
        return true;
    set_state(keeper, STORE_FAILING, "cannot be made: ", fault[0] != '\0' ? fault : strerrordesc_np(errno));
    return false;
}

/* ---- opening ---- */

static bool there_is(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Opens the database if there is one and finds out how it stands. False: that could not be found out. */
static bool examine(struct keeper *keeper, struct standing *standing) {
    char fault[160] = "";
    *standing = (struct standing){.create = keeper->create, .exists = there_is(keeper->path)};
    standing->seal_found = seal_read(keeper->seal_path, &standing->seal);
    if (!standing->exists)
        return true;
    if (!database_open(&keeper->database, keeper->path, keeper->host, fault, sizeof fault)) {
        bool none = (keeper->database.error & 0xff) == SQLITE_NOTADB;
        if (!none)
            set_state(keeper, STORE_FAILING, "", fault);
        return none;
    }
    if (database_meta(&keeper->database, standing, &keeper->accepted))
        return true;
    int error = keeper->database.error & 0xff;
    if (error == SQLITE_OK || error == SQLITE_ERROR || error == SQLITE_NOTADB) /* no row, no table, no database */
        return true;
    set_state(keeper, STORE_FAILING, "", database_fault(&keeper->database));
    return false;
}

static bool upgrade(struct keeper *keeper, const struct standing *standing) {
    struct database *database = &keeper->database;
    if (standing->schema >= STORE_SCHEMA)
        return true;
    struct query begin = query_of(database, SQL_BEGIN);
    query_run(&begin);
    database_add_schema(database);
    struct query commit = query_of(database, SQL_COMMIT);
    query_run(&commit);
    return database_sound(database);
}

static bool write_seal(struct keeper *keeper) {
    struct seal seal = {.generation = keeper->generation};
    memcpy(seal.instance, keeper->instance, sizeof seal.instance);
    keeper->seal_behind = !seal_write(keeper->seal_path, &seal);
    return !keeper->seal_behind;
}

/* Serves what stands as it should. */
static void serve(struct keeper *keeper, const struct standing *standing, bool seal) {
    memcpy(keeper->instance, standing->store.instance, sizeof keeper->instance);
    keeper->generation = standing->store.generation;
    if (!upgrade(keeper, standing)) {
        set_state(keeper, STORE_FAILING, "", database_fault(&keeper->database));
        return;
    }
    if (seal && !write_seal(keeper)) {
        set_state(keeper, STORE_FAILING, "its seal cannot be written: ", strerrordesc_np(errno));
        return;
    }
    keeper->open = true;
    keeper->wal_long = false;
    keeper->create = false; /* from here on one has been in use */
    set_state(keeper, STORE_SERVING, "", "");
    keeper_lay_ballast(keeper);
}

static void open_closed(struct keeper *keeper) {
    for (int round = 0; round < 2; round++) { /* the second for the store that the first made */
        struct standing standing;
        enum store_state state;
        const char *why;
        if (!examine(keeper, &standing))
            break;
        enum course course = seal_course(&standing, &state, &why);
        if (course == COURSE_REFUSE)
            set_state(keeper, state, "", why);
        if (course == COURSE_SERVE || course == COURSE_SEAL)
            serve(keeper, &standing, course == COURSE_SEAL);
        if (course != COURSE_CREATE || !create(keeper))
            break;
    }
    if (!keeper->open)
        keeper_close(keeper);
}

void keeper_open(struct keeper *keeper) {
    if (keeper->open && !database_in_place(&keeper->database, keeper->path)) {
        set_state(keeper, STORE_FAILING, "", "was removed, replaced or cut short while it was served");
        keeper_close(keeper);
    }
    if (!keeper->open)
        open_closed(keeper);
}

void keeper_failed(struct keeper *keeper) {
    int error = keeper->database.error & 0xff;
    set_state(keeper, STORE_FAILING, error == SQLITE_FULL ? "no room on the disk: " : "",
              database_fault(&keeper->database));
    keeper->database.error = SQLITE_OK;
    if (error != SQLITE_FULL && error != SQLITE_NOMEM)
        keeper_close(keeper);
}

bool keeper_seal(struct keeper *keeper, bool raised) {
    if (raised)
        keeper->generation++;
    if ((!raised && !keeper->seal_behind) || write_seal(keeper))
        return true;
    set_state(keeper, STORE_FAILING, "its seal cannot be written: ", strerrordesc_np(errno));
    return false;
}

/* ---- room ---- */

bool keeper_make_room(struct keeper *keeper, int again) {
    if (again > 1 || (again == 1 && unlink(keeper->ballast_path) != 0))
        return false;
    database_checkpoint(&keeper->database); /* the WAL begins anew in the room that it has */
    return true;
}

/* Whether so many bytes are a small part of what is free. */
static bool ample(const struct keeper *keeper, off_t size) {
    struct statvfs room;
    return statvfs(keeper->path, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize >= 8 * (uint64_t)size;
}

void keeper_lay_ballast(struct keeper *keeper) {
    if (!there_is(keeper->ballast_path) && ample(keeper, BALLAST_SIZE))
        file_reserve(keeper->ballast_path, BALLAST_SIZE); /* to go without is no fault */
}

void keeper_lengthen_wal(struct keeper *keeper) {
    char wal[PATH_MAX];
    keeper->wal_long = true;
    if (ample(keeper, WAL_LENGTH) && name_beside(wal, keeper->path, "-wal"))
        file_lengthen(wal, WAL_LENGTH); /* nor is this */
}

/* ---- taking another store ---- */

static void refuse(struct store_report *report, const char *what, const char *why) {
    struct buffer text;
    report->result = STORE_REFUSED;
    buffer_init(&text, report->fault, sizeof report->fault);
    buffer_add_format(&text, "%.80s%.160s", what, why);
}

/* Raises the store's generation over both, so that neither an older copy nor the lost one will be taken for it. */
static bool accept_open(struct keeper *keeper, const struct standing *standing, int64_t now) {
    struct database *database = &keeper->database;
    int64_t served = standing->seal_found == SEAL_READ ? standing->seal.generation : 0;
    int64_t generation = standing->store.generation > served ? standing->store.generation : served;
    struct query begin = query_of(database, SQL_BEGIN);
    query_run(&begin);
    database_set_meta(database, "generation", "", generation + 1);
    database_set_meta(database, "accepted", "", now);
    struct query commit = query_of(database, SQL_COMMIT);
    query_run(&commit);
    memcpy(keeper->instance, standing->store.instance, sizeof keeper->instance);
    keeper->generation = generation + 1;
    return database_sound(database) && write_seal(keeper);
}

void keeper_accept(struct keeper *keeper, int64_t now, struct store_report *report) {
    struct standing standing;
    if (keeper->open) {
        refuse(report, "it is served already", "");
        return;
    }
    if (!examine(keeper, &standing))
        refuse(report, "", keeper->why);
    else if (!standing.ours || standing.schema > STORE_SCHEMA + 1)
        refuse(report, "there is no store that could be served: ", keeper->why);
    else if (!accept_open(keeper, &standing, now))
        refuse(report, "it cannot be written: ", strerrordesc_np(errno));
    else {
        report->result = STORE_DONE;
        report->generation = standing.store.generation;
        report->generation_served = standing.seal_found == SEAL_READ ? standing.seal.generation : 0;
    }
    keeper_close(keeper);
    keeper_open(keeper);
}

/* Checks a copy as if it were to be served, and says in it that it was taken: what was used up since it was made is not
 * in it, nor need its generation be an older one. */
static bool prepare_copy(struct keeper *keeper, const char *copy, int64_t now, struct store_report *report) {
    struct database database;
    struct standing standing = {0};
    char fault[160] = "it is no store, or damaged";
    int64_t accepted;
    bool good = database_open(&database, copy, keeper->host, fault, sizeof fault) &&
                database_meta(&database, &standing, &accepted) && standing.schema <= STORE_SCHEMA + 1 &&
                database_whole(&database);
    if (good) {
        database_set_meta(&database, "accepted", "", now);
        good = database_sound(&database);
        if (!good)
            refuse(report, "the copy cannot be written: ", database_fault(&database));
    } else
        refuse(report, "the copy cannot be used: ", fault);
    database_close(&database);
    return good;
}

/* The old store and its WAL make way together: a WAL left behind would be applied to the new store. */
static bool put_in_place(struct keeper *keeper, const char *copy) {
    char old[PATH_MAX], wal[PATH_MAX], old_wal[PATH_MAX];
    if (!name_beside(old, keeper->path, ".replaced") || !name_beside(wal, keeper->path, "-wal") ||
        !name_beside(old_wal, keeper->path, ".replaced-wal"))
        return false;
    unlink(old_wal);
    if ((rename(wal, old_wal) != 0 && errno != ENOENT) || (rename(keeper->path, old) != 0 && errno != ENOENT))
        return false;
    return file_rename(copy, keeper->path);
}

void keeper_restore(struct keeper *keeper, const char *path, int64_t now, struct store_report *report) {
    char copy[PATH_MAX];
    if (!name_beside(copy, keeper->path, ".restored")) {
        refuse(report, "too long a name", "");
        return;
    }
    unlink(copy);
    if (!backup_copy(path, copy, report->fault, sizeof report->fault)) {
        report->result = STORE_REFUSED;
        return;
    }
    if (!prepare_copy(keeper, copy, now, report)) {
        unlink(copy);
        return;
    }
    keeper_close(keeper);
    if (put_in_place(keeper, copy))
        report->result = STORE_DONE;
    else
        refuse(report, "it cannot be put in place: ", strerrordesc_np(errno));
    keeper_open(keeper);
    if (report->result == STORE_DONE && keeper->state != STORE_SERVING) {
        struct buffer text;
        buffer_init(&text, report->fault, sizeof report->fault);
        buffer_add_format(&text, "%s", keeper->why);
    }
}
