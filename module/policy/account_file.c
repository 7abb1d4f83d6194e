/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded store of account policies, the least lately used going first. Each login costs two stats; a file is read
 * when it is new or has changed. One that cannot be used never takes the place of one that could: the last good version
 * stays in force. Names come in canonical form, which holds no '/', so no name leads out of the folder. */
#include "policy/account_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/siphash.h"
#include "policy/source.h"

/* What tells one version of a file from another. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    int error; /* why there is none: an errno, or UNFIT */
};

#define UNFIT (-1) /* strangers can add and take away files in its folder */

struct kept {
    struct kept *next; /* in its chain */
    struct kept *newer, *older;
    struct layer *good; /* the last version that was; NULL: none yet */
    struct stamp stamp; /* of the version looked at last */
    bool broken;        /* that version is not `good` */
    bool young;         /* it had changed so shortly before that a further change may bear the same stamp */
    char account[];
};

struct account_files {
    char *folder;
    char *default_domain;
    struct account_reader reader;
    struct kept **chains;
    size_t chain_count, count, limit;
    struct kept *newest, *oldest;
    unsigned char key[SIPHASH_KEY_SIZE];
};

struct account_files *account_files_create(const char *folder, const char *default_domain, size_t kept,
                                           struct account_reader reader) {
    struct account_files *files = calloc(1, sizeof *files);
    if (files == NULL)
        return NULL;
    files->reader = reader;
    files->limit = kept;
    for (files->chain_count = 16; files->chain_count < kept;)
        files->chain_count *= 2;
    files->chains = calloc(files->chain_count, sizeof(struct kept *));
    files->folder = strdup(folder);
    files->default_domain = default_domain == NULL ? NULL : strdup(default_domain);
    if (files->chains == NULL || files->folder == NULL || (default_domain != NULL && files->default_domain == NULL) ||
        !random_fill(files->key, sizeof files->key))
        account_files_free(&files);
    return files;
}

static void free_kept(struct kept *kept) {
    layer_release(&kept->good);
    free(kept);
}

void account_files_free(struct account_files **files) {
    if (*files == NULL)
        return;
    for (struct kept *kept = (*files)->newest; kept != NULL;) {
        struct kept *older = kept->older;
        free_kept(kept);
        kept = older;
    }
    free((*files)->chains);
    free((*files)->folder);
    free((*files)->default_domain);
    free(*files);
    *files = NULL;
}

size_t account_files_count(const struct account_files *files) {
    return files->count;
}

bool account_file_path(const char *folder, const char *default_domain, const char *account, char *path, size_t size) {
    struct buffer buffer;
    buffer_init(&buffer, path, size);
    const char *at = strchr(account, '@');
    bool default_one = at == NULL || (default_domain != NULL && strcmp(at + 1, default_domain) == 0);
    int local = (int)(at == NULL ? strlen(account) : (size_t)(at - account));
    if (local > NAME_MAX - (int)strlen(".conf"))
        return false;
    return buffer_add_format(&buffer, "%s/%s%s%.*s.conf", folder, default_one ? "" : at + 1, default_one ? "" : "/",
                             local, account);
}

/* ---- the chains and the order of use ---- */

static struct kept **chain_of(const struct account_files *files, const char *account) {
    return &files->chains[siphash(files->key, account, strlen(account)) & (files->chain_count - 1)];
}

static struct kept *find(const struct account_files *files, const char *account) {
    struct kept *kept = *chain_of(files, account);
    while (kept != NULL && strcmp(kept->account, account) != 0)
        kept = kept->next;
    return kept;
}

static void unlink_use(struct account_files *files, struct kept *kept) {
    *(kept->newer == NULL ? &files->newest : &kept->newer->older) = kept->older;
    *(kept->older == NULL ? &files->oldest : &kept->older->newer) = kept->newer;
}

static void link_newest(struct account_files *files, struct kept *kept) {
    kept->newer = NULL;
    kept->older = files->newest;
    *(files->newest == NULL ? &files->oldest : &files->newest->newer) = kept;
    files->newest = kept;
}

static void forget(struct account_files *files, struct kept *kept) {
    struct kept **link = chain_of(files, kept->account);
    while (*link != kept)
        link = &(*link)->next;
    *link = kept->next;
    unlink_use(files, kept);
    free_kept(kept);
    files->count--;
}

static struct kept *remember(struct account_files *files, const char *account) {
    size_t size = strlen(account) + 1;
    struct kept *kept = calloc(1, sizeof *kept + size);
    if (kept == NULL)
        return NULL;
    if (files->count == files->limit)
        forget(files, files->oldest);
    memcpy(kept->account, account, size);
    struct kept **chain = chain_of(files, account);
    kept->next = *chain;
    *chain = kept;
    link_newest(files, kept);
    files->count++;
    return kept;
}

