/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/saslauthd_request.o wire/message.o */
/* Any bytes on the saslauthd socket: a request never reaches past them, what is read from one is clean and bounded, and
 * its password lies whole within it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/saslauthd_request.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds) {
    if (!holds)
        abort();
}

static void read_one(const char *bytes, size_t size) {
    struct saslauthd_request request;
    const char *fault = saslauthd_request_read(&request, bytes, size);
    require(memchr(request.user, '\0', sizeof request.user) != NULL);
    require(memchr(request.service, '\0', sizeof request.service) != NULL);
    require(memchr(request.address, '\0', sizeof request.address) != NULL);
    require((fault == NULL) == (request.password != NULL));
    if (fault != NULL)
        return;
    require(field_valid(FIELD_USER, request.user) && field_valid(FIELD_SERVICE, request.service));
    require(request.address[0] == '\0' || field_valid(FIELD_CLIENT_ADDRESS, request.address));
    require(request.password > bytes && request.password + request.password_length < bytes + size);
    require(request.password_length > 0 && memchr(request.password, '\0', request.password_length) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    char *copy = malloc(size + 1); /* of the exact size: a sanitizer sees a read beyond it */
    require(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    char *exact = realloc(copy, size > 0 ? size : 1);
    require(exact != NULL);
    size_t extent = saslauthd_request_extent(exact, size);
    require(extent <= size);
    read_one(exact, extent);
    read_one(exact, size);
    for (size_t less = 0; less < size && less < 64; less++)
        require(saslauthd_request_extent(exact, less) <= less);
    free(exact);
    return 0;
}
