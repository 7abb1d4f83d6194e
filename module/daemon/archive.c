/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the history, hands out what its threads bring, passes its complaints on. */
#include "daemon/archive.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/server.h"
#include "daemon/trouble.h"
#include "policy/configuration.h"
#include "store/history.h"

struct archive {
    struct history *history;
    struct event *event;
    char host[65];
};

static void dispatch(evutil_socket_t descriptor, short events, void *argument) {
    struct archive *archive = argument;
    (void)descriptor;
    (void)events;
    history_dispatch(archive->history);
}

static bool listen_to(struct archive *archive, struct server *server) {
    archive->event =
        event_new(server->base, history_descriptor(archive->history), EV_READ | EV_PERSIST, dispatch, archive);
    return archive->event != NULL && event_add(archive->event, NULL) == 0;
}

struct archive *archive_open(struct server *server, char *fault, size_t size) {
    const struct settings *configured = configuration_settings(server->configuration);
    struct archive *archive = calloc(1, sizeof *archive);
    if (archive == NULL) {
        snprintf(fault, size, "out of memory");
        return NULL;
    }
    if (gethostname(archive->host, sizeof archive->host - 1) != 0)
        snprintf(archive->host, sizeof archive->host, "localhost");
    const struct history_settings settings = {
        .url = configured->history,
        .host = archive->host,
        .raw_for = configured->raw_for,
        .complain = trouble_tell,
        .complain_context = server,
    };
    archive->history = history_open(&settings, fault, size);
    if (archive->history != NULL && listen_to(archive, server))
        return archive;
    if (archive->history != NULL)
        snprintf(fault, size, "the event loop cannot watch the history");
    archive_close(&archive);
    return NULL;
}

void archive_close(struct archive **closed) {
    struct archive *archive = *closed;
    if (archive == NULL)
        return;
    if (archive->event != NULL)
        event_free(archive->event);
    if (archive->history != NULL)
        history_close(&archive->history);
    free(archive);
    *closed = NULL;
}

struct history *archive_history(const struct archive *archive) {
    return archive != NULL ? archive->history : NULL;
}
