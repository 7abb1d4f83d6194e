/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects, sends and receives for the modules. The socket never blocks: every wait is a poll() up to the caller's
 * deadline, so a stopped daemon costs a login its timeout and no more. It keeps no state but the caller's struct and
 * judges no answer. */
#include "wire/client.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define LONGEST_PAUSE 50 /* milliseconds between two tries to connect */

void client_init(struct client *client) {
    client->descriptor = -1;
    client->used = 0;
}

void client_close(struct client *client) {
    if (client->descriptor >= 0)
        close(client->descriptor);
    client->descriptor = -1;
    explicit_bzero(client->text, client->used);
    client->used = 0;
}

static int until(int64_t deadline) {
    int64_t left = deadline - clock_monotonic();
    if (left <= 0)
        return 0;
    return left > 1000000 ? 1000000 : (int)left;
}

bool client_pause(int *pause, int64_t deadline) {
    int left = until(deadline);
    if (left == 0)
        return false;
    *pause = *pause == 0 ? 1 : *pause * 2;
    if (*pause > LONGEST_PAUSE)
        *pause = LONGEST_PAUSE;
    return poll(NULL, 0, *pause < left ? *pause : left) == 0 || errno == EINTR;
}

/* Whether a daemon that is just starting, or has more callers than it can take at once, answers like this. */
static bool is_passing(int error) {
    return error == ENOENT || error == ECONNREFUSED || error == EAGAIN || error == EACCES || error == EINTR;
}

static bool set_address(struct sockaddr_un *address, const char *path) {
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path)
        return false;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length + 1);
    return true;
}

enum client_result client_connect(struct client *client, const char *path, int64_t deadline) {
    client_close(client);
    struct sockaddr_un address;
    if (!set_address(&address, path))
        return CLIENT_FAILED;
    client->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->descriptor < 0)
        return CLIENT_FAILED;
    for (int pause = 0;;) {
        if (connect(client->descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
            return CLIENT_OK;
        if (!is_passing(errno) || !client_pause(&pause, deadline)) {
            client_close(client);
            return CLIENT_UNREACHABLE;
        }
    }
}

static enum client_result give_up(struct client *client, enum client_result result) {
    client_close(client);
    return result;
}

/* Whether the socket became ready (or broke, which the next call on it tells) before the deadline. */
static bool wait_for(const struct client *client, short events, int64_t deadline) {
    for (;;) {
        struct pollfd ready = {.fd = client->descriptor, .events = events};
        int count = poll(&ready, 1, until(deadline));
        if (count > 0)
            return true;
        if (count == 0 || errno != EINTR)
            return false;
    }
}

static enum client_result write_all(struct client *client, const char *bytes, size_t length, int64_t deadline) {
    for (size_t sent = 0; sent < length;) {
        ssize_t count = send(client->descriptor, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN) {
            if (!wait_for(client, POLLOUT, deadline))
                return CLIENT_LOST;
        } else if (errno != EINTR)
            return CLIENT_LOST;
    }
    return CLIENT_OK;
}

static enum client_result send_message(struct client *client, const struct message *question, int64_t deadline) {
    char storage[MESSAGE_LIMIT + 1];
    struct buffer encoded;
    buffer_init(&encoded, storage, sizeof storage);
    enum client_result result = CLIENT_FAILED;
    if (message_encode(question, &encoded))
        result = write_all(client, encoded.bytes, encoded.length, deadline);
    buffer_wipe(&encoded);
    return result;
}

/* Collects bytes until they are one whole message. */
static enum client_result receive(struct client *client, int64_t deadline) {
    explicit_bzero(client->text, client->used); /* the last answer may have been the longer one */
    client->used = 0;
    for (;;) {
        if (client->used == sizeof client->text)
            return CLIENT_GARBLED;
        if (!wait_for(client, POLLIN, deadline))
            return CLIENT_LOST;
        ssize_t count = recv(client->descriptor, client->text + client->used, sizeof client->text - client->used, 0);
        if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
            return CLIENT_LOST;
        if (count < 0)
            continue;
        client->used += (size_t)count;
        size_t extent = message_extent(client->text, client->used);
        if (extent > 0)
            return extent == client->used ? CLIENT_OK : CLIENT_GARBLED;
    }
}

enum client_result client_call(struct client *client, const struct message *question, struct message *answer,
                               int64_t deadline) {
    *answer = (struct message){0};
    if (client->descriptor < 0)
        return CLIENT_LOST;
    enum client_result result = send_message(client, question, deadline);
    if (result == CLIENT_OK)
        result = receive(client, deadline);
    if (result == CLIENT_OK && message_decode(answer, client->text, client->used) != MESSAGE_OK)
        result = CLIENT_GARBLED;
    return result == CLIENT_OK ? CLIENT_OK : give_up(client, result);
}

enum client_result client_send(struct client *client, const struct message *question) {
    if (client->descriptor < 0)
        return CLIENT_LOST;
    enum client_result result = send_message(client, question, 0);
    return result == CLIENT_OK ? CLIENT_OK : give_up(client, result);
}
