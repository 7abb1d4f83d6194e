/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy that one file holds, as a layer. */
#ifndef AUTHGATE_POLICY_POLICY_FILE_H
#define AUTHGATE_POLICY_POLICY_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "policy/document.h"
#include "policy/keys.h"
#include "policy/layer.h"
#include "policy/services.h"

/* What a policy's values are judged against. */
struct policy_context {
    const struct services *services;
    const char *zone; /* for dates; NULL: the host's */
    bool has_country_database;
    bool has_store;
    struct source_owners owners; /* whose files are as good as root's */
};

/* What a file under groups/ says of its members; the values live in the layer. */
struct group_values {
    struct value fields[GROUP_KEY_COUNT];
    bool set[GROUP_KEY_COUNT];
};

/* The layer of a group of settings, with one reference. With `group` the keys of a group's file may stand in it too.
 * NULL where memory is short; compare mistakes->grave for whether the layer may be used. */
struct layer *policy_layer(const struct document *document, const config_setting_t *settings,
                           const struct policy_context *context, struct group_values *group, struct mistakes *mistakes);

/* A file to be read. */
struct policy_file {
    const char *path;
    bool includes;              /* @include may stand in it */
    struct group_values *group; /* NULL: it is no group's */
    struct stat *status;        /* set to that of the file that was read; may be NULL */
};

/* Reads a whole file as a policy. NULL where anything is wrong with it. */
struct layer *policy_file_read(const struct policy_file *file, const struct policy_context *context,
                               struct mistakes *mistakes);

/* Warns of exceptions that end within a week of `now`, or have ended. NULL has none. */
void policy_reminders(const struct layer *layer, int64_t now, struct mistakes *mistakes);

/* The layer of built-in defaults. NULL where memory is short. */
struct layer *policy_built_in(void);

/* Reads what the table says for a key that nobody set, into `value`; false where it says nothing. */
bool policy_fallback(const struct key *key, struct arena *memory, struct value *value);

#endif
