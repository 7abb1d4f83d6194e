/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads, frames, times and bounds the clients. A whole message is handled straight from the receive buffer; only a
 * partial one is kept, in memory of its own, for two seconds at most. */
#include "daemon/connection.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/server.h"

#define TICK_MILLISECONDS 250

struct connection {
    struct connection *previous, *next;
    struct connections *all;
    const struct protocol *protocol;
    const struct socket_setting *setting;
    struct ucred peer;
    int descriptor;
    struct event *event;
    void *state;
    char *partial; /* the beginning of a message; NULL: none */
    size_t partial_length;
    int64_t partial_deadline;
    int64_t deadline; /* 0: none */
    bool busy;
    bool handling; /* a protocol callback is on the stack */
    bool closing;
};

struct connections {
    struct server *server;
    struct connection *first;
    size_t count, most, most_of_one;
    struct event *tick;
    char received[CONNECTION_MESSAGE_LIMIT + 1];
};

static void destroy(struct connection *connection) {
    struct connections *all = connection->all;
    connection->closing = true;
    connection->handling = true; /* nothing below may come back here */
    connection->protocol->closed(connection);
    if (connection->event != NULL)
        event_free(connection->event);
    close(connection->descriptor);
    if (connection->partial != NULL) {
        explicit_bzero(connection->partial, connection->partial_length);
        free(connection->partial);
    }
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        all->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    free(connection);
    if (--all->count == 0)
        event_del(all->tick);
    server_connection_closed(all->server);
}

/* Ends a protocol callback. False where the connection is gone now. */
static bool settle(struct connection *connection) {
    connection->handling = false;
    if (!connection->closing)
        return true;
    destroy(connection);
    return false;
}

static bool spoil(struct connection *connection, const char *why) {
    connection->handling = true;
    connection->protocol->spoilt(connection, why);
    connection->closing = true;
    return settle(connection);
}

static bool handle(struct connection *connection, char *bytes, size_t length) {
    if (connection->busy)
        return spoil(connection, "a message before the answer to the last");
    connection->handling = true;
    connection->protocol->message(connection, bytes, length);
    explicit_bzero(bytes, length);
    return settle(connection);
}

static bool keep_partial(struct connection *connection, const char *bytes, size_t length) {
    connection->partial = malloc(CONNECTION_MESSAGE_LIMIT);
    if (connection->partial == NULL)
        return spoil(connection, "out of memory");
    memcpy(connection->partial, bytes, length);
    connection->partial_length = length;
    return true;
}

/* Handles every whole message in `bytes` and keeps the rest. False where the connection is gone. */
static bool consume(struct connection *connection, char *bytes, size_t length) {
    while (length > 0) {
        size_t extent = connection->protocol->extent(bytes, length);
        if (extent == 0)
            break;
        if (!handle(connection, bytes, extent))
            return false;
        bytes += extent;
        length -= extent;
        connection->partial_deadline = 0;
    }
    if (length == 0)
        return true;
    if (connection->busy)
        return spoil(connection, "bytes before the answer to the last message");
    if (length >= CONNECTION_MESSAGE_LIMIT)
        return spoil(connection, "longer than a message may be");
    if (connection->partial_deadline == 0)
        connection->partial_deadline = clock_monotonic() + CONNECTION_FRAME_TIME;
    return keep_partial(connection, bytes, length);
}

/* Puts what was kept in front of what has just come. */
static size_t prepend_partial(struct connection *connection, char *buffer) {
    size_t kept = connection->partial_length;
    if (connection->partial == NULL)
        return 0;
    memcpy(buffer, connection->partial, kept);
    explicit_bzero(connection->partial, kept);
    free(connection->partial);
    connection->partial = NULL;
    connection->partial_length = 0;
    return kept;
}

static void receive(struct connection *connection) {
    struct connections *all = connection->all;
    size_t kept = prepend_partial(connection, all->received);
    ssize_t got = recv(connection->descriptor, all->received + kept, CONNECTION_MESSAGE_LIMIT - kept, 0);
    size_t length = kept + (got > 0 ? (size_t)got : 0);
    bool alive = true;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        destroy(connection);
        alive = false;
    } else if (length > 0) {
        alive = consume(connection, all->received, length);
    }
    (void)alive;
    explicit_bzero(all->received, length);
}

static void readable(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    receive(argument);
}

static void check_deadlines(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    struct connections *all = argument;
    int64_t now = clock_monotonic();
    struct connection *next;
    for (struct connection *connection = all->first; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->partial != NULL && now >= connection->partial_deadline)
            spoil(connection, "not whole within 2 s");
        else if (connection->deadline != 0 && now >= connection->deadline)
            destroy(connection);
    }
}

