/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the file every few seconds and has it read when it is another one. A file that could not be used is read
 * again once it has changed, or much later, since memory or descriptors may have been what was missing. One reading at
 * a time. */
#include "daemon/country_watch.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "country/database.h"
#include "country/sealed_file.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "gate/gate.h"

#define LOOK_EVERY_SECONDS 5
#define LOOKS_AT_REFUSED   120 /* after which it is read again all the same: ten minutes */
#define FAULT_SIZE         512

/* What stands at the path. */
struct version {
    bool there;
    struct stat status;
};

struct reading {
    struct country_watch *watch;
    char *path;
    struct version version; /* as it was before it was read */
    struct country_database *database;
    char fault[FAULT_SIZE];
};

struct country_watch {
    struct server *server;
    char *path; /* NULL: none configured */
    struct country_database *current;
    struct event *tick;
    struct reading *reading; /* NULL: none under way */
    bool again;              /* asked for while one was under way */
    struct version refused;  /* the last one that could not be used, if nothing was taken up since */
    unsigned looks;          /* at that */
    bool complained;         /* it has been spoken of */
};

static struct version version_of(const char *path) {
    struct version version = {.there = false};
    version.there = stat(path, &version.status) == 0;
    return version;
}

static bool same_version(const struct version *one, const struct version *other) {
    return one->there == other->there && (!one->there || sealed_file_same(&one->status, &other->status));
}

static struct reading *reading_create(struct country_watch *watch) {
    struct reading *reading = calloc(1, sizeof *reading);
    char *path = strdup(watch->path);
    if (reading == NULL || path == NULL) {
        free(reading);
        free(path);
        return NULL;
    }
    reading->watch = watch;
    reading->path = path;
    return reading;
}

static void reading_run(void *context) {
    struct reading *reading = context;
    reading->version = version_of(reading->path);
    reading->database = country_database_open(reading->path, reading->fault, sizeof reading->fault);
}

static void refuse(struct country_watch *watch, const struct reading *reading) {
    bool known = watch->complained && same_version(&watch->refused, &reading->version);
    watch->refused = reading->version;
    watch->looks = 0;
    watch->complained = true;
    if (!known)
        log_message(LOG_ERR, "country database %s is not used: %s; %s", reading->path, reading->fault,
                    watch->current != NULL ? "the one read before stays in use"
                                           : "rules about countries cannot judge until it can be read");
}

static void take(struct country_watch *watch, struct reading *reading) {
    if (reading->database != NULL) {
        country_database_close(&watch->current);
        watch->current = reading->database;
        watch->complained = false;
        watch->refused.there = false;
        log_message(LOG_INFO, "country database %s is in use", reading->path);
    } else {
        refuse(watch, reading);
    }
    free(reading->path);
    free(reading);
}

static void submit(struct country_watch *watch);

static void reading_done(void *context) {
    struct reading *reading = context;
    struct country_watch *watch = reading->watch;
    watch->reading = NULL;
    take(watch, reading);
    if (watch->again) {
        watch->again = false;
        submit(watch);
    }
}

static void submit(struct country_watch *watch) {
    if (watch->path == NULL)
        return;
    if (watch->reading != NULL) {
        watch->again = true;
        return;
    }
    watch->reading = reading_create(watch);
    if (watch->reading == NULL)
        return;
    const struct worker_job job = {reading_run, reading_done, watch->reading, WORKERS_OWN_LANE};
    if (!workers_submit(watch->server->workers, &job)) {
        free(watch->reading->path);
        free(watch->reading);
        watch->reading = NULL;
    }
}

/* Whether what is there has not been read yet, or long ago without success. */
static bool worth_reading(struct country_watch *watch) {
    struct version now = version_of(watch->path);
    if (!now.there || (watch->current != NULL && !country_database_outdated(watch->current, watch->path)))
        return false;
    return !same_version(&watch->refused, &now) || ++watch->looks >= LOOKS_AT_REFUSED;
}

static void look(evutil_socket_t descriptor, short events, void *argument) {
    struct country_watch *watch = argument;
    (void)descriptor;
    (void)events;
    if (watch->path != NULL && worth_reading(watch))
        submit(watch);
}

static bool set_path(struct country_watch *watch, const char *path) {
    char *copy = path != NULL ? strdup(path) : NULL;
    if (path != NULL && copy == NULL)
        return false;
    free(watch->path);
    watch->path = copy;
    return true;
}

struct country_watch *country_watch_start(struct server *server, const char *path) {
    struct country_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->server = server;
    watch->tick = event_new(server->base, -1, EV_PERSIST, look, watch);
    struct timeval every = {.tv_sec = LOOK_EVERY_SECONDS};
    if (watch->tick == NULL || event_add(watch->tick, &every) != 0 || !set_path(watch, path)) {
        country_watch_stop(&watch);
        return NULL;
    }
    struct reading *first = watch->path != NULL ? reading_create(watch) : NULL;
    if (first != NULL) {
        reading_run(first); /* at start there is nobody to keep waiting */
        take(watch, first);
    }
    return watch;
}

void country_watch_stop(struct country_watch **stopped) {
    struct country_watch *watch = *stopped;
    if (watch == NULL)
        return;
    if (watch->reading != NULL) { /* its worker has been stopped before */
        country_database_close(&watch->reading->database);
        free(watch->reading->path);
        free(watch->reading);
    }
    if (watch->tick != NULL)
        event_free(watch->tick);
    country_database_close(&watch->current);
    free(watch->path);
    free(watch);
    *stopped = NULL;
}

void country_watch_reload(struct country_watch *watch, const char *path) {
    if (path == NULL)
        country_database_close(&watch->current);
    watch->complained = false;
    if (set_path(watch, path))
        submit(watch);
}

void country_watch_look_up(const struct country_watch *watch, struct facts *facts) {
    facts->country_unreadable = watch->current == NULL;
    facts->country = COUNTRY_UNKNOWN;
    if (watch->current != NULL)
        facts->country = country_database_look_up(watch->current, &facts->address);
}

const struct country_database *country_watch_current(const struct country_watch *watch) {
    return watch->current;
}
