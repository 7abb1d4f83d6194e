/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at every file, accounts included, as `authgatectl check` asks. It reads them by the same functions as the
 * daemon does, so that it can find no mistake that the daemon would not, and miss none that it would. It changes
 * nothing. */
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/program_file.h"
#include "policy/folder.h"
#include "policy/loaded.h"
#include "policy/source.h"

#define PROGRESS_STEP 256

struct check {
    struct configuration *configuration;
    const struct check_order *order;
    struct mistakes *mistakes;
    size_t done, all;
};

static void count_one(struct check *check) {
    check->done++;
    const struct check_order *order = check->order;
    if (order->progress != NULL && (check->done % PROGRESS_STEP == 0 || check->done == check->all))
        order->progress(order->context, check->done, check->all);
}

/* ---- users and groups of this host ---- */

#define NSS_ENTRY_SIZE 65536

/* What NSS answers where it has no such entry, by getpwnam_r(3). Anything else is no answer, and so no "no". */
static bool says_no(int error, const void *result) {
    return result == NULL && (error == 0 || error == ENOENT || error == ESRCH);
}

static bool no_user(const char *name) {
    char storage[NSS_ENTRY_SIZE];
    struct passwd entry, *result = NULL;
    int error = name == NULL ? ERANGE : getpwnam_r(name, &entry, storage, sizeof storage, &result);
    return says_no(error, result);
}

static bool no_group(const char *name) {
    char storage[NSS_ENTRY_SIZE];
    struct group entry, *result = NULL;
    int error = name == NULL ? ERANGE : getgrnam_r(name, &entry, storage, sizeof storage, &result);
    return says_no(error, result);
}

/* Root and the daemon's user alone may change what the daemon runs: it does not run anything else. */
static void check_program(struct check *check, enum host_key key, const char *path) {
    const struct host *host = &check->configuration->host;
    const char *unfit = path != NULL && path[0] == '/'
                            ? program_file_unfit(path, source_user(host->settings.user))
                            : NULL;
    if (unfit != NULL)
        mistakes_warn(check->mistakes, host_place(host, key), "%s %s; it is not run", path, unfit);
}

/* Warnings, since what is checked may be for another host. */
static void check_host_names(struct check *check) {
    const struct host *host = &check->configuration->host;
    const struct settings *settings = &host->settings;
    if (no_user(settings->user))
        mistakes_warn(check->mistakes, host_place(host, HOST_USER),
                      "there is no user %s on this host; create it, or name another", settings->user);
    check_program(check, HOST_ACCOUNT_EXISTS, settings->account_exists);
    check_program(check, HOST_NOTIFY, settings->notify);
    for (size_t i = 0; i < settings->socket_count; i++) {
        const struct socket_setting *socket = &settings->sockets[i];
        struct place place = {.file = host_place(host, HOST_SOCKETS).file, .line = socket->line};
        if (no_user(socket->owner))
            mistakes_warn(check->mistakes, place,
                          "there is no user %s on this host; create it, or name another as the socket's owner",
                          socket->owner);
        if (no_group(socket->group))
            mistakes_warn(check->mistakes, place,
                          "there is no group %s on this host; create it, or name another as the socket's group",
                          socket->group);
    }
}

static void check_unix_group(struct check *check, const struct value *group) {
    if (group->count > 0 && no_group(group->words[0]))
        mistakes_warn(check->mistakes, (struct place){.file = group->file, .line = group->line},
                      "there is no group %s on this host, so nobody is in it; create it, or name another",
                      group->words[0]);
}

/* ---- one policy ---- */

static void check_policy(struct check *check, const char *path, bool includes, bool group) {
    struct group_values values = {.set = {false}};
    struct policy_file file = {.path = path, .includes = includes, .group = group ? &values : NULL};
    struct layer *layer = policy_file_read(&file, &check->configuration->context, check->mistakes);
    if (layer != NULL)
        check_unix_group(check, &values.fields[GROUP_UNIX_GROUP]);
    policy_reminders(layer, check->order->now, check->mistakes);
    layer_release(&layer);
}

/* ---- accounts/ ---- */

