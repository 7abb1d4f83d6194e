/* SPDX-License-Identifier: BSD-2-Clause */
/* One configuration file, parsed by libconfig, in which everything knows its place. */
#ifndef AUTHGATE_POLICY_DOCUMENT_H
#define AUTHGATE_POLICY_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <libconfig.h>

#include "policy/mistake.h"
#include "policy/source.h"

struct document;

/* Reads a file; with `includes` those that it includes too. NULL where it cannot be read or parsed at all; what is
 * wrong is in `mistakes`. A document is also made of a file whose mistakes did not keep it from being parsed, so that
 * the rest can be looked at: compare mistakes->grave. `status` (may be NULL) is of the file that was read. */
struct document *document_read(const char *path, bool includes, struct stat *status, struct mistakes *mistakes);

/* The same for a text under a name. */
struct document *document_parse(const char *name, const char *text, size_t length, struct mistakes *mistakes);

/* Whether each file that was read belongs to root, the reader or the owners; if not, that is a mistake. */
bool document_owners_fit(const struct document *document, struct source_owners owners, struct mistakes *mistakes);

/* Frees it and sets the pointer to NULL. */
void document_free(struct document **document);

/* The group that the file itself is. */
const config_setting_t *document_root(const struct document *document);

/* Where a setting or element starts; its `file` lives as long as the document. */
struct place document_place(const struct document *document, const config_setting_t *setting);

/* Whether a setting has been complained of already and means nothing. */
bool document_ignored(const struct document *document, const config_setting_t *setting);

#endif
