/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks the encoded values of a MaxMind-format file within bounds. The reason: released versions of libmaxminddb read
 * past the end of an empty metadata section, multiply sizes in 32 bits, recurse into nested values and pointers without
 * an end, and lose memory over metadata of other types than they expect. What passes here is safe for them. Called by
 * country/database.c only, on memory that cannot change; reads no file, allocates nothing, never recurses deeper than
 * STRUCTURE_DEPTH. */
#include "country/structure.h"

#include <string.h>

/* The format's types */
enum type {
    TYPE_EXTENDED = 0,
    TYPE_POINTER = 1,
    TYPE_STRING = 2,
    TYPE_DOUBLE = 3,
    TYPE_BYTES = 4,
    TYPE_UINT16 = 5,
    TYPE_UINT32 = 6,
    TYPE_MAP = 7,
    TYPE_INT32 = 8,
    TYPE_UINT64 = 9,
    TYPE_UINT128 = 10,
    TYPE_ARRAY = 11,
    TYPE_BOOLEAN = 14,
    TYPE_FLOAT = 15,
};

struct value {
    unsigned type;
    size_t size;    /* bytes of a scalar; members of a map or array; 0 for a boolean */
    size_t start;   /* of the bytes or the first member */
    size_t pointer; /* where a pointer points */
};

static size_t number_at(const struct section *section, size_t offset, size_t width) {
    size_t number = 0;
    for (size_t i = 0; i < width; i++)
        number = number << 8 | section->bytes[offset + i];
    return number;
}

static bool room(const struct section *section, size_t offset, size_t bytes) {
    return offset <= section->size && bytes <= section->size - offset;
}

static bool read_pointer(const struct section *section, uint8_t control, struct value *value) {
    static const size_t bases[] = {0, 2048, 526336, 0};
    size_t width = ((control >> 3) & 3U) + 1;
    if (!room(section, value->start, width))
        return false;
    size_t high = width == 4 ? 0 : (size_t)(control & 7U) << (8 * width);
    value->pointer = bases[width - 1] + (high | number_at(section, value->start, width));
    value->start += width;
    return true;
}

/* Sizes over 28 follow in 1 to 3 bytes. */
static bool read_size(const struct section *section, uint8_t control, struct value *value) {
    static const size_t bases[] = {29, 285, 65821};
    value->size = control & 31U;
    if (value->size < 29)
        return true;
    size_t width = value->size - 28;
    if (!room(section, value->start, width))
        return false;
    value->size = bases[width - 1] + number_at(section, value->start, width);
    value->start += width;
    return true;
}

/* Whether a scalar's size is one that its type can have. */
static bool size_possible(const struct value *value) {
    switch (value->type) {
    case TYPE_STRING:
    case TYPE_BYTES:
        return true;
    case TYPE_DOUBLE:
    case TYPE_FLOAT:
        return value->size == (value->type == TYPE_DOUBLE ? 8 : 4);
    case TYPE_UINT16:
        return value->size <= 2;
    case TYPE_UINT32:
    case TYPE_INT32:
        return value->size <= 4;
    case TYPE_UINT64:
        return value->size <= 8;
    case TYPE_UINT128:
        return value->size <= 16;
    default:
        return false;
    }
}

/* Reads the head of the value at `offset`, which must lie inside the section, its bytes included. */
static bool read_value(const struct section *section, size_t offset, struct value *value) {
    *value = (struct value){.start = offset + 1};
    if (!room(section, offset, 1))
        return false;
    uint8_t control = section->bytes[offset];
    value->type = control >> 5;
    if (value->type == TYPE_POINTER)
        return read_pointer(section, control, value);
    if (value->type == TYPE_EXTENDED) {
        if (!room(section, value->start, 1))
            return false;
        value->type = 7U + section->bytes[value->start++];
        if (value->type < TYPE_INT32)
            return false;
    }
    if (!read_size(section, control, value))
        return false;
    if (value->type == TYPE_BOOLEAN) {
        value->size = 0;
        return true;
    }
    /* Each member takes a byte at least, so a count beyond the section is a lie. */
    if (!room(section, value->start, value->size))
        return false;
    return value->type == TYPE_MAP || value->type == TYPE_ARRAY || size_possible(value);
}

/* As read_value, following a pointer; `next` is where the value after it starts, if it is a scalar or a pointer. */
static bool read_pointed(const struct section *section, size_t offset, struct value *value, size_t *next) {
    if (!read_value(section, offset, value))
        return false;
    if (value->type != TYPE_POINTER) {
        *next = value->start + value->size;
        return true;
    }
    *next = value->start;
    return read_value(section, value->pointer, value) && value->type != TYPE_POINTER;
}