/* Whether a login ever leads to this file. `domain` is NULL directly in accounts/. */
static void check_account_name(struct check *check, const char *path, const char *local, const char *domain) {
    const struct account_naming *naming = &check->configuration->host.settings.naming;
    char name[2 * ACCOUNT_NAME_SIZE], canonical[ACCOUNT_NAME_SIZE], own[PATH_MAX], accounts[PATH_MAX];
    struct buffer buffer;
    struct place place = {.file = path};
    buffer_init(&buffer, name, sizeof name);
    (void)buffer_add_format(&buffer, "%s%s%s", local, domain == NULL ? "" : "@", domain == NULL ? "" : domain);
    buffer_init(&buffer, accounts, sizeof accounts);
    (void)buffer_add_format(&buffer, "%s/accounts", check->configuration->folder);
    if (!account_name_canonical(naming, name, canonical))
        mistakes_add(check->mistakes, place, "%s cannot be the name of an account here, so this file is never read",
                     name);
    else if (!account_file_path(accounts, naming->default_domain, canonical, own, sizeof own) || strcmp(own, path) != 0)
        mistakes_add(check->mistakes, place, "this file is never read; the file of the account %s is %s", canonical,
                     own);
}

static void check_account(struct check *check, const char *folder, const char *name, const char *domain) {
    char path[PATH_MAX], local[NAME_MAX + 1];
    struct buffer buffer;
    size_t stem = folder_stem(name);
    buffer_init(&buffer, path, sizeof path);
    if (!buffer_add_format(&buffer, "%s/%s", folder, name))
        return;
    if (stem == 0) {
        mistakes_warn(check->mistakes, (struct place){.file = path},
                      "this is never read; its name does not end in .conf");
        return;
    }
    buffer_init(&buffer, local, sizeof local);
    (void)buffer_add_bytes(&buffer, name, stem);
    check_account_name(check, path, local, domain);
    check_policy(check, path, false, false);
}

/* A folder of accounts, with the folders of domains that lie in it. */
struct account_folder {
    struct folder names;
    struct folder *within; /* for each name: what is in it, where it is a folder */
    char **paths;          /* for each name: its path, where it is a folder */
};

