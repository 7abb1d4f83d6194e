/* SPDX-License-Identifier: BSD-2-Clause */
/* Country databases made by hand, byte by byte, for the tests beside this file: sound ones of each schema, and ones
 * that no writer would make. The search tree has one node: addresses below 128.0.0.0 lead to the first record, the
 * others to the second, which says JP unless a test wants otherwise. */
#ifndef TESTS_UNIT_COUNTRY_SAMPLE_H
#define TESTS_UNIT_COUNTRY_SAMPLE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_SIZE         (512 * 1024)
#define SAMPLE_RECORD_LIMIT (SAMPLE_SIZE / 4)

/* Types as control bytes without a size */
#define SAMPLE_POINTER 0x20
#define SAMPLE_STRING  0x40
#define SAMPLE_UINT16  0xa0
#define SAMPLE_UINT32  0xc0
#define SAMPLE_MAP     0xe0

struct sample {
    uint8_t bytes[SAMPLE_SIZE];
    size_t size;
};

/* What make_sample puts together; a zeroed one is a sound IPv4 database. */
struct sample_plan {
    struct sample record;      /* the first record; empty: "US" */
    struct sample metadata;    /* after the common part; empty: nothing */
    uint32_t nodes;            /* what the metadata says; 0: the true 1 */
    uint16_t record_size;      /* what the metadata says; 0: the true 24 */
    uint16_t ip_version;       /* 0: 4 */
    uint32_t left, right;      /* the node's records; 0: as the data lies */
    int metadata_members_more; /* members of the metadata's map beyond the common ones */
};

static inline void sample_byte(struct sample *sample, unsigned byte) {
    if (sample->size >= SAMPLE_SIZE)
        abort();
    sample->bytes[sample->size++] = (uint8_t)byte;
}

static inline void sample_bytes(struct sample *sample, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        sample_byte(sample, ((const uint8_t *)bytes)[i]);
}

/* A string of at most 28 bytes. */
static inline void sample_string(struct sample *sample, const char *text) {
    sample_byte(sample, SAMPLE_STRING | (unsigned)strlen(text));
    sample_bytes(sample, text, strlen(text));
}

static inline void sample_number(struct sample *sample, unsigned type, size_t width, uint32_t number) {
    sample_byte(sample, type | (unsigned)width);
    for (size_t i = width; i-- > 0;)
        sample_byte(sample, number >> (8 * i) & 0xff);
}

/* A pointer to an offset below 2048. */
static inline void sample_pointer(struct sample *sample, unsigned offset) {
    sample_byte(sample, SAMPLE_POINTER | offset >> 8);
    sample_byte(sample, offset & 0xff);
}

/* An array of at most 28 members follows. */
static inline void sample_array(struct sample *sample, unsigned count) {
    sample_byte(sample, count);
    sample_byte(sample, 4);
}

static inline void sample_metadata(struct sample *sample, const struct sample_plan *plan) {
    sample_bytes(sample, "\xab\xcd\xefMaxMind.com", 14);
    sample_byte(sample, SAMPLE_MAP | (unsigned)(9 + plan->metadata_members_more));
    sample_bytes(sample, plan->metadata.bytes, plan->metadata.size);
    sample_string(sample, "node_count");
    sample_number(sample, SAMPLE_UINT32, 4, plan->nodes != 0 ? plan->nodes : 1);
    sample_string(sample, "record_size");
    sample_number(sample, SAMPLE_UINT16, 2, plan->record_size != 0 ? plan->record_size : 24);
    sample_string(sample, "ip_version");
    sample_number(sample, SAMPLE_UINT16, 2, plan->ip_version != 0 ? plan->ip_version : 4);
    sample_string(sample, "database_type");
    sample_string(sample, "sample");
    sample_string(sample, "languages");
    sample_array(sample, 1);
    sample_string(sample, "en");
    sample_string(sample, "binary_format_major_version");
    sample_number(sample, SAMPLE_UINT16, 2, 2);
    sample_string(sample, "binary_format_minor_version");
    sample_number(sample, SAMPLE_UINT16, 2, 0);
    sample_string(sample, "build_epoch");
    sample_bytes(sample, "\x04\x02\x65\x53\xf1\x00", 6); /* uint64: 1,700,000,000 */
    sample_string(sample, "description");
    sample_byte(sample, SAMPLE_MAP);
}

/* The whole file. */
static inline void make_sample(struct sample *sample, const struct sample_plan *plan) {
    sample->size = 0;
    uint32_t nodes = 1, first = nodes + 16;
    uint32_t second = first + (uint32_t)(plan->record.size > 0 ? plan->record.size : 3);
    uint32_t left = plan->left != 0 ? plan->left : first, right = plan->right != 0 ? plan->right : second;
    for (unsigned shift = 24; shift > 0; shift -= 8)
        sample_byte(sample, left >> (shift - 8) & 0xff);
    for (unsigned shift = 24; shift > 0; shift -= 8)
        sample_byte(sample, right >> (shift - 8) & 0xff);
    for (int i = 0; i < 16; i++)
        sample_byte(sample, 0);
    if (plan->record.size > 0)
        sample_bytes(sample, plan->record.bytes, plan->record.size);
    else
        sample_string(sample, "US");
    sample_string(sample, "JP");
    sample_metadata(sample, plan);
}

/* A folder of this test's own, made at the first call and emptied by remove_folder. */
static inline const char *sample_folder(void) {
    static char folder[] = "/tmp/authgate-country-XXXXXX";
    static const char *made;
    if (made == NULL && (made = mkdtemp(folder)) == NULL)
        abort();
    return made;
}

static inline const char *sample_path(void) {
    static char path[64];
    snprintf(path, sizeof path, "%s/country.mmdb", sample_folder());
    return path;
}

/* Writes `size` bytes in place, as a careless copy does. */
static inline void write_file(const char *path, const void *bytes, size_t size) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size)
        abort();
    close(file);
}

static inline void write_sample(const struct sample_plan *plan) {
    static struct sample sample;
    make_sample(&sample, plan);
    write_file(sample_path(), sample.bytes, sample.size);
}

static inline void remove_sample(void) {
    unlink(sample_path());
    rmdir(sample_folder());
}

#endif
