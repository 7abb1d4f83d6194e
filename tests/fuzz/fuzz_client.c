/* SPDX-License-Identifier: BSD-2-Clause */
/* links: wire/client.o wire/message.o wire/request.o */
/* Any bytes as a gate's answer to the modules' client: it ends in one of its results, keeps a connection only after a
 * whole answer, and never reads past its own storage. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static struct client client;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        abort();
    if (send(ends[1], bytes, size, MSG_NOSIGNAL) < 0 && size > 0)
        abort();
    shutdown(ends[1], SHUT_WR);
    client_init(&client);
    client.descriptor = ends[0];
    struct message question = {.value[FIELD_REQUEST] = "begin"};
    struct message answer;
    enum client_result result = client_call(&client, &question, &answer, 0);
    if ((result == CLIENT_OK) != (client.descriptor >= 0))
        abort();
    if (result != CLIENT_OK && answer.value[FIELD_VERDICT] != NULL)
        abort();
    client_close(&client);
    close(ends[1]);
    return 0;
}
