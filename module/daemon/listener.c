/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the sockets, accepts, asks the kernel who is there. What is said on them belongs to the protocols. */
#include "daemon/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/connection.h"
#include "daemon/peer.h"
#include "daemon/protocols.h"
#include "daemon/server.h"
#include "daemon/supervisor.h"
#include "policy/configuration.h"

#define BACKLOG            1024
#define PAUSE_MICROSECONDS 100000
#define TURN_PATIENCE 1000 /* milliseconds for another daemon that makes sockets in the same folder */
#define TURN_LOOK 5

struct listener {
    struct server *server;
    struct listeners *all;
    struct socket_setting setting; /* a copy, without the strings that a reload frees */
    char *path;
    const struct protocol *protocol;
    int descriptor;
    uid_t owner;
    gid_t group;
    struct event *event;
};

struct listeners {
    struct listener *list;
    size_t count;
    bool paused;
    struct event *retry;
};

static bool address_of(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, length + 1);
    return true;
}

static bool somebody_listens(const struct sockaddr_un *address) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    bool answered = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    close(probe);
    return answered;
}

/* The folder may be the daemon's user's, who could put anything in the new socket's place while we are still root. So
 * the file is opened, not following links, and is what we work on only where nobody but us can have made it. -1 where
 * it is something else. */
static int open_made(const char *name, struct stat *made) {
    int file = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0 && fstat(file, made) == 0 && S_ISSOCK(made->st_mode) && made->st_uid == geteuid() &&
        made->st_nlink == 1)
        return file;
    if (file >= 0) {
        close(file);
        errno = EEXIST;
    }
    return -1;
}

/* Whether the name now leads to this very file. */
static bool stands_at(const char *path, const struct stat *made) {
    struct stat status;
    bool same = lstat(path, &status) == 0 && status.st_dev == made->st_dev && status.st_ino == made->st_ino;
    if (!same)
        errno = EEXIST;
    return same;
}

/* Gives the new socket to its owner and its final name. */
static bool install(const struct listener *listener, const char *name, const char *path) {
    struct stat made;
    int file = open_made(name, &made);
    if (file < 0)
        return false;
    bool owned = geteuid() != 0 || fchownat(file, "", listener->owner, listener->group, AT_EMPTY_PATH) == 0;
    bool done = owned && rename(name, path) == 0 && stands_at(path, &made);
    int fault = errno;
    close(file);
    errno = fault;
    return done;
}

/* Binds beside the final name and renames over it: no moment without a socket, none with the wrong mode, which bind
 * takes from the umask. */
static bool bind_at(struct listener *listener, const char *path, char *fault, size_t size) {
    struct sockaddr_un final, beside;
    char name[sizeof beside.sun_path];
    int length = snprintf(name, sizeof name, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof name || !address_of(path, &final) || !address_of(name, &beside)) {
        snprintf(fault, size, "the socket path %s is too long", path);
        return false;
    }
    if (somebody_listens(&final)) {
        snprintf(fault, size, "another daemon listens on %s; stop it first", path);
        return false;
    }
    unlink(name);
    mode_t mask = umask(~listener->setting.mode & 0777);
    bool bound = bind(listener->descriptor, (struct sockaddr *)&beside, sizeof beside) == 0;
    umask(mask);
    if (bound && install(listener, name, path))
        return true;
    snprintf(fault, size, "cannot make the socket %s: %s%s", path,
             bound && errno == EEXIST ? "somebody else puts files in its place" : strerror(errno),
             !bound && errno == ENOENT ? "; make its folder first (mkdir -p)" : "");
    if (bound)
        unlink(name);
    return false;
}

static bool make_socket(struct listener *listener, char *fault, size_t size) {
    listener->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->descriptor < 0) {
        snprintf(fault, size, "cannot make a socket: %s", strerror(errno));
        return false;
    }
    if (!bind_at(listener, listener->setting.path, fault, size))
        return false;
    if (listen(listener->descriptor, BACKLOG) == 0)
        return true;
    snprintf(fault, size, "cannot listen on %s: %s", listener->setting.path, strerror(errno));
    return false;
}

/* Daemons that start at once take turns from their look at who listens to their own listening: else the later one puts
 * its socket over the other's, which then serves nobody and does not know it. Whoever can open the folder can hold it
 * too, so that nobody waits for long. -1: it cannot be opened. */
static int hold_folder(const char *path) {
    char folder[sizeof(struct sockaddr_un)];
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (length == 0 || length >= sizeof folder)
        return -1;
    memcpy(folder, path, length);
    folder[length] = '\0';
    int held = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int waited = 0; held >= 0 && waited < TURN_PATIENCE; waited += TURN_LOOK) {
        if (flock(held, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        poll(NULL, 0, TURN_LOOK);
    }
    return held;
}

static bool open_socket(struct listener *listener, char *fault, size_t size) {
    listener->descriptor = supervisor_take_socket(listener->setting.path);
    if (listener->descriptor >= 0)
        return true;
    int held = hold_folder(listener->setting.path);
    bool made = make_socket(listener, fault, size);
    if (held >= 0)
        close(held);
    return made;
}

static void take(struct listener *listener, int descriptor) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        close(descriptor);
    } else if (!peer_allowed(&listener->setting, listener->owner, listener->group, &peer)) {
        log_message(LOG_WARNING, "refused uid %u, gid %u, pid %d on %s: not its owner, group or root", peer.uid,
                    peer.gid, (int)peer.pid, listener->path);
        close(descriptor);
    } else {
        connection_open(listener->server->connections, descriptor, listener->protocol, &listener->setting, &peer);
    }
}

