/* SPDX-License-Identifier: BSD-2-Clause */
/* SMTP AUTH as a mail client does it: a session for each login, AUTH PLAIN, and QUIT, from an address of its own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base64.h"
#include "scenario.h"

static FILE *connect_from(const char *source, const char *port) {
    struct sockaddr_in own = {.sin_family = AF_INET}, server = own;
    inet_pton(AF_INET, source, &own.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
    server.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    /* The port is chosen at connect, where the pair of addresses must be new, so that thousands may linger. */
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&own, sizeof own) != 0 ||
        connect(descriptor, (const struct sockaddr *)&server, sizeof server) != 0) {
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    return fdopen(descriptor, "r+");
}

/* The reply's code, 0 at the connection's end. */
static unsigned long reply(FILE *session) {
    char line[1024];
    fseek(session, 0, SEEK_CUR);
    do {
        if (fgets(line, sizeof line, session) == NULL)
            return 0;
    } while (strlen(line) > 3 && line[3] == '-');
    fseek(session, 0, SEEK_CUR);
    return strtoul(line, NULL, 10);
}

static bool say(FILE *session, const char *command, const char *argument, unsigned long wanted) {
    fprintf(session, "%s%s\r\n", command, argument);
    return fflush(session) == 0 && reply(session) == wanted;
}

static void *prepare(const struct scenario *scenario) {
    char plain[128], *encoded = malloc(256);
    if (encoded == NULL)
        abort();
    int length = snprintf(plain, sizeof plain, "%c%s%c%s", 0, scenario->words[2], 0, scenario->words[3]);
    base64_encode(plain, (size_t)length, encoded);
    return encoded;
}

static enum outcome once(const struct scenario *scenario, void *credentials, uint64_t *nanoseconds) {
    uint64_t start = scenario_clock();
    FILE *session = connect_from(scenario->words[1], scenario->words[0]);
    bool done = session != NULL && reply(session) == 220 && say(session, "EHLO ", "client.example.test", 250) &&
                say(session, "AUTH PLAIN ", credentials, 235) && say(session, "QUIT", "", 221);
    if (session != NULL)
        fclose(session);
    *nanoseconds = scenario_clock() - start;
    return done ? LOGIN_RIGHT : LOGIN_WRONG;
}

const struct kind smtp_kind = {.name = "smtp", .warms = true, .prepare = prepare, .once = once};