struct connections *connections_create(struct server *server, size_t most) {
    struct connections *all = calloc(1, sizeof *all);
    if (all == NULL)
        return NULL;
    all->server = server;
    all->most = most;
    all->most_of_one = most - most / 4; /* another uid always finds room */
    all->tick = event_new(server->base, -1, EV_PERSIST, check_deadlines, all);
    if (all->tick == NULL) {
        free(all);
        return NULL;
    }
    return all;
}

void connections_destroy(struct connections **connections) {
    if (*connections == NULL)
        return;
    while ((*connections)->first != NULL)
        destroy((*connections)->first);
    event_free((*connections)->tick);
    free(*connections);
    *connections = NULL;
}

size_t connections_count(const struct connections *connections) {
    return connections->count;
}

void connections_close_idle(struct connections *connections) {
    struct connection *next;
    for (struct connection *connection = connections->first; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->state == NULL && !connection->busy && connection->partial == NULL)
            destroy(connection);
    }
}

/* Finds who must go so that the uid may have one connection more: whoever has left a message unfinished longest. */
static struct connection *find_stalled(struct connections *all, uid_t uid, size_t *of_uid) {
    struct connection *stalled = NULL;
    *of_uid = 0;
    for (struct connection *connection = all->first; connection != NULL; connection = connection->next) {
        if (connection->peer.uid != uid)
            continue;
        ++*of_uid;
        bool unfinished = connection->partial != NULL && !connection->handling;
        if (unfinished && (stalled == NULL || connection->partial_deadline < stalled->partial_deadline))
            stalled = connection;
    }
    return stalled;
}

static bool make_room(struct connections *all, uid_t uid) {
    if (all->count < all->most_of_one)
        return true;
    size_t of_uid;
    struct connection *stalled = find_stalled(all, uid, &of_uid);
    if (all->count < all->most && of_uid < all->most_of_one)
        return true;
    if (stalled == NULL)
        return false;
    spoil(stalled, "not whole, and too many connections");
    return true;
}

static struct connection *attach(struct connections *all, int descriptor) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->event = event_new(all->server->base, descriptor, EV_READ | EV_PERSIST, readable, connection);
    if (connection->event == NULL || event_add(connection->event, NULL) != 0) {
        if (connection->event != NULL)
            event_free(connection->event);
        free(connection);
        return NULL;
    }
    connection->all = all;
    connection->descriptor = descriptor;
    connection->next = all->first;
    if (all->first != NULL)
        all->first->previous = connection;
    all->first = connection;
    if (all->count++ == 0) {
        struct timeval every = {.tv_usec = TICK_MILLISECONDS * 1000};
        event_add(all->tick, &every);
    }
    return connection;
}

bool connection_open(struct connections *connections, int descriptor, const struct protocol *protocol,
                     const struct socket_setting *setting, const struct ucred *peer) {
    struct connection *connection = make_room(connections, peer->uid) ? attach(connections, descriptor) : NULL;
    if (connection == NULL) {
        log_message(LOG_WARNING, "a connection of uid %u was closed: too many connections or no memory", peer->uid);
        close(descriptor);
        return false;
    }
    connection->protocol = protocol;
    connection->setting = setting;
    connection->peer = *peer;
    connection->deadline = clock_monotonic() + SERVER_IDLE_TIME;
    receive(connection); /* most clients have sent their question by now */
    return true;
}

bool connection_send(struct connection *connection, const char *bytes, size_t length) {
    ssize_t sent = send(connection->descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 && (size_t)sent == length)
        return true;
    connection_close(connection);
    return false;
}

static void close_later(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    destroy(argument);
}

void connection_close(struct connection *connection) {
    if (connection->closing)
        return;
    connection->closing = true;
    if (connection->handling)
        return; /* settle() will */
    struct timeval at_once = {0};
    event_del(connection->event);
    event_free(connection->event);
    connection->event = event_new(connection->all->server->base, -1, 0, close_later, connection);
    if (connection->event != NULL)
        event_add(connection->event, &at_once);
    else
        connection->deadline = 1; /* the tick will */
}

void connection_expect(struct connection *connection, int64_t deadline) {
    connection->deadline = deadline;
}

void connection_set_busy(struct connection *connection, bool busy) {
    connection->busy = busy;
}

void connection_set_state(struct connection *connection, void *state) {
    connection->state = state;
}

void *connection_state(const struct connection *connection) {
    return connection->state;
}

struct server *connection_server(const struct connection *connection) {
    return connection->all->server;
}

const struct socket_setting *connection_setting(const struct connection *connection) {
    return connection->setting;
}

const struct ucred *connection_peer(const struct connection *connection) {
    return &connection->peer;
}
