/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a program that a configuration names may be run by a daemon that holds secrets. */
#ifndef AUTHGATE_BASE_PROGRAM_FILE_H
#define AUTHGATE_BASE_PROGRAM_FILE_H

#include <sys/types.h>

/* Why it may not, as words that go on from its name, such as "can be changed by others"; NULL: it may. It must be a
 * file of root's or `user`'s, in a folder of theirs, and others may write to neither. */
const char *program_file_unfit(const char *path, uid_t user);

#endif
