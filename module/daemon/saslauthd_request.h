/* SPDX-License-Identifier: BSD-2-Clause */
/* One request of saslauthd's protocol: counted strings (user, password, service, realm), from later versions of
 * libsasl2 a fifth (address;port). */
#ifndef AUTHGATE_DAEMON_SASLAUTHD_REQUEST_H
#define AUTHGATE_DAEMON_SASLAUTHD_REQUEST_H

#include <stddef.h>

#include "base/address.h"

#define SASLAUTHD_USER_SIZE    1025
#define SASLAUTHD_SERVICE_SIZE 65

struct saslauthd_request {
    char user[SASLAUTHD_USER_SIZE]; /* with its realm, if it has one, behind an '@' */
    char service[SASLAUTHD_SERVICE_SIZE];
    char address[ADDRESS_TEXT_SIZE]; /* "" where it is not told */
    const char *password;            /* borrowed from the bytes, without a NUL in or behind it */
    size_t password_length;
};

/* How many bytes at the start are one request; 0 where more must come. Four strings that end with the bytes are one. */
size_t saslauthd_request_extent(const char *bytes, size_t length);

/* Reads exactly one request. NULL, or what cannot be; the request then has what could be read before that, and no
 * password. */
const char *saslauthd_request_read(struct saslauthd_request *request, const char *bytes, size_t length);

#endif
