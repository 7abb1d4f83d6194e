/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own settings: what stands at the top of the main file beside `defaults`. */
#ifndef AUTHGATE_POLICY_HOST_H
#define AUTHGATE_POLICY_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/arena.h"
#include "policy/configuration.h"
#include "policy/document.h"
#include "policy/keys.h"
#include "policy/services.h"

/* Zeroed memory is an empty one. Everything that it points at lives in `memory`. */
struct host {
    struct settings settings;
    struct services services;
    struct value values[HOST_KEY_COUNT]; /* words, lists and numbers as they were written, or their fallbacks */
    bool set[HOST_KEY_COUNT];            /* by the file */
    struct arena memory;
};

/* Reads them out of the main file, `path` being its name. What is wrong is in `mistakes`; the settings are then as
 * whole as they can be, so that the other files can be looked at. */
void host_read(struct host *host, const char *path, const struct document *document, struct mistakes *mistakes);

/* Where a key was set, for mistakes that show later. */
struct place host_place(const struct host *host, enum host_key key);

/* Sets the domains that are served; names are borrowed and sorted in place. */
void host_serve(struct host *host, const char **domains, size_t count);

void host_clear(struct host *host);

#endif
