/* SPDX-License-Identifier: BSD-2-Clause */
/* A gate that lets everybody in without a look: what the conversation alone costs, whatever stands behind it.
 *
 *   empty-gate SOCKET
 *
 * One thread; ends with its parent. Run by places.py. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 32

static const char begun[] = "ref=aaaaaaaaaaaaa\nverdict=continue\n\n";
static const char accepted[] = "ref=aaaaaaaaaaaaa\nverdict=accept\n\n";

static int listen_at(const char *path) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool done = listener >= 0 && bind(listener, (const struct sockaddr *)&place, sizeof place) == 0 &&
                listen(listener, SOMAXCONN) == 0;
    return done ? listener : -1;
}

static bool watch(int poll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void answer(int connection) {
    char question[8192];
    ssize_t length = recv(connection, question, sizeof question, MSG_DONTWAIT);
    bool begins = length > 13 && memcmp(question, "request=begin", 13) == 0;
    const char *text = begins ? begun : accepted;
    if (length <= 0 || send(connection, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        close(connection);
}

int main(int count, char **arguments) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int listener = count == 2 ? listen_at(arguments[1]) : -1, poll = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || !watch(poll, listener))
        return 2;
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int connection = events[i].data.fd != listener ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (events[i].data.fd != listener)
                answer(events[i].data.fd);
            else if (connection >= 0 && !watch(poll, connection))
                close(connection);
        }
    }
}