static void resume(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    listeners_resume(argument);
}

/* Out of descriptors: accepting goes on when a connection has gone, or after a moment. */
static void pause_accepting(struct listeners *listeners) {
    if (listeners->paused)
        return;
    listeners->paused = true;
    for (size_t i = 0; i < listeners->count; i++)
        if (listeners->list[i].event != NULL)
            event_del(listeners->list[i].event);
    struct timeval moment = {.tv_usec = PAUSE_MICROSECONDS};
    event_add(listeners->retry, &moment);
}

/* Takes one connection; false where there is none to take. */
static bool accept_one(struct listener *listener) {
    int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
        take(listener, descriptor);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_message(LOG_ERR, "cannot accept on %s: %s; waiting until a connection ends", listener->path,
                    strerror(errno));
        pause_accepting(listener->all);
        return false;
    }
    return errno == EINTR || errno == ECONNABORTED;
}

/* One at a time: where more wait, the loop comes back here, and the others have had their turn. */
static void acceptable(evutil_socket_t socket, short events, void *argument) {
    (void)socket;
    (void)events;
    accept_one(argument);
}

static bool look_up_ids(struct listener *listener, const struct socket_setting *setting, char *fault, size_t size) {
    struct peer_ids ids;
    const char *user = configuration_settings(listener->server->configuration)->user;
    bool known = peer_ids(setting, user, &ids);
    listener->owner = ids.owner;
    listener->group = ids.group;
    if (ids.no_user != NULL)
        snprintf(fault, size, "there is no user %s; create it, or name another as %s", ids.no_user,
                 setting->owner != NULL ? "the socket's `owner`" : "`user`");
    else if (ids.no_group != NULL)
        snprintf(fault, size, "there is no group %s; create it, or name another as the socket's `group`", ids.no_group);
    return known;
}

static bool prepare(struct listener *listener, const struct socket_setting *setting, char *fault, size_t size) {
    listener->setting = *setting;
    listener->path = strdup(setting->path);
    listener->setting.path = listener->path;
    listener->setting.seen_as = NULL;
    listener->setting.owner = listener->setting.group = NULL;
    listener->protocol = protocol_for(setting->kind);
    if (listener->path == NULL)
        snprintf(fault, size, "out of memory");
    else if (listener->protocol == NULL)
        snprintf(fault, size, "this version cannot serve a socket of this kind");
    else if (!look_up_ids(listener, setting, fault, size))
        return false;
    else
        return open_socket(listener, fault, size);
    return false;
}

struct listeners *listeners_open(struct server *server, char *fault, size_t size) {
    const struct settings *settings = configuration_settings(server->configuration);
    struct listeners *listeners = calloc(1, sizeof *listeners);
    if (listeners != NULL)
        listeners->list = calloc(settings->socket_count, sizeof *listeners->list);
    if (listeners == NULL || listeners->list == NULL) {
        free(listeners);
        snprintf(fault, size, "%s: no sockets are configured, or out of memory", settings->file);
        return NULL;
    }
    bool good = true;
    for (size_t i = 0; i < settings->socket_count && good; i++) {
        listeners->list[i] = (struct listener){.server = server, .all = listeners, .descriptor = -1};
        listeners->count++;
        char why[256] = "";
        good = prepare(&listeners->list[i], &settings->sockets[i], why, sizeof why);
        if (!good)
            snprintf(fault, size, "%s:%d: %s", settings->file, settings->sockets[i].line, why);
    }
    supervisor_close_sockets();
    if (!good)
        listeners_free(&listeners);
    return listeners;
}

bool listeners_start(struct listeners *listeners) {
    if (listeners->count == 0)
        return false;
    listeners->retry = event_new(listeners->list[0].server->base, -1, 0, resume, listeners);
    if (listeners->retry == NULL)
        return false;
    for (size_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->list[i];
        listener->event =
            event_new(listener->server->base, listener->descriptor, EV_READ | EV_PERSIST, acceptable, listener);
        if (listener->event == NULL || event_add(listener->event, NULL) != 0)
            return false;
    }
    return true;
}

void listeners_resume(struct listeners *listeners) {
    if (listeners == NULL || !listeners->paused)
        return;
    listeners->paused = false;
    for (size_t i = 0; i < listeners->count; i++)
        if (listeners->list[i].event != NULL)
            event_add(listeners->list[i].event, NULL);
}

static void close_one(struct listener *listener) {
    if (listener->event != NULL)
        event_free(listener->event);
    listener->event = NULL;
    if (listener->descriptor >= 0)
        close(listener->descriptor);
    listener->descriptor = -1;
}

void listeners_close(struct listeners *listeners) {
    for (size_t i = 0; i < listeners->count; i++) {
        bool accepting = listeners->list[i].event != NULL;
        for (int taken = 0; accepting && taken < BACKLOG && accept_one(&listeners->list[i]);)
            taken++;
        close_one(&listeners->list[i]);
    }
    event_del(listeners->retry);
}

void listeners_free(struct listeners **listeners) {
    if (*listeners == NULL)
        return;
    for (size_t i = 0; i < (*listeners)->count; i++) {
        close_one(&(*listeners)->list[i]);
        free((*listeners)->list[i].path);
    }
    if ((*listeners)->retry != NULL)
        event_free((*listeners)->retry);
    free((*listeners)->list);
    free(*listeners);
    *listeners = NULL;
}
