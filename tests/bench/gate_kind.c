/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate protocol straight at the socket: one connection for each login, as the modules do it, without libpam. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pool.h"
#include "scenario.h"

#define ANSWER_SIZE 1024

struct prepared {
    struct sockaddr_un address;
    char begin[512];
    uint64_t random;
};

static void say_begin(struct prepared *prepared, const char *user, const char *address) {
    snprintf(prepared->begin, sizeof prepared->begin,
             "request=begin\nprotocol=1\nuser=%s\nservice=imap\nclient_address=%s\ndefer=yes\n\n", user, address);
}

static struct prepared *prepare_any(const struct scenario *scenario) {
    struct prepared *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL)
        abort();
    prepared->address.sun_family = AF_UNIX;
    snprintf(prepared->address.sun_path, sizeof prepared->address.sun_path, "%s", scenario->words[0]);
    prepared->random = scenario_clock() ^ (uint64_t)(unsigned)getpid() << 32;
    return prepared;
}

static void *prepare_spread(const struct scenario *scenario) {
    return prepare_any(scenario);
}

static void *prepare(const struct scenario *scenario) {
    struct prepared *prepared = prepare_any(scenario);
    say_begin(prepared, scenario->words[1], scenario->words[2]);
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

static int connect_to(const struct prepared *prepared) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (const struct sockaddr *)&prepared->address, sizeof prepared->address)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static bool begin(int descriptor, const struct prepared *prepared, char ref[14]) {
    char answer[ANSWER_SIZE];
    if (!ask(descriptor, prepared->begin, answer) || strstr(answer, "verdict=continue\n") == NULL)
        return false;
    const char *found = strstr(answer, "ref=");
    return found != NULL && sscanf(found, "ref=%13[a-z2-7]", ref) == 1;
}

static bool commit(int descriptor, const char *user, const char *ref) {
    char question[512], answer[ANSWER_SIZE];
    snprintf(question, sizeof question, "request=commit\nref=%s\nuser=%s\npassword_mark=0123abcd\n\n", ref,
             user);
    return ask(descriptor, question, answer) && strstr(answer, "verdict=accept\n") != NULL;
}

/* One login; `begun` is set to how long the begin took. */
static bool login(const char *user, const struct prepared *prepared, uint64_t *begun) {
    char ref[14] = "";
    int descriptor = connect_to(prepared);
    if (descriptor < 0)
        return false;
    uint64_t start = scenario_clock();
    bool done = begin(descriptor, prepared, ref);
    *begun = scenario_clock() - start;
    done = done && commit(descriptor, user, ref);
    close(descriptor);
    return done;
}

static enum outcome pair_once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    uint64_t begun, start = scenario_clock();
    bool done = login(scenario->words[1], prepared, &begun);
    *nanoseconds = scenario_clock() - start;
    return done ? LOGIN_RIGHT : LOGIN_WRONG;
}

static enum outcome begin_once(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds) {
    return login(scenario->words[1], prepared, nanoseconds) ? LOGIN_RIGHT : LOGIN_WRONG;
}

/* An account drawn anew for each login. */
static enum outcome spread_once(const struct scenario *scenario, void *context, uint64_t *nanoseconds) {
    struct prepared *prepared = context;
    char user[POOL_NAME_SIZE];
    uint64_t begun, count = strtoull(scenario->words[2], NULL, 10), domains = strtoull(scenario->words[3], NULL, 10);
    pool_draw(&prepared->random, count, domains, user);
    say_begin(prepared, user, scenario->words[1]);
    uint64_t start = scenario_clock();
    bool done = login(user, prepared, &begun);
    *nanoseconds = scenario_clock() - start;
    return done ? LOGIN_RIGHT : LOGIN_WRONG;
}

/* Each from a network, and for an account, that had none before. */
static enum outcome wrong_once(const struct scenario *scenario, void *context, uint64_t *nanoseconds) {
    struct prepared *prepared = context;
    char user[32], address[48], ref[14], end[128];
    uint64_t start = scenario_clock(), number = pool_ticket((unsigned)strtoul(scenario->words[1], NULL, 10));
    if (number >= strtoull(scenario->words[2], NULL, 10))
        return LOGIN_NONE;
    snprintf(user, sizeof user, "victim%u", (unsigned)number);
    snprintf(address, sizeof address, "2001:db8:%x:%x::1", (unsigned)(number >> 16) & 0xffff,
             (unsigned)number & 0xffff);
    say_begin(prepared, user, address);
    int descriptor = connect_to(prepared);
    bool done = descriptor >= 0 && begin(descriptor, prepared, ref);
    int length = snprintf(end, sizeof end, "request=end\nref=%s\nuser=%s\npassword_mark=%08x\nstatus=wrong\n\n",
                          done ? ref : "", user, (unsigned)number);
    done = done && send(descriptor, end, (size_t)length, MSG_NOSIGNAL) == length;
    if (descriptor >= 0)
        close(descriptor);
    *nanoseconds = scenario_clock() - start;
    return done ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind pair_kind = {.name = "pair", .warms = true, .prepare = prepare, .once = pair_once};
const struct kind begin_kind = {.name = "begin", .warms = true, .prepare = prepare, .once = begin_once};
const struct kind spread_kind = {.name = "spread", .warms = true, .prepare = prepare_spread, .once = spread_once};
const struct kind wrong_kind = {.name = "wrong", .prepare = prepare_spread, .once = wrong_once};