static bool is_folder(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void list_accounts(struct check *check, const char *path, struct account_folder *accounts) {
    if (!folder_list(&accounts->names, path, check->mistakes))
        return;
    accounts->within = calloc(accounts->names.count + 1, sizeof *accounts->within);
    accounts->paths = calloc(accounts->names.count + 1, sizeof *accounts->paths);
    check->all += accounts->names.count;
    for (size_t i = 0; accounts->within != NULL && accounts->paths != NULL && i < accounts->names.count; i++) {
        if (folder_stem(accounts->names.names[i]) > 0)
            continue; /* a hundred thousand of them need no look */
        char *within = load_path(&check->configuration->host.memory, path, accounts->names.names[i]);
        if (within == NULL || !is_folder(within))
            continue;
        accounts->paths[i] = within;
        (void)source_folder_fits(within, check->configuration->context.owners, check->mistakes);
        if (folder_list(&accounts->within[i], within, check->mistakes))
            check->all += accounts->within[i].count;
    }
}

static void check_domain_folder(struct check *check, const char *path, const char *domain,
                                const struct folder *folder) {
    const struct account_naming *naming = &check->configuration->host.settings.naming;
    char name[ACCOUNT_NAME_SIZE * 2], canonical[ACCOUNT_NAME_SIZE];
    struct buffer buffer;
    buffer_init(&buffer, name, sizeof name);
    (void)buffer_add_format(&buffer, "a@%s", domain);
    bool served = account_name_canonical(naming, name, canonical) && strcmp(name, canonical) == 0;
    if (!served)
        mistakes_add(check->mistakes, (struct place){.file = path},
                     "nothing in here is ever read; %s is not the name, in lower case, of a domain that is served",
                     domain);
    for (size_t i = 0; i < folder->count; i++) {
        if (served)
            check_account(check, path, folder->names[i], domain);
        count_one(check);
    }
}

static void check_accounts(struct check *check) {
    struct account_folder accounts = {.within = NULL};
    char *path = load_path(&check->configuration->host.memory, check->configuration->folder, "accounts");
    const char *default_domain = check->configuration->host.settings.naming.default_domain;
    if (path == NULL)
        return;
    list_accounts(check, path, &accounts);
    for (size_t i = 0; accounts.paths != NULL && accounts.within != NULL && i < accounts.names.count; i++) {
        const char *name = accounts.names.names[i];
        if (accounts.paths[i] == NULL)
            check_account(check, path, name, NULL);
        else if (default_domain == NULL || strcmp(name, default_domain) != 0)
            check_domain_folder(check, accounts.paths[i], name, &accounts.within[i]);
        folder_clear(&accounts.within[i]);
        count_one(check);
    }
    free(accounts.within);
    free(accounts.paths);
    folder_clear(&accounts.names);
}

/* ---- single files ---- */

/* Whether `path` lies directly in the folder of this name beside the main file. */
static bool lies_in(const struct check *check, const char *path, const char *folder) {
    char copy[PATH_MAX], beside[PATH_MAX], one[PATH_MAX], other[PATH_MAX];
    struct buffer buffer;
    buffer_init(&buffer, copy, sizeof copy);
    bool fits = buffer_add(&buffer, path);
    buffer_init(&buffer, beside, sizeof beside);
    fits = fits && buffer_add_format(&buffer, "%s/%s", check->configuration->folder, folder);
    return fits && realpath(dirname(copy), one) != NULL && realpath(beside, other) != NULL && strcmp(one, other) == 0;
}

static bool same_file(const char *one, const char *other) {
    struct stat first, second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static void check_one(struct check *check, const char *main_path, const char *path) {
    bool group = lies_in(check, path, "groups"), domain = lies_in(check, path, "domains");
    if (same_file(path, main_path)) {
        check_host_names(check);
        policy_reminders(check->configuration->defaults, check->order->now, check->mistakes);
    } else {
        check_policy(check, path, group || domain, group);
    }
    count_one(check);
}

static bool holds_main(const char *main_path, const char *const *only, size_t only_count) {
    for (size_t i = 0; i < only_count; i++)
        if (same_file(only[i], main_path))
            return true;
    return false;
}

/* Moves to `kept` what is wrong in the main file itself. */
static void keep_of_file(const struct mistakes *found, const char *path, struct mistakes *kept) {
    for (size_t i = 0; i < found->count; i++) {
        const struct mistake *mistake = &found->list[i];
        struct place place = {.file = mistake->file, .line = mistake->line, .column = mistake->column};
        if (strcmp(mistake->file, path) != 0)
            continue;
        if (mistake->warning)
            mistakes_warn(kept, place, "%s", mistake->what);
        else
            mistakes_add(kept, place, "%s", mistake->what);
    }
}

/* The other files say what services and zones there are; what is wrong with them is told only where they are asked for,
 * unless it keeps the ones asked for from being understood. */
static void check_listed(struct check *check, const char *path) {
    const struct check_order *order = check->order;
    struct mistakes around = {.list = NULL};
    check->configuration = load(path, &around);
    if (check->configuration == NULL || holds_main(path, order->only, order->only_count))
        keep_of_file(&around, path, check->mistakes);
    if (check->configuration == NULL && check->mistakes->grave == 0)
        mistakes_add(check->mistakes, (struct place){.file = path}, "the main file cannot be read");
    mistakes_clear(&around);
    check->all = order->only_count;
    for (size_t i = 0; check->configuration != NULL && i < order->only_count; i++)
        check_one(check, path, order->only[i]);
}

static void check_all(struct check *check, const char *path) {
    check->configuration = load(path, check->mistakes);
    if (check->configuration == NULL)
        return;
    check_host_names(check);
    for (size_t i = 0; i < check->configuration->group_count; i++)
        check_unix_group(check, &check->configuration->groups[i].unix_group);
    configuration_reminders(check->configuration, check->order->now, check->mistakes);
    check_accounts(check);
}

bool configuration_check(const char *path, const struct check_order *order, struct mistakes *mistakes) {
    struct check check = {.order = order, .mistakes = mistakes};
    size_t grave = mistakes->grave;
    if (order->only == NULL)
        check_all(&check, path);
    else
        check_listed(&check, path);
    configuration_free(&check.configuration);
    return mistakes->grave == grave;
}
