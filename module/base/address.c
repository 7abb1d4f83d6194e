/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses, prints and compares addresses and networks. Used by policy, gate, daemon and modules; resolves no names. */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buffer.h"

static void unmap(struct address *address) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address->family != 6 || memcmp(address->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
    address->family = 4;
}

bool address_parse(const char *text, struct address *address) {
    *address = (struct address){0};
    char copy[ADDRESS_TEXT_SIZE + 16];
    size_t length = strcspn(text, "%");
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (text[length] == '\0' && inet_pton(AF_INET, copy, address->bytes) == 1)
        address->family = 4;
    else if (inet_pton(AF_INET6, copy, address->bytes) == 1)
        address->family = 6;
    else {
        *address = (struct address){0};
        return false;
    }
    unmap(address);
    return true;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]) {
    text[0] = '\0';
    if (address->family == 4)
        inet_ntop(AF_INET, address->bytes, text, ADDRESS_TEXT_SIZE);
    else if (address->family == 6)
        inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_SIZE);
}

bool address_equal(const struct address *one, const struct address *other) {
    return one->family != 0 && one->family == other->family && memcmp(one->bytes, other->bytes, 16) == 0;
}

static unsigned width(const struct address *address) {
    return address->family == 4 ? 32 : 128;
}

static void clear_host_bits(struct address *address, unsigned bits) {
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits > 8 * i ? bits - 8 * i : 0;
        if (keep < 8)
            address->bytes[i] = (uint8_t)(address->bytes[i] & (0xff00U >> keep));
    }
}

static bool parse_bits(const char *text, unsigned most, unsigned *bits) {
    size_t length = strlen(text);
    if (length < 1 || length > 3 || strspn(text, "0123456789") != length)
        return false;
    *bits = 0;
    for (const char *digit = text; *digit != '\0'; digit++)
        *bits = *bits * 10 + (unsigned)(*digit - '0');
    return *bits <= most;
}

enum prefix_fault prefix_parse(const char *text, struct prefix *prefix) {
    *prefix = (struct prefix){0};
    char copy[ADDRESS_TEXT_SIZE + 16];
    size_t length = strcspn(text, "/");
    if (length >= sizeof copy)
        return PREFIX_NOT_AN_ADDRESS;
    memcpy(copy, text, length);
    copy[length] = '\0';
    struct address base;
    if (!address_parse(copy, &base) || strchr(copy, '%') != NULL)
        return PREFIX_NOT_AN_ADDRESS;
    unsigned bits = width(&base);
    bool mapped = base.family == 4 && strchr(copy, ':') != NULL;
    if (text[length] == '/' && !parse_bits(text + length + 1, mapped ? 128 : bits, &bits))
        return PREFIX_BAD_LENGTH;
    if (mapped && text[length] == '/') {
        if (bits < 96)
            return PREFIX_BAD_LENGTH;
        bits -= 96;
    }
    prefix->base = base;
    prefix->bits = (uint8_t)bits;
    clear_host_bits(&prefix->base, bits);
    return address_equal(&prefix->base, &base) ? PREFIX_OK : PREFIX_HOST_BITS;
}

void prefix_format(const struct prefix *prefix, char text[ADDRESS_TEXT_SIZE]) {
    char address[ADDRESS_TEXT_SIZE];
    address_format(&prefix->base, address);
    struct buffer buffer;
    buffer_init(&buffer, text, ADDRESS_TEXT_SIZE);
    buffer_add_format(&buffer, "%s/%u", address, prefix->bits);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address) {
    if (address->family == 0 || address->family != prefix->base.family)
        return false;
    struct address cut = *address;
    clear_host_bits(&cut, prefix->bits);
    return memcmp(cut.bytes, prefix->base.bytes, 16) == 0;
}

/* 64:ff9b::/96, and 64:ff9b:1::/48 of a site's own (RFC 6052, RFC 8215): the last four bytes are an IPv4 address. */
static bool translated(const struct address *address) {
    static const uint8_t well_known[12] = {0x00, 0x64, 0xff, 0x9b}, local[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
    return address->family == 6 && (memcmp(address->bytes, well_known, sizeof well_known) == 0 ||
                                    memcmp(address->bytes, local, sizeof local) == 0);
}

struct prefix address_network(const struct address *address) {
    unsigned bits = translated(address) ? 120 : 64;
    struct prefix network = {.base = *address, .bits = address->family == 4 ? 24 : (uint8_t)bits};
    clear_host_bits(&network.base, network.bits);
    return network;
}
