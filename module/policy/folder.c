/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists accounts/, groups/ and domains/. It opens none of the files in them. */
#include "policy/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_left_by_an_editor(const char *name) {
    return name[0] == '.' || name[strlen(name) - 1] == '~';
}

static int compare(const void *one, const void *other) {
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static bool keep(struct folder *folder, size_t *room, const char *name) {
    if (folder->count == *room) {
        size_t larger = *room == 0 ? 64 : *room * 2;
        char **names = reallocarray(folder->names, larger, sizeof *names);
        if (names == NULL)
            return false;
        folder->names = names;
        *room = larger;
    }
    folder->names[folder->count] = strdup(name);
    return folder->names[folder->count] != NULL && ++folder->count > 0;
}

static int list(struct folder *folder, const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == ENOENT ? 0 : errno;
    size_t room = 0;
    int error = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            error = errno;
            break;
        }
        if (!is_left_by_an_editor(entry->d_name) && !keep(folder, &room, entry->d_name)) {
            error = ENOMEM;
            break;
        }
    }
    (void)closedir(directory);
    return error;
}

bool folder_list(struct folder *folder, const char *path, struct mistakes *mistakes) {
    *folder = (struct folder){.names = NULL};
    int error = list(folder, path);
    if (error != 0) {
        struct place place = {.file = path};
        mistakes_add(mistakes, place, "the folder cannot be listed: %s", strerror(error));
        folder_clear(folder);
        return false;
    }
    if (folder->count > 0)
        qsort(folder->names, folder->count, sizeof *folder->names, compare);
    return true;
}

void folder_clear(struct folder *folder) {
    for (size_t i = 0; i < folder->count; i++)
        free(folder->names[i]);
    free(folder->names);
    *folder = (struct folder){.names = NULL};
}

size_t folder_stem(const char *name) {
    size_t length = strlen(name), suffix = strlen(".conf");
    return length > suffix && strcmp(name + length - suffix, ".conf") == 0 ? length - suffix : 0;
}
