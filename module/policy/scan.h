/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns files into tokens, and follows @include on the way. */
#ifndef AUTHGATE_POLICY_SCAN_H
#define AUTHGATE_POLICY_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "policy/tokens.h"

#define SCAN_LINE_LIMIT    (64 * 1024) /* bytes */
#define SCAN_INCLUDE_LIMIT 8           /* files within files */

/* Reads a file into `tokens` (started, empty). With `includes` its lines `@include "PATH"` are followed, PATH being
 * relative to the file that names it; else they are mistakes. False where the file itself cannot be read. Everything
 * that is wrong is in tokens->mistakes; tokens->broken says that a parse is not worth while. */
bool scan_file(struct tokens *tokens, const char *path, bool includes, struct stat *status);

/* The same for a text under a name; there is nothing to include. */
bool scan_text(struct tokens *tokens, const char *name, const char *text, size_t length);

#endif
