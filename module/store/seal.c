/* SPDX-License-Identifier: BSD-2-Clause */
/* The seal file, and the decision that rests on it. Called by engines when they open a store and when a change must
 * not be undone by an older copy of it. The decision does no I/O, the I/O decides nothing. */
#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/file.h"

#define SEAL_TEXT "authgate store seal 1\ninstance="
#define SEAL_SIZE 256

static bool take_number(const char *text, int64_t *number) {
    char *end;
    errno = 0;
    intmax_t value = strtoimax(text, &end, 10);
    if (end == text || strcmp(end, "\n") != 0 || errno != 0 || value < 0)
        return false;
    *number = value;
    return true;
}

static bool parse(const char *text, struct seal *seal) {
    static const char between[] = "\ngeneration=";
    size_t head = sizeof SEAL_TEXT - 1;
    if (strncmp(text, SEAL_TEXT, head) != 0)
        return false;
    const char *instance = text + head;
    size_t length = strspn(instance, "0123456789abcdef");
    if (length != INSTANCE_SIZE - 1 || strncmp(instance + length, between, sizeof between - 1) != 0)
        return false;
    memcpy(seal->instance, instance, length);
    seal->instance[length] = '\0';
    return take_number(instance + length + sizeof between - 1, &seal->generation);
}

enum seal_found seal_read(const char *path, struct seal *seal) {
    char text[SEAL_SIZE];
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return errno == ENOENT ? SEAL_NONE : SEAL_UNREADABLE;
    ssize_t length = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (length <= 0 || length == sizeof text - 1)
        return SEAL_UNREADABLE;
    text[length] = '\0';
    return strlen(text) == (size_t)length && parse(text, seal) ? SEAL_READ : SEAL_UNREADABLE;
}

bool seal_write(const char *path, const struct seal *seal) {
    char text[SEAL_SIZE], fresh[PATH_MAX];
    struct buffer content, name;
    buffer_init(&content, text, sizeof text);
    buffer_init(&name, fresh, sizeof fresh);
    if (!buffer_add_format(&content, SEAL_TEXT "%s\ngeneration=%" PRId64 "\n", seal->instance, seal->generation) ||
        !buffer_add_format(&name, "%s.new", path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return file_write(fresh, content.bytes, content.length) && file_rename(fresh, path);
}

static enum course refuse(enum store_state which, const char *words, enum store_state *state, const char **why) {
    *state = which;
    *why = words;
    return COURSE_REFUSE;
}

static enum course course_without_store(const struct standing *standing, enum store_state *state, const char **why) {
    if (standing->seal_found != SEAL_NONE)
        return refuse(STORE_MISSING,
                      "it is missing, but its seal is there: restore a backup (or, to begin with nobody enrolled, "
                      "remove the seal and start with --create-store)",
                      state, why);
    if (!standing->create)
        return refuse(STORE_MISSING, "there is none; start with --create-store once to make the first", state, why);
    return COURSE_CREATE;
}

static enum course course_without_seal(const struct standing *standing, enum store_state *state, const char **why) {
    if (standing->seal_found == SEAL_UNREADABLE)
        return refuse(STORE_NOT_OURS, "its seal cannot be read; `authgatectl store accept` makes a new one", state,
                      why);
    if (standing->create && standing->store.generation == 1)
        return COURSE_SEAL; /* made, but the machine stopped before the seal was */
    return refuse(STORE_NOT_OURS,
                  "its seal is missing, so that nobody can tell whether it is the latest; `authgatectl store accept` "
                  "takes it as it is",
                  state, why);
}

enum course seal_course(const struct standing *standing, enum store_state *state, const char **why) {
    *state = STORE_SERVING;
    *why = "";
    if (!standing->exists)
        return course_without_store(standing, state, why);
    if (!standing->ours)
        return refuse(STORE_NOT_OURS, "it is empty or no store of authgate's; restore a backup", state, why);
    if (standing->schema > STORE_SCHEMA + 1)
        return refuse(STORE_NOT_OURS, "a much newer version of authgate has changed it; use that one", state, why);
    if (standing->seal_found != SEAL_READ)
        return course_without_seal(standing, state, why);
    if (strcmp(standing->store.instance, standing->seal.instance) != 0)
        return refuse(STORE_NOT_OURS,
                      "it is another store than the one that was served last; `authgatectl store accept` takes it",
                      state, why);
    if (standing->store.generation < standing->seal.generation)
        return refuse(STORE_OUTDATED,
                      "it is older than when it was served last, so that enrolments, revocations or locks are missing; "
                      "restore a newer one, or `authgatectl store accept`",
                      state, why);
    return standing->store.generation > standing->seal.generation ? COURSE_SEAL : COURSE_SERVE;
}
