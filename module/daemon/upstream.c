/* SPDX-License-Identifier: BSD-2-Clause */
/* Speaks saslauthd's protocol as its client: four counted strings there, one back that starts with OK or NO. A full
 * backlog is waited for; whatever else goes wrong is trouble, never a refusal. Called by the saslauthd protocol. */
#include "daemon/upstream.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

#define QUESTION_SIZE      8192
#define ANSWER_SIZE        1026 /* a count and what it counts at most */
#define RETRY_MICROSECONDS 10000
#define TELL_AGAIN         60000 /* milliseconds in which the same fault is not told twice, however often it goes */

struct upstream {
    int descriptor;
    struct event *event; /* the socket's, or the pause before another try */
    struct event_base *base;
    struct sockaddr_un address;
    struct secret question;
    struct upstream_health *health;
    upstream_done *done;
    void *context;
    int64_t deadline;
    size_t received;
    unsigned char answer[ANSWER_SIZE];
};

static bool add_counted(struct buffer *buffer, const char *bytes, size_t length) {
    const unsigned char count[2] = {(unsigned char)(length >> 8), (unsigned char)(length & 255)};
    return length <= UINT16_MAX && buffer_add_bytes(buffer, count, sizeof count) &&
           buffer_add_bytes(buffer, bytes, length);
}

static bool write_question(const struct upstream_question *question, struct secret *written) {
    char storage[QUESTION_SIZE + 1];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    const char *at = strrchr(question->name, '@');
    if (at != NULL && (question->default_domain == NULL || strcmp(at + 1, question->default_domain) != 0))
        at = NULL; /* a back end that ignores the realm must not find the default domain's account of that name */
    size_t local = at != NULL ? (size_t)(at - question->name) : strlen(question->name);
    const char *realm = at != NULL ? at + 1 : "";
    bool written_whole = add_counted(&buffer, question->name, local) &&
                         add_counted(&buffer, question->password->bytes, question->password->length) &&
                         add_counted(&buffer, question->service, strlen(question->service)) &&
                         add_counted(&buffer, realm, strlen(realm)) && secret_set(written, buffer.bytes, buffer.length);
    buffer_wipe(&buffer);
    return written_whole;
}

void upstream_cancel(struct upstream **cancelled) {
    struct upstream *upstream = *cancelled;
    if (upstream == NULL)
        return;
    *cancelled = NULL;
    if (upstream->event != NULL)
        event_free(upstream->event);
    if (upstream->descriptor >= 0)
        close(upstream->descriptor);
    secret_clear(&upstream->question);
    free(upstream);
}

static void log_fault(const char *path, enum upstream_fault fault, int error) {
    static const char *const words[UPSTREAM_FAULT_COUNT] = {
        [UPSTREAM_SILENT] = "gave no whole answer in time",
        [UPSTREAM_CLOSED] = "closed the connection before it had answered",
        [UPSTREAM_MALFORMED] = "gave an answer that is neither OK nor NO",
    };
    if (fault == UPSTREAM_UNREACHED)
        log_message(LOG_ERR, "saslauthd cannot be asked at %s: %s%s", path,
                    error == EAGAIN ? "too many wait for it already" : strerror(error),
                    error == EACCES ? "; the daemon's user must be in its group (sasl on Debian)" : "");
    else
        log_message(LOG_ERR, "saslauthd at %s %s", path, words[fault]);
}

/* Tells the log of a change. One that comes and goes is told once a minute; nothing of question or answer is. */
static void note(struct upstream *upstream, enum upstream_fault fault, int error) {
    struct upstream_health *health = upstream->health;
    const char *path = upstream->address.sun_path;
    int64_t now = clock_monotonic();
    if (strcmp(health->path, path) != 0) { /* another one, since a reload */
        *health = (struct upstream_health){.told = UPSTREAM_FINE};
        memcpy(health->path, path, sizeof health->path);
    }
    if (fault == UPSTREAM_FINE && health->told != UPSTREAM_FINE)
        log_message(LOG_NOTICE, "saslauthd at %s answers again", path);
    if (fault != UPSTREAM_FINE && health->last[fault].error == error && health->last[fault].at != 0 &&
        (health->told == fault || now - health->last[fault].at < TELL_AGAIN))
        return;
    health->told = fault;
    health->last[fault].at = now;
    health->last[fault].error = error;
    if (fault != UPSTREAM_FINE)
        log_fault(path, fault, error);
}

static void finish(struct upstream *upstream, enum upstream_result result) {
    upstream_done *done = upstream->done;
    void *context = upstream->context;
    upstream_cancel(&upstream);
    done(context, result);
}

