/* SPDX-License-Identifier: BSD-2-Clause */
/* The country database: a sealed copy in memory, read through libmaxminddb once every record that an address can lead
 * to has been looked at. Called by the daemon, which opens a new one beside the old and swaps them. Never reads the
 * file again after opening, never follows what the file says beyond its end, never calls an error a country. */
#include "country/database.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "country/sealed_file.h"
#include "country/structure.h"

#define SIZE_LIMIT   ((size_t)512 << 20) /* the largest city databases have 130 MB */
#define VALUES_LIMIT 200000000           /* looked at in all records together: bounds the time that opening takes */
#define SEPARATOR    16                  /* bytes between the search tree and the data */
#define TYPE_SIZE    64

struct country_database {
    MMDB_s file;
    bool opened; /* `file` is */
    struct stat origin;
    struct country_set assigned;
    char type[TYPE_SIZE];
};

/* What is gathered while the records are looked at. */
struct trial {
    const struct country_database *database;
    struct section data;
    uint8_t *seen; /* a bit for each offset in the data section */
    uint64_t budget;
    bool country_found;
};

/* A string value as a country that ISO assigned; anything else is unknown: "ZZ", "EU" and "A1" are no countries. */
static country_code country_of_text(const struct country_database *database, const MMDB_entry_data_s *value) {
    if (value->type != MMDB_DATA_TYPE_UTF8_STRING || value->data_size != 2)
        return COUNTRY_UNKNOWN;
    const char text[3] = {value->utf8_string[0], value->utf8_string[1], '\0'};
    country_code code = country_code_parse(text);
    return country_set_has(&database->assigned, code) ? code : COUNTRY_UNKNOWN;
}

static bool find(MMDB_entry_s *record, const char *const *path, MMDB_entry_data_s *value) {
    return MMDB_aget_value(record, value, path) == MMDB_SUCCESS && value->has_data;
}

/* The country in a record of any of the schemas. */
static country_code country_of_record(const struct country_database *database, MMDB_entry_s *record) {
    static const char *const whole[] = {NULL};
    static const char *const country[] = {"country", NULL};
    static const char *const paths[][3] = {
        {"country", "iso_code", NULL}, {"registered_country", "iso_code", NULL}, {"country_code", NULL}};
    MMDB_entry_data_s value;
    if (!find(record, whole, &value))
        return COUNTRY_UNKNOWN;
    if (value.type != MMDB_DATA_TYPE_MAP)
        return country_of_text(database, &value);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (find(record, paths[i], &value))
            return country_of_text(database, &value);
    return find(record, country, &value) ? country_of_text(database, &value) : COUNTRY_UNKNOWN;
}

/* Looks at one record of the search tree; false where it leads nowhere that it may. */
static bool try_record(struct trial *trial, uint64_t record) {
    const MMDB_s *file = &trial->database->file;
    uint32_t nodes = file->metadata.node_count;
    if (record <= nodes) /* another node, or no data */
        return true;
    if (record < (uint64_t)nodes + SEPARATOR || record - nodes - SEPARATOR >= trial->data.size)
        return false;
    size_t offset = record - nodes - SEPARATOR;
    uint8_t bit = (uint8_t)(1U << (offset % 8));
    if ((trial->seen[offset / 8] & bit) != 0)
        return true;
    trial->seen[offset / 8] |= bit;
    if (!structure_sound(&trial->data, offset, &trial->budget))
        return false;
    MMDB_entry_s entry = {.mmdb = file, .offset = (uint32_t)offset};
    trial->country_found = trial->country_found || country_of_record(trial->database, &entry) != COUNTRY_UNKNOWN;
    return true;
}

static bool try_tree(struct trial *trial) {
    MMDB_search_node_s node;
    uint32_t nodes = trial->database->file.metadata.node_count;
    for (uint32_t i = 0; i < nodes; i++) {
        if (MMDB_read_node(&trial->database->file, i, &node) != MMDB_SUCCESS)
            return false;
        if (!try_record(trial, node.left_record) || !try_record(trial, node.right_record))
            return false;
    }
    return true;
}

/* Finds the record of an address; false on an error in the search tree. */
static bool find_record(const MMDB_s *file, const struct address *address, MMDB_lookup_result_s *result) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    const void *where = address->family == 4 ? (const void *)&four : (const void *)&six;
    int error = MMDB_SUCCESS;
    memcpy(&four.sin_addr, address->bytes, 4);
    memcpy(&six.sin6_addr, address->bytes, 16);
    *result = MMDB_lookup_sockaddr(file, where, &error);
    return error == MMDB_SUCCESS;
}