static bool same_text(const char *one, const char *other) {
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

void account_files_adopt(struct account_files *files, struct account_files *other) {
    if (!same_text(files->folder, other->folder) || !same_text(files->default_domain, other->default_domain))
        return;
    while (other->oldest != NULL) {
        struct kept *old = other->oldest;
        struct kept *kept = old->good == NULL ? NULL : remember(files, old->account);
        if (kept != NULL) {
            kept->good = old->good; /* without a stamp, so that the next login reads the file in any case */
            old->good = NULL;
        }
        forget(other, old);
    }
}

/* ---- one file ---- */

static struct stamp stamp_of(const struct stat *status) {
    return (struct stamp){.device = status->st_dev,
                          .inode = status->st_ino,
                          .size = status->st_size,
                          .modified = status->st_mtim,
                          .changed = status->st_ctim};
}

static bool same_time(const struct timespec *one, const struct timespec *other) {
    return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

static bool same_stamp(const struct stamp *one, const struct stamp *other) {
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->error == other->error && same_time(&one->modified, &other->modified) &&
           same_time(&one->changed, &other->changed);
}

static void report(const struct kept *kept, const struct mistakes *mistakes,
                   void (*complain)(void *context, const char *line), void *context) {
    char line[LOG_LINE_SIZE], first[1024] = "memory is short";
    if (complain == NULL)
        return;
    if (mistakes->count > 0)
        mistake_format(&mistakes->list[0], first, sizeof first);
    struct buffer buffer;
    buffer_init(&buffer, line, sizeof line);
    log_add_text(&buffer, first);
    if (mistakes->grave > 1)
        (void)buffer_add_format(&buffer, " (and %zu more)", mistakes->grave - 1);
    (void)buffer_add(&buffer,
                     kept->good != NULL ? "; the version before stays in force for " : "; until then no login of ");
    log_add_text(&buffer, kept->account);
    if (kept->good == NULL)
        (void)buffer_add(&buffer, " is possible");
    complain(context, line);
}

/* The kernel stamps files by a clock that ticks every few milliseconds. */
static bool changed_just_now(const struct stat *status) {
    return status->st_ctim.tv_sec >= clock_wall() - 1;
}

static void read_again(const struct account_files *files, struct kept *kept, const char *path, struct stat *status,
                       struct mistakes *mistakes) {
    struct layer *layer = files->reader.read(files->reader.context, path, mistakes, status);
    kept->stamp = stamp_of(status);
    kept->young = changed_just_now(status);
    kept->broken = layer == NULL;
    if (layer != NULL) {
        layer_release(&kept->good);
        kept->good = layer;
    }
}

/* What there is at a path at the moment. */
struct look {
    const char *path;
    struct stat status;
    int error; /* why there is no status, UNFIT, or 0 */
};

/* Whether the folder that a file lies in, or would, is closed to strangers: they could as well take the file away. */
static bool folder_fits(const struct account_files *files, const char *path, struct mistakes *mistakes) {
    char folder[PATH_MAX];
    struct buffer buffer;
    buffer_init(&buffer, folder, sizeof folder);
    return buffer_add_bytes(&buffer, path, (size_t)(strrchr(path, '/') - path)) &&
           source_folder_fits(folder, files->reader.owners, mistakes);
}

static void cannot_look(const struct account_files *files, struct kept *kept, const struct look *look,
                        struct mistakes *mistakes) {
    kept->stamp = (struct stamp){.error = look->error};
    kept->young = false;
    kept->broken = true;
    if (look->error == UNFIT)
        (void)folder_fits(files, look->path, mistakes);
    else
        mistakes_add(mistakes, (struct place){.file = look->path}, "%s; make it readable to the daemon",
                     strerror(look->error));
}

/* Brings `kept` up to date with what was seen. */
static void refresh(const struct account_files *files, struct kept *kept, struct look *look,
                    struct mistakes *mistakes) {
    struct stamp now = look->error == 0 ? stamp_of(&look->status) : (struct stamp){.error = look->error};
    struct stamp before = kept->stamp;
    bool was_broken = kept->broken;
    if (same_stamp(&now, &before) && !kept->young)
        return;
    if (look->error != 0) {
        cannot_look(files, kept, look, mistakes);
        return;
    }
    read_again(files, kept, look->path, &look->status, mistakes);
    if (was_broken && same_stamp(&kept->stamp, &before))
        mistakes_clear(mistakes); /* read once more only to be sure: it has been complained of */
}

static struct kept *use(struct account_files *files, const char *account) {
    struct kept *kept = find(files, account);
    if (kept == NULL)
        return remember(files, account);
    unlink_use(files, kept);
    link_newest(files, kept);
    return kept;
}

enum account_file_result account_files_find(struct account_files *files, const char *account, struct layer **layer,
                                            void (*complain)(void *context, const char *line), void *context) {
    char path[PATH_MAX];
    struct look look = {.path = path};
    *layer = NULL;
    if (strchr(account, '/') != NULL || account[0] == '.')
        return ACCOUNT_FILE_BROKEN; /* no canonical name; it could lead out of the folder */
    if (!account_file_path(files->folder, files->default_domain, account, path, sizeof path))
        return ACCOUNT_FILE_NONE;
    look.error = lstat(path, &look.status) == 0 ? 0 : errno;
    if (!folder_fits(files, path, NULL))
        look.error = UNFIT;
    if (look.error == ENOENT) {
        struct kept *gone = find(files, account);
        if (gone != NULL)
            forget(files, gone);
        return ACCOUNT_FILE_NONE;
    }
    struct kept *kept = use(files, account);
    if (kept == NULL)
        return ACCOUNT_FILE_BROKEN;
    struct mistakes mistakes = {.list = NULL};
    refresh(files, kept, &look, &mistakes);
    if (kept->broken && mistakes.grave > 0)
        report(kept, &mistakes, complain, context);
    mistakes_clear(&mistakes);
    *layer = kept->good;
    return kept->good == NULL ? ACCOUNT_FILE_BROKEN : ACCOUNT_FILE_FOUND;
}
