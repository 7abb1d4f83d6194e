/* SPDX-License-Identifier: BSD-2-Clause */
/* Dovecot's auth socket, as its login processes speak it: one connection for each worker, one PLAIN request at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base64.h"
#include "scenario.h"

struct prepared {
    FILE *socket;
    unsigned request;
    char credentials[256]; /* base64 of NUL user NUL password */
};

static FILE *connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0)
        abort();
    FILE *file = fdopen(descriptor, "r+");
    if (file == NULL)
        abort();
    return file;
}

static void *prepare(const struct scenario *scenario) {
    struct prepared *prepared = calloc(1, sizeof *prepared);
    char plain[128], line[1024] = "";
    if (prepared == NULL)
        abort();
    int length = snprintf(plain, sizeof plain, "%c%s%c%s", 0, scenario->words[2], 0, scenario->words[4]);
    base64_encode(plain, (size_t)length, prepared->credentials);
    prepared->socket = connect_to(scenario->words[0]);
    fprintf(prepared->socket, "VERSION\t1\t2\nCPID\t%d\n", (int)getpid());
    fflush(prepared->socket);
    while (strcmp(line, "DONE\n") != 0)
        if (fgets(line, sizeof line, prepared->socket) == NULL)
            abort();
    return prepared;
}

static enum outcome once(const struct scenario *scenario, void *context, uint64_t *nanoseconds) {
    struct prepared *prepared = context;
    char line[1024];
    uint64_t start = scenario_clock();
    fseek(prepared->socket, 0, SEEK_CUR); /* from reading to writing */
    fprintf(prepared->socket, "AUTH\t%u\tPLAIN\tservice=%s\trip=%s\tlip=127.0.0.1\tsecured\tresp=%s\n",
            ++prepared->request, scenario->words[1], scenario->words[3], prepared->credentials);
    fflush(prepared->socket);
    bool answered = fgets(line, sizeof line, prepared->socket) != NULL;
    *nanoseconds = scenario_clock() - start;
    const char *wanted = strcmp(scenario->words[5], "allow") == 0 ? "OK\t" : "FAIL\t";
    return answered && strncmp(line, wanted, 3) == 0 ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind dovecot_kind = {.name = "dovecot", .warms = true, .prepare = prepare, .once = once};