/* Looks up addresses spread over all of IPv4 and IPv6. */
static bool try_look_ups(const struct country_database *database) {
    MMDB_lookup_result_s result;
    for (unsigned i = 0; i < 512; i++) {
        struct address four = {.family = 4, .bytes = {(uint8_t)(i / 2), (uint8_t)(i % 2 * 128), 0, 1}};
        struct address six = {.family = 6, .bytes = {(uint8_t)(i / 2), (uint8_t)(i % 2), 0, 0, (uint8_t)i}};
        if (!find_record(&database->file, &four, &result))
            return false;
        if (database->file.metadata.ip_version == 6 && !find_record(&database->file, &six, &result))
            return false;
    }
    return true;
}

/* Looks at everything in the file that a login can reach. */
static bool try_all(const struct country_database *database, struct buffer *fault) {
    const MMDB_s *file = &database->file;
    struct trial trial = {
        .database = database,
        .data = {.bytes = file->data_section, .size = file->data_section_size},
        .seen = calloc(file->data_section_size / 8 + 1, 1),
        .budget = VALUES_LIMIT,
    };
    if (trial.seen == NULL) {
        buffer_add(fault, "there is no memory to look through it");
        return false;
    }
    bool sound = try_tree(&trial) && try_look_ups(database);
    free(trial.seen);
    if (!sound)
        buffer_add(fault, "it is damaged: its search tree or a record of it leads outside the data");
    else if (!trial.country_found)
        buffer_add_format(fault,
                          "it has no country codes where they are looked for (country.iso_code, "
                          "registered_country.iso_code, country_code, country); it calls itself \"%s\"",
                          database->type);
    return sound && trial.country_found;
}

/* Whether libmaxminddb may open the sealed memory. */
static bool check_metadata(int memory, size_t size, struct buffer *fault) {
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, memory, 0);
    if (bytes == MAP_FAILED) {
        buffer_add(fault, "there is no memory to look through it");
        return false;
    }
    bool openable = structure_openable(bytes, size);
    munmap(bytes, size);
    if (!openable)
        buffer_add(fault, "it is no MaxMind-format database, or is cut short or damaged");
    return openable;
}

/* Keeps the printable part of what the database calls itself, so that it can be logged and shown. */
static void keep_type(struct country_database *database) {
    const char *type = database->file.metadata.database_type;
    size_t kept = 0;
    for (; type != NULL && type[kept] != '\0' && kept < TYPE_SIZE - 1; kept++)
        database->type[kept] = type[kept] >= ' ' && type[kept] < 0x7f ? type[kept] : '?';
    database->type[kept] = '\0';
}

static bool open_memory(struct country_database *database, int memory, struct buffer *fault) {
    if (!check_metadata(memory, (size_t)database->origin.st_size, fault))
        return false;
    char path[64];
    struct buffer text;
    buffer_init(&text, path, sizeof path);
    buffer_add_format(&text, "/proc/self/fd/%d", memory);
    int status = MMDB_open(path, MMDB_MODE_MMAP, &database->file);
    if (status != MMDB_SUCCESS) {
        buffer_add(fault, MMDB_strerror(status));
        return false;
    }
    database->opened = true;
    keep_type(database);
    return try_all(database, fault);
}

static struct country_database *new_database(struct buffer *fault) {
    struct country_database *database = calloc(1, sizeof *database);
    if (database == NULL) {
        buffer_add(fault, "there is no memory for it");
        return NULL;
    }
    country_set_add_assigned(&database->assigned);
    return database;
}

struct country_database *country_database_open(const char *path, char *fault, size_t size) {
    struct buffer words;
    buffer_init(&words, fault, size);
    struct country_database *database = new_database(&words);
    if (database == NULL)
        return NULL;
    int memory = sealed_file_read(path, SIZE_LIMIT, &database->origin, &words);
    if (memory < 0 || !open_memory(database, memory, &words))
        country_database_close(&database);
    if (memory >= 0)
        close(memory); /* the mapping stays */
    return database;
}

void country_database_close(struct country_database **database) {
    if (*database == NULL)
        return;
    if ((*database)->opened)
        MMDB_close(&(*database)->file);
    free(*database);
    *database = NULL;
}

country_code country_database_look_up(const struct country_database *database, const struct address *address) {
    MMDB_lookup_result_s result;
    if (address->family != 4 && address->family != 6)
        return COUNTRY_UNKNOWN;
    if (address->family == 6 && database->file.metadata.ip_version != 6)
        return COUNTRY_UNKNOWN;
    if (!find_record(&database->file, address, &result) || !result.found_entry)
        return COUNTRY_UNKNOWN;
    return country_of_record(database, &result.entry);
}

int64_t country_database_built(const struct country_database *database) {
    uint64_t epoch = database->file.metadata.build_epoch;
    return epoch > INT64_MAX ? INT64_MAX : (int64_t)epoch;
}

const char *country_database_type(const struct country_database *database) {
    return database->type;
}

bool country_database_outdated(const struct country_database *database, const char *path) {
    struct stat now;
    return stat(path, &now) == 0 && !sealed_file_same(&database->origin, &now);
}
