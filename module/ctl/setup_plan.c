/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds the plan and writes it. A file is replaced by rename with the owner and mode that it had; what was there before
 * stays beside it as FILE.before-authgate. Called by setup and its parts. */
#include "ctl/setup_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void setup_refuse(struct setup_plan *plan, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    plan->refusal = scrap_grow(&plan->doctor.arena, plan->refusal, plan->refusal_count, sizeof *plan->refusal);
    plan->refusal[plan->refusal_count++] = scrap_format(&plan->doctor.arena, format, arguments);
    va_end(arguments);
}

void setup_advise(struct setup_plan *plan, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    plan->advice = scrap_grow(&plan->doctor.arena, plan->advice, plan->advice_count, sizeof *plan->advice);
    plan->advice[plan->advice_count++] = scrap_format(&plan->doctor.arena, format, arguments);
    va_end(arguments);
}

static struct setup_change *add_change(struct setup_plan *plan, const char *file, const char *before) {
    plan->change = scrap_grow(&plan->doctor.arena, plan->change, plan->count, sizeof *plan->change);
    struct setup_change *change = &plan->change[plan->count++];
    *change = (struct setup_change){.file = file, .before = before, .added = ""};
    return change;
}

struct setup_change *setup_change_of(struct setup_plan *plan, const char *file) {
    struct arena *arena = &plan->doctor.arena;
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->change[i].file, file) == 0)
            return &plan->change[i];
    char *before = scrap_read(arena, file);
    if (before == NULL) {
        setup_refuse(plan, "%s cannot be read: %s", file, strerror(errno));
        return NULL;
    }
    struct setup_change *change = add_change(plan, file, before);
    char *rest = scrap_text(arena, "%s", before);
    for (char *line; (line = scrap_line(&rest)) != NULL;) {
        change->line = scrap_grow(arena, change->line, change->count, sizeof *change->line);
        change->line[change->count++] = line;
    }
    return change;
}

void setup_create(struct setup_plan *plan, const char *file, const char *text) {
    add_change(plan, file, NULL)->added = text;
}

static const char *indented(struct setup_plan *plan, const char *like, const char *text) {
    return scrap_text(&plan->doctor.arena, "%.*s%s", (int)strspn(like, " \t"), like, text);
}

void setup_replace(struct setup_plan *plan, struct setup_change *change, int line, const char *text) {
    const char **place = &change->line[line - 1];
    *place = indented(plan, *place, text);
}

void setup_insert(struct setup_plan *plan, struct setup_change *change, int line, const char *text) {
    const char **place = &change->line[line - 1];
    *place = scrap_text(&plan->doctor.arena, "%s\n%s", *place, indented(plan, *place, text));
}

void setup_append(struct setup_plan *plan, struct setup_change *change, const char *text) {
    change->added = scrap_text(&plan->doctor.arena, "%s%s\n", change->added, text);
}

const char *setup_text(struct setup_plan *plan, const struct setup_change *change) {
    struct arena *arena = &plan->doctor.arena;
    size_t length = strlen(change->added) + 1;
    for (size_t i = 0; i < change->count; i++)
        length += strlen(change->line[i]) + 1;
    char *text = scrap_take(arena, length, 1), *end = text;
    for (size_t i = 0; i < change->count; i++) {
        size_t part = strlen(change->line[i]);
        memcpy(end, change->line[i], part);
        end[part] = '\n';
        end += part + 1;
    }
    memcpy(end, change->added, strlen(change->added));
    return text;
}

/* ---- writing ---- */

static bool fail(const char *what, const char *path) {
    verb_fail(STATUS_NO, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

/* Writes a new file beside `path` with an owner and mode, durably. */
static bool write_new(const char *path, const char *text, const struct stat *like) {
    unlink(path); /* what a setup that was interrupted left */
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return fail("create", path);
    size_t length = strlen(text), written = 0;
    bool done = true;
    while (done && written < length) {
        ssize_t got = write(descriptor, text + written, length - written);
        done = got > 0 || (got < 0 && errno == EINTR);
        written += got > 0 ? (size_t)got : 0;
    }
    done = done && fchown(descriptor, like->st_uid, like->st_gid) == 0 &&
           fchmod(descriptor, like->st_mode & 07777) == 0 && fsync(descriptor) == 0;
    if (!done) {
        fail("write", path);
        unlink(path); /* half of it would be taken for all of it */
    }
    close(descriptor);
    return done;
}

/* Puts a text in the place of a file in one step. */
static bool put(struct arena *arena, const char *file, const char *text, const struct stat *like) {
    const char *slash = strrchr(file, '/');
    int folder = slash != NULL ? (int)(slash - file) + 1 : 0;
    const char *staged = scrap_text(arena, "%.*s.%s.new", folder, file, file + folder);
    if (!write_new(staged, text, like))
        return false;
    if (rename(staged, file) == 0)
        return true;
    fail("replace", file);
    unlink(staged);
    return false;
}

static const char *copy_name(struct arena *arena, const char *file) {
    const char *name = scrap_text(arena, "%s.before-authgate", file);
    for (int i = 1; access(name, F_OK) == 0; i++)
        name = scrap_text(arena, "%s.before-authgate.%d", file, i);
    return name;
}

static bool write_copy(struct setup_plan *plan, struct setup_change *change, const struct stat *like) {
    const char *copy = copy_name(&plan->doctor.arena, change->file);
    if (write_new(copy, change->before, like))
        change->copy = copy;
    return change->copy != NULL;
}

static bool write_one(struct setup_plan *plan, struct setup_change *change) {
    struct arena *arena = &plan->doctor.arena;
    struct stat status = {.st_mode = 0644};
    bool there = lstat(change->file, &status) == 0;
    if (there && !S_ISREG(status.st_mode)) {
        verb_fail(STATUS_NO, "%s is no regular file", change->file);
        return false;
    }
    if (there != (change->before != NULL)) {
        verb_fail(STATUS_NO, "%s was changed by somebody else meanwhile", change->file);
        return false;
    }
    const char *now = there ? scrap_read(arena, change->file) : NULL;
    if (there && (now == NULL || strcmp(now, change->before) != 0)) {
        verb_fail(STATUS_NO, "%s was changed by somebody else meanwhile", change->file);
        return false;
    }
    if (there && !write_copy(plan, change, &status))
        return false;
    if (put(arena, change->file, setup_text(plan, change), &status))
        return true;
    if (there)
        unlink(change->copy);
    return false;
}

/* The copies take their places again, for which a disk that is full has room. */
void setup_undo(struct setup_plan *plan, size_t count) {
    while (count-- > 0) {
        const struct setup_change *change = &plan->change[count];
        if (change->before == NULL)
            unlink(change->file);
        else if (rename(change->copy, change->file) != 0)
            fail("put back", change->file);
    }
}

bool setup_write(struct setup_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        if (write_one(plan, &plan->change[i]))
            continue;
        setup_undo(plan, i);
        return false;
    }
    return true;
}
