/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that must be on the disk when a call returns. All of them block; false comes with errno. */
#ifndef AUTHGATE_STORE_FILE_H
#define AUTHGATE_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes a file (mode 0600) anew, in an earlier one's place if need be, and its content to the disk. */
bool file_write(const char *path, const char *bytes, size_t length);

/* Makes an empty file, mode 0600; it must not be there. */
bool file_create(const char *path);

/* Renames within one folder, and brings the folder to the disk. */
bool file_rename(const char *from, const char *to);

/* Brings a file's content to the disk. */
bool file_sync(const char *path);

/* Adds zeros to a file that is there, up to a length. */
bool file_lengthen(const char *path, off_t length);

/* Takes the room that a file will need, in a file of its own. */
bool file_reserve(const char *path, off_t size);

#endif