/* What has come so far amounts to; false where more must come. */
static bool read_answer(const struct upstream *upstream, enum upstream_result *result) {
    const unsigned char *answer = upstream->answer;
    *result = UPSTREAM_TROUBLE;
    if (upstream->received < 2)
        return false;
    size_t count = (size_t)answer[0] << 8 | answer[1];
    if (count < 2 || count + 2 > ANSWER_SIZE || upstream->received > count + 2)
        return true;
    if (upstream->received < count + 2)
        return false;
    if (memcmp(answer + 2, "OK", 2) == 0)
        *result = UPSTREAM_RIGHT;
    else if (memcmp(answer + 2, "NO", 2) == 0)
        *result = UPSTREAM_WRONG;
    return true;
}

static bool arm(struct upstream *upstream, short events, event_callback_fn callback, int64_t milliseconds) {
    struct timeval wait = {.tv_sec = (time_t)(milliseconds / 1000),
                           .tv_usec = (suseconds_t)(milliseconds % 1000) * 1000};
    if (upstream->event != NULL)
        event_free(upstream->event);
    upstream->event = event_new(upstream->base, upstream->descriptor, events, callback, upstream);
    return upstream->event != NULL && event_add(upstream->event, &wait) == 0;
}

static bool wait_for_answer(struct upstream *upstream);

static void readable(evutil_socket_t descriptor, short events, void *argument) {
    struct upstream *upstream = argument;
    enum upstream_result result = UPSTREAM_TROUBLE;
    if ((events & EV_READ) == 0) { /* the deadline */
        note(upstream, UPSTREAM_SILENT, 0);
        finish(upstream, result);
        return;
    }
    ssize_t count = recv(descriptor, upstream->answer + upstream->received, ANSWER_SIZE - upstream->received, 0);
    bool passing = count < 0 && (errno == EAGAIN || errno == EINTR);
    if (count > 0)
        upstream->received += (size_t)count;
    bool closed = count <= 0 && !passing, whole = !closed && read_answer(upstream, &result);
    if (closed)
        note(upstream, UPSTREAM_CLOSED, 0);
    else if (whole)
        note(upstream, result == UPSTREAM_TROUBLE ? UPSTREAM_MALFORMED : UPSTREAM_FINE, 0);
    if (closed || whole || !wait_for_answer(upstream))
        finish(upstream, result);
}

static bool wait_for_answer(struct upstream *upstream) {
    int64_t left = upstream->deadline - clock_monotonic();
    if (left <= 0)
        note(upstream, UPSTREAM_SILENT, 0);
    return left > 0 && arm(upstream, EV_READ, readable, left);
}

static void try_again(evutil_socket_t descriptor, short events, void *argument);

/* Connects and asks, or waits for its turn; false where neither can be. A fresh socket's buffer takes a question whole.
 */
static bool begin(struct upstream *upstream) {
    const struct secret *question = &upstream->question;
    if (connect(upstream->descriptor, (const struct sockaddr *)&upstream->address, sizeof upstream->address) != 0) {
        if (errno == EAGAIN && clock_monotonic() < upstream->deadline)
            return arm(upstream, 0, try_again, RETRY_MICROSECONDS / 1000);
        note(upstream, UPSTREAM_UNREACHED, errno);
        return false;
    }
    ssize_t sent = send(upstream->descriptor, question->bytes, question->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    bool whole = sent >= 0 && (size_t)sent == question->length;
    secret_clear(&upstream->question);
    if (!whole)
        note(upstream, UPSTREAM_CLOSED, 0);
    return whole && wait_for_answer(upstream);
}

static void try_again(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    if (!begin(argument))
        finish(argument, UPSTREAM_TROUBLE);
}

struct upstream *upstream_ask(struct event_base *base, const struct upstream_question *question, upstream_done *done,
                              void *context) {
    size_t length = question->path != NULL ? strlen(question->path) : 0;
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL)
        return NULL;
    *upstream = (struct upstream){.base = base, .done = done, .context = context, .health = question->health};
    upstream->deadline = clock_monotonic() + UPSTREAM_TIME;
    upstream->address.sun_family = AF_UNIX;
    upstream->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool named = length > 0 && length < sizeof upstream->address.sun_path;
    if (named)
        memcpy(upstream->address.sun_path, question->path, length + 1);
    if (!named || upstream->descriptor < 0 || !write_question(question, &upstream->question) || !begin(upstream))
        upstream_cancel(&upstream);
    return upstream;
}
