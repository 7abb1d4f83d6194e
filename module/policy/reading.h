/* SPDX-License-Identifier: BSD-2-Clause */
/* What everybody who takes values out of one file shares: the file, where mistakes go, where values are kept. */
#ifndef AUTHGATE_POLICY_READING_H
#define AUTHGATE_POLICY_READING_H

#include <stdbool.h>

#include <libconfig.h>

#include "policy/arena.h"
#include "policy/document.h"
#include "policy/keys.h"
#include "policy/services.h"

struct reading {
    const struct document *document;
    struct mistakes *mistakes;
    struct arena *memory; /* of everything that is read */
    const struct services *services;
    bool built_in;         /* the text is the program's own: values say so, and give no line */
    const char *file_seen; /* the last file's name as the document has it, */
    const char *file_kept; /* and its copy in `memory` */
};

/* Notes a mistake at a setting. */
void reading_mistake(struct reading *reading, const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reading_warning(struct reading *reading, const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `value` starts empty and says where it comes from. */
void reading_origin(struct reading *reading, const config_setting_t *setting, struct value *value);

/* Looks at each setting of a group that is not ignored: by its name among the keys of two places (see key_find), deeper
 * in groups that keys stand in. `take` is called for each key that is found, with `slot` the number of the service or
 * rule where the key has one for each; what is not a key is a mistake. `prefix` is the dotted name of the group, "" for
 * a file. */
struct reading_place {
    enum key_place place, other;
    void (*take)(void *context, const config_setting_t *setting, const struct key *key, int slot);
    void *context;
    const char *other_group; /* a name at the top that somebody else reads; NULL: none */
};
void reading_group(struct reading *reading, const config_setting_t *group, const char *prefix,
                   const struct reading_place *place);

#endif
