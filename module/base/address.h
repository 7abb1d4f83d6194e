/* SPDX-License-Identifier: BSD-2-Clause */
/* Client addresses and networks in one form each: an IPv4-mapped IPv6 address is the IPv4 address, a zone after
 * '%' is dropped, spelling does not matter. NAT64 (64:ff9b::/96) stays IPv6. */
#ifndef AUTHGATE_BASE_ADDRESS_H
#define AUTHGATE_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT_SIZE 48 /* of the longest text, its NUL included */

/* family 0: unknown, which equals no address and lies in no network */
struct address {
    uint8_t family;    /* 0, 4 or 6 */
    uint8_t bytes[16]; /* network order; the first 4 for IPv4, the others zero */
};

struct prefix {
    struct address base;
    uint8_t bits; /* 0..32 or 0..128 */
};

enum prefix_fault {
    PREFIX_OK,
    PREFIX_NOT_AN_ADDRESS,
    PREFIX_BAD_LENGTH, /* after the slash: no number, or too large */
    PREFIX_HOST_BITS,  /* 10.0.0.1/8: `prefix` holds what was probably meant, 10.0.0.0/8 */
};

/* Reads an address; false (and family 0) for everything else, host names included. */
bool address_parse(const char *text, struct address *address);

/* Writes its text in the shortest form (RFC 5952), "" when unknown. */
void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

bool address_equal(const struct address *one, const struct address *other);

/* Reads ADDRESS or ADDRESS/BITS. */
enum prefix_fault prefix_parse(const char *text, struct prefix *prefix);

/* Writes ADDRESS/BITS. */
void prefix_format(const struct prefix *prefix, char text[ADDRESS_TEXT_SIZE]);

bool prefix_contains(const struct prefix *prefix, const struct address *address);

/* The network that an address stands for where networks are remembered or counted: IPv4 /24, IPv6 /64, and NAT64 /120,
 * which is the /24 of the IPv4 address in it: a /64 would be all of IPv4. */
struct prefix address_network(const struct address *address);

#endif
