/* SPDX-License-Identifier: BSD-2-Clause */
/* saslauthd's protocol, spoken to libsasl2 in its place (DESIGN 2, SASL): four counted strings (user, password,
 * service, realm), from later versions a fifth (address;port); the answer is a counted OK or NO, or none at all where
 * the daemon cannot judge. */
#ifndef AUTHGATE_DAEMON_SASLAUTHD_PROTOCOL_H
#define AUTHGATE_DAEMON_SASLAUTHD_PROTOCOL_H

struct protocol;
extern const struct protocol saslauthd_protocol;

#endif
