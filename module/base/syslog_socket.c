/* SPDX-License-Identifier: BSD-2-Clause */
/* A syslog that has stopped reading would hold a daemon in syslog(3) for as long as it likes, and every login with it.
 * So a line that it does not take is lost; but as its socket may hold no more than ten, one that is only behind is
 * waited for, a twentieth of the time at most. Called by log.c alone. */
#include "base/syslog_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

#define STAMP_SIZE 32
#define PATIENCE 100 /* milliseconds that are waited at most, … */
#define REFILL 20    /* … one more after so many */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static int descriptor = -1;
static bool by_stream; /* then a NUL ends each line */
static const char *program = "";
static int64_t patience = PATIENCE, refilled;

static bool connect_as(int type) {
    const struct sockaddr_un place = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
    descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return false;
    if (connect(descriptor, (const struct sockaddr *)&place, sizeof place) == 0)
        return true;
    int fault = errno;
    close(descriptor);
    descriptor = -1;
    errno = fault;
    return false;
}

/* Some take streams in place of datagrams. */
static bool connect_anew(void) {
    by_stream = !connect_as(SOCK_DGRAM) && errno == EPROTOTYPE && connect_as(SOCK_STREAM);
    return descriptor >= 0;
}

static void disconnect(void) {
    if (descriptor >= 0)
        close(descriptor);
    descriptor = -1;
}

void syslog_socket_open(const char *name) {
    pthread_mutex_lock(&lock);
    program = name;
    disconnect();
    connect_anew();
    pthread_mutex_unlock(&lock);
}

void syslog_socket_close(void) {
    pthread_mutex_lock(&lock);
    disconnect();
    pthread_mutex_unlock(&lock);
}

/* What syslog(3) writes: priority, time, program, process. */
static void compose(struct buffer *text, int priority, const char *line) {
    char stamp[STAMP_SIZE] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(stamp, sizeof stamp, "%b %e %T", &local);
    buffer_add_format(text, "<%d>%s %s[%d]: ", LOG_MAIL | LOG_PRI(priority), stamp, program, (int)getpid());
    buffer_add(text, line);
}

/* Whether it takes more after all. */
static bool waited_for_room(void) {
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};
    int64_t now = clock_monotonic(), more = (now - refilled) / REFILL;
    patience = patience + more < PATIENCE ? patience + more : PATIENCE;
    refilled += more * REFILL;
    if (patience <= 0)
        return false;
    bool ready = poll(&room, 1, (int)patience) == 1;
    patience -= clock_monotonic() - now;
    return ready;
}

/* Part of a line on a stream would spoil the next one too. */
static bool hand_over(const char *bytes, size_t length) {
    ssize_t sent = send(descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN && waited_for_room())
        sent = send(descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)length)
        return true;
    if (sent >= 0 || (errno != EAGAIN && errno != ENOBUFS && errno != EINTR))
        disconnect();
    return false;
}

bool syslog_socket_send(int priority, const char *line) {
    char storage[LOG_LINE_SIZE + 128];
    struct buffer text;
    buffer_init(&text, storage, sizeof storage);
    compose(&text, priority, line);
    pthread_mutex_lock(&lock);
    bool was_open = descriptor >= 0;
    bool done = (was_open || connect_anew()) && hand_over(text.bytes, text.length + by_stream);
    if (!done && was_open && descriptor < 0) /* another syslog may have taken its place */
        done = connect_anew() && hand_over(text.bytes, text.length + by_stream);
    pthread_mutex_unlock(&lock);
    return done;
}