/* Where the value after the one at `offset` starts; 0 where it is not sound. A value is never at 0's end, so that 0
 * says no. */
static size_t walk(const struct section *section, size_t offset, unsigned depth, uint64_t *budget) {
    struct value value;
    size_t next;
    if (depth == 0 || *budget == 0 || !read_value(section, offset, &value))
        return 0;
    (*budget)--;
    if (value.type == TYPE_POINTER) {
        struct value target;
        bool sound = read_value(section, value.pointer, &target) && target.type != TYPE_POINTER &&
                     walk(section, value.pointer, depth - 1, budget) != 0;
        return sound ? value.start : 0;
    }
    if (value.type != TYPE_MAP && value.type != TYPE_ARRAY)
        return value.start + value.size;
    next = value.start;
    for (size_t i = 0; i < value.size; i++) {
        struct value key;
        if (value.type == TYPE_MAP && (!read_pointed(section, next, &key, &next) || key.type != TYPE_STRING))
            return 0;
        next = walk(section, next, depth - 1, budget);
        if (next == 0)
            return 0;
    }
    return next;
}

bool structure_sound(const struct section *section, size_t offset, uint64_t *budget) {
    uint64_t allowed = *budget < STRUCTURE_VALUES ? *budget : STRUCTURE_VALUES;
    uint64_t left = allowed;
    bool sound = walk(section, offset, STRUCTURE_DEPTH, &left) != 0;
    *budget -= allowed - left;
    return sound;
}

/* What follows the last marker within the last 128 KiB, where the format puts the metadata. */
static bool find_metadata(const uint8_t *file, size_t size, struct section *metadata) {
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    const size_t length = sizeof marker - 1, most = 128 * 1024;
    const uint8_t *from = size > most ? file + (size - most) : file;
    const uint8_t *end = file + size;
    *metadata = (struct section){0};
    while ((from = memmem(from, (size_t)(end - from), marker, length)) != NULL) {
        from += length;
        *metadata = (struct section){.bytes = from, .size = (size_t)(end - from)};
    }
    return metadata->size > 0;
}

/* Finds the value under `key` in the sound map at the section's start, as libmaxminddb does: the first one. */
static bool metadata_member(const struct section *metadata, const char *key, struct value *member) {
    struct value map, name;
    uint64_t unlimited = UINT64_MAX;
    size_t next;
    if (!read_pointed(metadata, 0, &map, &next) || map.type != TYPE_MAP)
        return false;
    next = map.start;
    for (size_t i = 0; i < map.size && next != 0; i++) {
        if (!read_pointed(metadata, next, &name, &next))
            return false;
        if (name.size == strlen(key) && memcmp(metadata->bytes + name.start, key, name.size) == 0)
            return read_pointed(metadata, next, member, &next);
        next = walk(metadata, next, STRUCTURE_DEPTH, &unlimited);
    }
    return false;
}

/* An unsigned number of the metadata; 0 where there is none. */
static uint64_t metadata_number(const struct section *metadata, const char *key) {
    struct value number;
    if (!metadata_member(metadata, key, &number) || (number.type != TYPE_UINT16 && number.type != TYPE_UINT32))
        return 0;
    return number_at(metadata, number.start, number.size);
}

/* Whether a member of the metadata is a map or array, as `type` says, of nothing but strings. */
static bool metadata_strings(const struct section *metadata, const char *key, enum type type) {
    struct value member, string;
    if (!metadata_member(metadata, key, &member) || member.type != type)
        return false;
    size_t next = member.start, strings = type == TYPE_MAP ? 2 * member.size : member.size;
    for (size_t i = 0; i < strings; i++)
        if (!read_pointed(metadata, next, &string, &next) || string.type != TYPE_STRING)
            return false;
    return true;
}

bool structure_openable(const uint8_t *file, size_t size) {
    struct section metadata;
    uint64_t budget = STRUCTURE_VALUES;
    if (!find_metadata(file, size, &metadata) || !structure_sound(&metadata, 0, &budget))
        return false;
    if (!metadata_strings(&metadata, "languages", TYPE_ARRAY) || !metadata_strings(&metadata, "description", TYPE_MAP))
        return false;
    uint64_t nodes = metadata_number(&metadata, "node_count");
    uint64_t record_bits = metadata_number(&metadata, "record_size");
    if (nodes == 0 || (record_bits != 24 && record_bits != 28 && record_bits != 32))
        return false;
    /* The tree, 16 bytes of zeros, and data before the metadata. */
    return nodes * (record_bits / 4) + 16 < size - metadata.size;
}
