/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate protocol straight at the socket: one connection for each login, as the modules do it, without libpam. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scenario.h"

#define ANSWER_SIZE 1024

struct prepared {
    struct sockaddr_un address;
    char begin[512];
};

static void *prepare(const struct scenario *scenario) {
    struct prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL)
        abort();
    prepared->address.sun_family = AF_UNIX;
    snprintf(prepared->address.sun_path, sizeof prepared->address.sun_path, "%s", scenario->words[0]);
    snprintf(prepared->begin, sizeof prepared->begin,
             "request=begin\nprotocol=1\nuser=%s\nservice=imap\nclient_address=%s\ndefer=yes\n\n", scenario->words[1],
             scenario->words[2]);
    return prepared;
}

/* Sends a message and waits for a whole one. */
static bool ask(int descriptor, const char *question, char answer[ANSWER_SIZE]) {
    size_t length = strlen(question), used = 0;
    if (send(descriptor, question, length, MSG_NOSIGNAL) != (ssize_t)length)
        return false;
    do {
        struct pollfd ready = {.fd = descriptor, .events = POLLIN}; /* as the modules wait, with a deadline */
        if (poll(&ready, 1, 10000) != 1)
            return false;
        ssize_t got = recv(descriptor, answer + used, ANSWER_SIZE - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        answer[used] = '\0';
    } while (strstr(answer, "\n\n") == NULL && used < ANSWER_SIZE - 1);
    return true;
}

static bool begin(int descriptor, const struct prepared *prepared, char ref[14]) {
    char answer[ANSWER_SIZE];
    if (!ask(descriptor, prepared->begin, answer) || strstr(answer, "verdict=continue\n") == NULL)
        return false;
    const char *found = strstr(answer, "ref=");
    return found != NULL && sscanf(found, "ref=%13[a-z2-7]", ref) == 1;
}

static bool commit(int descriptor, const struct scenario *scenario, const char *ref) {
    char question[512], answer[ANSWER_SIZE];
    snprintf(question, sizeof question, "request=commit\nref=%s\nuser=%s\npassword_mark=0123abcd\n\n", ref,
             scenario->words[1]);
    return ask(descriptor, question, answer) && strstr(answer, "verdict=accept\n") != NULL;
}

/* One login; `begun` is set to how long the begin took. */
static bool login(const struct scenario *scenario, const struct prepared *prepared, uint64_t *begun) {
    char ref[14] = "";
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return false;
    bool done = connect(descriptor, (const struct sockaddr *)&prepared->address, sizeof prepared->address) == 0;
    uint64_t start = scenario_clock();
    done = done && begin(descriptor, prepared, ref);
    *begun = scenario_clock() - start;
    done = done && commit(descriptor, scenario, ref);
    close(descriptor);
    return done;
}

static bool pair_once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    uint64_t begun, start = scenario_clock();
    bool done = login(scenario, prepared, &begun);
    *nanoseconds = scenario_clock() - start;
    return done;
}

static bool begin_once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    return login(scenario, prepared, nanoseconds);
}

const struct kind pair_kind = {.name = "pair", .prepare = prepare, .once = pair_once};
const struct kind begin_kind = {.name = "begin", .prepare = prepare, .once = begin_once};
