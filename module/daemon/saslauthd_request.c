/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes a request apart. Every length is checked against what is there, a NUL anywhere is refused, and nothing is
 * copied but what fits. The protocol is the only caller; it never logs what it finds here but the user. */
#include "daemon/saslauthd_request.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "wire/message.h"

enum part { PART_USER, PART_PASSWORD, PART_SERVICE, PART_REALM, PART_ADDRESS, PART_COUNT };

struct counted {
    const char *bytes; /* NULL: the part is not there */
    size_t length;
};

/* Finds the parts: how many bytes they take, 0 where more must come. */
static size_t take_apart(const char *bytes, size_t length, struct counted parts[PART_COUNT]) {
    size_t used = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        parts[i] = (struct counted){NULL, 0};
        if (i == PART_ADDRESS && used == length) /* a released version's four */
            break;
        if (length - used < 2)
            return 0;
        size_t count = (size_t)(unsigned char)bytes[used] << 8 | (unsigned char)bytes[used + 1];
        used += 2;
        if (length - used < count)
            return 0;
        parts[i] = (struct counted){bytes + used, count};
        used += count;
    }
    return used;
}

size_t saslauthd_request_extent(const char *bytes, size_t length) {
    struct counted parts[PART_COUNT];
    return take_apart(bytes, length, parts);
}

static bool has_nul(const struct counted *part) {
    return part->length > 0 && memchr(part->bytes, '\0', part->length) != NULL;
}

/* Copies a part as a string. False where it does not fit or holds a NUL. */
static bool copy(const struct counted *part, char *place, size_t size) {
    place[0] = '\0';
    if (part->length >= size || has_nul(part))
        return false;
    if (part->length > 0)
        memcpy(place, part->bytes, part->length);
    place[part->length] = '\0';
    return true;
}

/* Puts the account's full name together; false where no message could carry it. */
static bool read_user(const struct counted *parts, char name[SASLAUTHD_USER_SIZE]) {
    char realm[SASLAUTHD_USER_SIZE];
    struct buffer whole;
    if (!copy(&parts[PART_USER], name, SASLAUTHD_USER_SIZE) || !copy(&parts[PART_REALM], realm, sizeof realm))
        return false;
    size_t length = strlen(name);
    buffer_init(&whole, name + length, SASLAUTHD_USER_SIZE - length);
    if (realm[0] != '\0' && (!buffer_add_char(&whole, '@') || !buffer_add(&whole, realm)))
        return false;
    return field_valid(FIELD_USER, name);
}

static void read_address(const struct counted *part, char text[ADDRESS_TEXT_SIZE]) {
    char place[128];
    struct address address;
    text[0] = '\0';
    if (part->bytes == NULL || !copy(part, place, sizeof place))
        return;
    place[strcspn(place, ";")] = '\0';
    if (address_parse(place, &address))
        address_format(&address, text);
}

const char *saslauthd_request_read(struct saslauthd_request *request, const char *bytes, size_t length) {
    struct counted parts[PART_COUNT];
    const struct counted *password = &parts[PART_PASSWORD];
    memset(request, 0, sizeof *request);
    if (length == 0 || take_apart(bytes, length, parts) != length)
        return "no whole request";
    read_address(&parts[PART_ADDRESS], request->address);
    if (!read_user(parts, request->user))
        return "a name that cannot be";
    if (!copy(&parts[PART_SERVICE], request->service, sizeof request->service) ||
        !field_valid(FIELD_SERVICE, request->service))
        return "a service that cannot be";
    if (password->length == 0 || has_nul(password))
        return "an empty password, or a NUL in it";
    request->password = password->bytes;
    request->password_length = password->length;
    return NULL;
}
