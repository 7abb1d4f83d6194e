/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the administrator's program: no shell, one at a time, killed with all its children when it takes too long. A
 * process of its own, forked before the daemon had secrets or threads; it holds nothing but its socket. */
#include "daemon/notify_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/program_file.h"

struct helper {
    int socket;
    int signals; /* signalfd of SIGCHLD and SIGTERM */
    sigset_t mask, before;
    pid_t program;    /* 0: none runs */
    int milliseconds; /* that a program may take */
    int64_t deadline;
    bool closed; /* nothing more will come */
    bool stopping;
};

void notify_helper_close_others(int kept) {
    struct rlimit files;
    int end = getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 65536 ? (int)files.rlim_cur : 65536;
    for (int descriptor = STDERR_FILENO + 1; descriptor < end; descriptor++)
        if (descriptor != kept)
            close(descriptor);
}

/* In the new process. stdout goes where stderr goes: to the daemon's log or nowhere. */
static void become_program(const struct helper *helper, const char *path, int input) {
    static char path_variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *const environment[] = {path_variable, NULL};
    char name[NOTIFY_MESSAGE_LIMIT];
    memcpy(name, path, strlen(path) + 1);
    char *const arguments[] = {name, NULL};
    const char *unfit = program_file_unfit(path, geteuid());
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &helper->before, NULL);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(126);
    notify_helper_close_others(-1);
    if (unfit == NULL)
        execve(path, arguments, environment);
    log_message(LOG_ERR, "notify: %s%s %s", path, unfit == NULL ? ":" : "", unfit == NULL ? strerror(errno) : unfit);
    _exit(127);
}

/* The object fits into a pipe, so that writing it does not wait for the program. */
static void start_program(struct helper *helper, const char *path, const char *object, size_t length) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    helper->program = fork();
    if (helper->program == 0)
        become_program(helper, path, ends[0]);
    if (helper->program > 0) {
        setpgid(helper->program, helper->program);
        helper->deadline = clock_monotonic() + helper->milliseconds;
        if (write(ends[1], object, length) < 0)
            log_message(LOG_WARNING, "notify: %s reads nothing", path);
    } else {
        helper->program = 0;
    }
    close(ends[0]);
    close(ends[1]);
}

static void take_message(struct helper *helper) {
    char message[NOTIFY_MESSAGE_LIMIT];
    ssize_t got = recv(helper->socket, message, sizeof message, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    size_t length = got > 0 ? (size_t)got : 0;
    size_t path = strnlen(message, length);
    helper->closed = length == 0;
    if (path > 0 && path < length)
        start_program(helper, message, message + path + 1, length - path - 1);
}

static void reap(struct helper *helper) {
    int status;
    pid_t gone;
    while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
        if (gone != helper->program)
            continue;
        helper->program = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            log_message(LOG_WARNING, "notify: the program ended with status %d", WEXITSTATUS(status));
    }
}

static void kill_program(struct helper *helper, const char *why) {
    if (helper->program <= 0)
        return;
    log_message(LOG_WARNING, "notify: the program was killed: %s", why);
    kill(-helper->program, SIGKILL);
    waitpid(helper->program, NULL, 0);
    helper->program = 0;
}

static void take_signal(struct helper *helper) {
    struct signalfd_siginfo signal;
    if (read(helper->signals, &signal, sizeof signal) != sizeof signal)
        return;
    helper->stopping = helper->stopping || signal.ssi_signo == SIGTERM;
    reap(helper);
}

/* Waits for the next message, or for the program that runs. */
static void wait_once(struct helper *helper) {
    bool idle = helper->program == 0;
    struct pollfd waiting[] = {{.fd = helper->signals, .events = POLLIN},
                               {.fd = idle ? helper->socket : -1, .events = POLLIN}};
    int64_t left = helper->deadline - clock_monotonic();
    if (!idle && left <= 0) {
        kill_program(helper, "it took too long");
        return;
    }
    if (poll(waiting, 2, idle ? -1 : (int)left) <= 0)
        return;
    if (waiting[0].revents != 0)
        take_signal(helper);
    if (waiting[1].revents != 0)
        take_message(helper);
}

void notify_helper_run(int socket, int milliseconds) {
    struct helper helper = {.socket = socket, .milliseconds = milliseconds};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* a terminal's ^C is for the daemon, whose end ends us */
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&helper.mask);
    sigaddset(&helper.mask, SIGCHLD);
    sigaddset(&helper.mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &helper.mask, &helper.before);
    helper.signals = signalfd(-1, &helper.mask, SFD_CLOEXEC | SFD_NONBLOCK);
    while (helper.signals >= 0 && !helper.stopping && !(helper.closed && helper.program == 0))
        wait_once(&helper);
    kill_program(&helper, "authgated stops");
}
