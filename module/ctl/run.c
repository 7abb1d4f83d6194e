/* SPDX-License-Identifier: BSD-2-Clause */
/* Children of doctor and setup: doveconf, postconf, doveadm and the like. No shell sees their arguments; a child that
 * does not end in time is ended by its own pid. */
#include "ctl/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define OUTPUT_LIMIT (4UL * 1024 * 1024)
#define NOT_THERE    127

struct pipe_end {
    int descriptor; /* -1: it has ended */
    char *text;
    size_t length, size;
};

static void set_path(void) {
    const char *path = getenv("PATH");
    struct arena arena = {0};
    if (path != NULL && strstr(path, "/usr/sbin") == NULL)
        setenv("PATH", scrap_text(&arena, "%s:/usr/sbin:/sbin", path), 1);
    arena_clear(&arena);
}

static void become(const char *const argv[], const int out[2], const int errors[2]) {
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(errors[1], STDERR_FILENO);
    close(nothing);
    set_path();
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(NOT_THERE);
}

/* Reads what is there; at its end, or where there is too much, the end of the pipe is closed. */
static void take(struct arena *arena, struct pipe_end *end) {
    if (end->length + 1 >= end->size) {
        size_t size = end->size == 0 ? 8192 : end->size * 2;
        char *larger = scrap_take(arena, size, 1);
        if (end->length > 0)
            memcpy(larger, end->text, end->length);
        end->text = larger;
        end->size = size;
    }
    ssize_t got = read(end->descriptor, end->text + end->length, end->size - end->length - 1);
    if (got > 0)
        end->length += (size_t)got;
    if ((got < 0 && errno != EINTR) || got == 0 || end->length > OUTPUT_LIMIT) {
        close(end->descriptor);
        end->descriptor = -1;
    }
}

/* Reads both until they end. False where the time is over. */
static bool listen_to(struct arena *arena, struct pipe_end ends[2], int64_t deadline) {
    while (ends[0].descriptor >= 0 || ends[1].descriptor >= 0) {
        struct pollfd ready[2] = {{.fd = ends[0].descriptor, .events = POLLIN},
                                  {.fd = ends[1].descriptor, .events = POLLIN}};
        int64_t left = deadline - clock_monotonic();
        int count = left > 0 ? poll(ready, 2, (int)left) : 0;
        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        for (size_t i = 0; count > 0 && i < 2; i++)
            if (ends[i].descriptor >= 0 && ready[i].revents != 0)
                take(arena, &ends[i]);
    }
    return true;
}

static int await(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void finish(struct arena *arena, struct pipe_end ends[2], struct run *run) {
    for (size_t i = 0; i < 2; i++)
        if (ends[i].descriptor >= 0)
            close(ends[i].descriptor);
    run->out = ends[0].text != NULL ? ends[0].text : scrap_part(arena, "", 0);
    char *errors = ends[1].text;
    const char *first = scrap_line(&errors);
    run->first = first != NULL ? first : "";
}

struct run run_program(struct arena *arena, const char *const argv[], int patience) {
    struct run run = {.there = false, .status = -1};
    struct pipe_end ends[2] = {{.descriptor = -1}, {.descriptor = -1}};
    int out[2] = {-1, -1}, errors[2] = {-1, -1};
    pid_t pid = -1;
    if (pipe2(out, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0)
        become(argv, out, errors);
    close(out[1]);
    close(errors[1]);
    ends[0].descriptor = out[0];
    ends[1].descriptor = errors[0];
    if (pid > 0) {
        if (!listen_to(arena, ends, clock_monotonic() + patience))
            kill(pid, SIGKILL);
        run.status = await(pid);
        run.there = run.status != NOT_THERE;
    }
    finish(arena, ends, &run);
    return run;
}
