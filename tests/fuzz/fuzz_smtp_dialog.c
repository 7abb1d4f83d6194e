/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/smtp_dialog.o ctl/scrap.o ctl/verb.o -Wl,--wrap=scrap_read -Wl,--wrap=getaddrinfo -Wl,--wrap=freeaddrinfo -Wl,--wrap=socket -Wl,--wrap=connect */
/* Any bytes as what a mail server says to doctor's SMTP AUTH, all at once and then no more: the attempt has an outcome,
 * and is let in only by a line that says so. */
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/smtp_dialog.h"
#include "made_files.h"

#define SAID_LIMIT 65536

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found);
void __wrap_freeaddrinfo(struct addrinfo *found);
int __wrap_socket(int family, int type, int protocol);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length);

static const uint8_t *said;
static size_t said_length;
static int server = -1;

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    static struct addrinfo only;
    (void)host;
    (void)port;
    (void)hints;
    *found = &only;
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *found) {
    (void)found;
}

int __wrap_socket(int family, int type, int protocol) {
    (void)family;
    (void)protocol;
    int ends[2];
    require(socketpair(AF_UNIX, type, 0, ends) == 0);
    server = ends[1];
    return ends[0];
}

int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    (void)descriptor;
    (void)address;
    (void)length;
    require(said_length == 0 || send(server, said, said_length, MSG_NOSIGNAL) == (ssize_t)said_length);
    return shutdown(server, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char *const name_and_password[] = {"authgate-doctor", "wrong"};
    struct arena arena = {NULL, false};
    said = bytes;
    said_length = size < SAID_LIMIT ? size : SAID_LIMIT;
    struct smtp_attempt attempt = smtp_try(&arena, "localhost", "smtp", SMTP_CLEAR, name_and_password);
    require(attempt.mechanisms != NULL && strlen(attempt.mechanisms) <= size);
    if (attempt.outcome == SMTP_LET_IN)
        require(memmem(bytes, size, "235", 3) != NULL && memmem(bytes, size, "220", 3) != NULL);
    if (attempt.outcome > SMTP_NO_AUTH)
        require(attempt.mechanisms[0] != '\0');
    close(server);
    arena_clear(&arena);
    return 0;
}
