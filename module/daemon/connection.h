/* SPDX-License-Identifier: BSD-2-Clause */
/* One client of one socket: cuts the byte stream into messages, holds the deadlines, keeps the number of connections
 * bounded. It knows no protocol: each one brings a struct protocol. */
#ifndef AUTHGATE_DAEMON_CONNECTION_H
#define AUTHGATE_DAEMON_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define CONNECTION_MESSAGE_LIMIT 8192  /* bytes of the largest message of any protocol */
#define CONNECTION_FRAME_TIME 2000     /* milliseconds for a whole message, from its first byte */

struct connection;
struct server;
struct socket_setting;

/* What a protocol does with a connection. All are called on the loop's thread. */
struct protocol {
    const char *name;
    /* How many bytes at the start make one message: 0 where more must come. */
    size_t (*extent)(const char *bytes, size_t length);
    /* One whole message, which it may write to; it is wiped afterwards. */
    void (*message)(struct connection *connection, char *bytes, size_t length);
    /* More than CONNECTION_MESSAGE_LIMIT bytes without a whole message, or one that did not come in time. The
     * connection is closed afterwards. */
    void (*spoilt)(struct connection *connection, const char *why);
    /* The connection ends, for whatever reason; its state is to be given up. */
    void (*closed)(struct connection *connection);
};

/* All connections of a server. */
struct connections;
struct connections *connections_create(struct server *server, size_t most);
void connections_destroy(struct connections **connections); /* closes each */
size_t connections_count(const struct connections *connections);

/* Closes what waits for nothing that matters (no unanswered question, no login under way): for a drain. */
void connections_close_idle(struct connections *connections);

/* Takes over an accepted descriptor (non-blocking, close-on-exec). Where there are too many connections, in all or of
 * the peer's uid, the one of that uid that has been silent longest in the middle of a message makes room, else the new
 * one is closed. False where it was closed. */
bool connection_open(struct connections *connections, int descriptor, const struct protocol *protocol,
                     const struct socket_setting *setting, const struct ucred *peer);

/* Sends all of it or closes the connection: an answer fits the socket's buffer, or nobody reads there. */
bool connection_send(struct connection *connection, const char *bytes, size_t length);

/* Closes it as soon as the current call returns to the loop. May be called at any time, also twice. */
void connection_close(struct connection *connection);

/* Closes it at `deadline` (clock_monotonic milliseconds) unless this is called again; 0: never. */
void connection_expect(struct connection *connection, int64_t deadline);

/* While busy (a question waits for its answer), a further message spoils the connection. */
void connection_set_busy(struct connection *connection, bool busy);

/* Whatever the protocol keeps with it; NULL at first. */
void connection_set_state(struct connection *connection, void *state);
void *connection_state(const struct connection *connection);

struct server *connection_server(const struct connection *connection);
const struct socket_setting *connection_setting(const struct connection *connection);
const struct ucred *connection_peer(const struct connection *connection);

#endif
