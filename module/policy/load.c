/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads everything but accounts/: the main file, then domains/ (which say what is served), then groups/ (whose members
 * are names in a served domain). Called at start, on reload and by `check`. What is loaded here never changes. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "policy/date.h"
#include "policy/folder.h"
#include "policy/loaded.h"
#include "policy/source.h"
#include "policy/suggest.h"

char *load_path(struct arena *memory, const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = arena_take(memory, size, 1);
    struct buffer buffer;
    if (path == NULL)
        return NULL;
    buffer_init(&buffer, path, size);
    (void)buffer_add_format(&buffer, "%s/%s", folder, name);
    return path;
}

static struct arena *memory_of(struct configuration *configuration) {
    return &configuration->host.memory;
}

/* ---- the main file ---- */

static void read_defaults(struct configuration *configuration, const struct document *document,
                          struct mistakes *mistakes) {
    const config_setting_t *defaults = config_setting_get_member(document_root(document), "defaults");
    if (defaults == NULL)
        return;
    if (!config_setting_is_group(defaults)) {
        mistakes_add(mistakes, document_place(document, defaults), "defaults is a group; write defaults = { ... };");
        return;
    }
    configuration->defaults = policy_layer(document, defaults, &configuration->context, NULL, mistakes);
}

/* Also where it was set wrongly, which is one mistake and not a second one at each key that needs it. */
static bool is_set(const struct host *host, enum host_key key) {
    return host->values[key].file != NULL;
}

static bool read_main(struct configuration *configuration, const char *path, struct mistakes *mistakes) {
    size_t first = mistakes->count;
    struct stat status;
    struct document *document = document_read(path, true, &status, mistakes);
    if (document == NULL)
        return false;
    struct host *host = &configuration->host;
    host_read(host, path, document, mistakes);
    configuration->context = (struct policy_context){.services = &host->services,
                                                     .zone = host->settings.timezone,
                                                     .has_country_database = is_set(host, HOST_COUNTRY_DATABASE),
                                                     .has_store = is_set(host, HOST_STORE),
                                                     .owners = {source_user(host->settings.user), status.st_uid}};
    (void)document_owners_fit(document, configuration->context.owners, mistakes);
    read_defaults(configuration, document, mistakes);
    document_free(&document);
    mistakes_sort(mistakes, first);
    return true;
}

/* Whoever can rename what lies beside the main file decides which policies are found. In a sticky folder, such as the
 * /tmp that somebody tries a configuration in, strangers cannot. */
static void check_folders(struct configuration *configuration, struct mistakes *mistakes) {
    static const char *const within[] = {"domains", "groups", "accounts"};
    const struct source_owners owners = configuration->context.owners;
    struct stat status;
    if (stat(configuration->folder, &status) == 0 && (status.st_mode & S_ISVTX) == 0)
        (void)source_folder_fits(configuration->folder, owners, mistakes);
    for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
        const char *path = load_path(memory_of(configuration), configuration->folder, within[i]);
        if (path != NULL)
            (void)source_folder_fits(path, owners, mistakes);
    }
}

/* ---- domains/ ---- */

static bool is_canonical_domain(const char *name) {
    for (const char *at = name; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            return false;
    return account_domain_valid(name);
}

static void read_domain(struct configuration *configuration, const char *folder, const char *file, size_t stem,
                        struct mistakes *mistakes) {
    char *path = load_path(memory_of(configuration), folder, file);
    char *name = arena_text(memory_of(configuration), file);
    if (path == NULL || name == NULL)
        return;
    name[stem] = '\0';
    if (!is_canonical_domain(name)) {
        mistakes_add(mistakes, (struct place){.file = path},
                     "%s is no domain; name the file after a domain in lower case, such as example.com.conf", name);
        return;
    }
    struct policy_file found = {.path = path, .includes = true};
    configuration->domains[configuration->domain_count++] =
        (struct domain_policy){name, policy_file_read(&found, &configuration->context, mistakes)};
}

/* Names come sorted with their ".conf", which sorts a-b.conf before a.conf; without it the order is another. */
static int compare_domains(const void *one, const void *other) {
    return strcmp(((const struct domain_policy *)one)->name, ((const struct domain_policy *)other)->name);
}

static void read_domains(struct configuration *configuration, struct mistakes *mistakes) {
    struct folder folder;
    char *path = load_path(memory_of(configuration), configuration->folder, "domains");
    if (path == NULL || !folder_list(&folder, path, mistakes))
        return;
    configuration->domains = arena_take(memory_of(configuration), folder.count, sizeof *configuration->domains);
    for (size_t i = 0; configuration->domains != NULL && i < folder.count; i++) {
        size_t stem = folder_stem(folder.names[i]);
        if (stem > 0)
            read_domain(configuration, path, folder.names[i], stem, mistakes);
    }
    if (configuration->domain_count > 0)
        qsort(configuration->domains, configuration->domain_count, sizeof *configuration->domains, compare_domains);
    folder_clear(&folder);
}

static void warn_of_unserved(struct configuration *configuration, const char *name, struct mistakes *mistakes) {
    char file[300];
    struct buffer buffer;
    buffer_init(&buffer, file, sizeof file);
    (void)buffer_add_format(&buffer, "domains/%s.conf", name);
    char *path = load_path(memory_of(configuration), configuration->folder, file);
    if (path != NULL)
        mistakes_warn(mistakes, (struct place){.file = path}, "%s is not served; add it to domains in the main file",
                      name);
}

/* `domains` where it is set, else default_domain and every name under domains/. */
static void serve(struct configuration *configuration, struct mistakes *mistakes) {
    struct host *host = &configuration->host;
    const struct value *listed = &host->values[HOST_DOMAINS];
    const char *default_domain = host->settings.naming.default_domain;
    size_t count = 0;
    const char **served = arena_take(&host->memory, listed->count + configuration->domain_count + 1, sizeof *served);
    if (served == NULL)
        return;
    for (size_t i = 0; i < listed->count; i++)
        served[count++] = listed->words[i];
    for (size_t i = 0; i < configuration->domain_count; i++) {
        const char *name = configuration->domains[i].name;
        if (!host->set[HOST_DOMAINS] && (default_domain == NULL || strcmp(name, default_domain) != 0))
            served[count++] = name;
        else if (host->set[HOST_DOMAINS] && !value_holds_word(listed, name))
            warn_of_unserved(configuration, name, mistakes);
    }
    if (!host->set[HOST_DOMAINS] && default_domain != NULL)
        served[count++] = default_domain;
    host_serve(host, served, count);
}

/* ---- groups/ ---- */

struct group_loading {
    struct configuration *configuration;
    struct mistakes *mistakes;
    const char *path; /* of the group's file */
    struct group_values values;
    const char *unix_names[POLICY_GROUP_LIMIT];
    size_t unix_count;
};

static void add_members(struct group_loading *loading, unsigned group) {
    const struct value *members = &loading->values.fields[GROUP_MEMBERS];
    struct place place = {.file = loading->path, .line = members->line};
    for (size_t i = 0; loading->values.set[GROUP_MEMBERS] && i < members->count; i++) {
        char account[ACCOUNT_NAME_SIZE];
        if (!account_name_canonical(&loading->configuration->host.settings.naming, members->words[i], account))
            mistakes_add(loading->mistakes, place,
                         "\"%.80s\" cannot be an account here; write a name, with a domain that is served",
                         members->words[i]);
        else if (!members_add(loading->configuration->members, account, group))
            mistakes_add(loading->mistakes, place, "memory is short");
    }
}

static void add_members_file(struct group_loading *loading, unsigned group) {
    const struct value *file = &loading->values.fields[GROUP_MEMBERS_FILE];
    if (!loading->values.set[GROUP_MEMBERS_FILE])
        return;
    struct configuration *configuration = loading->configuration;
    const char *path = file->words[0][0] == '/'
                           ? file->words[0]
                           : load_path(memory_of(configuration), configuration->folder, file->words[0]);
    struct members_file listed = {.path = path,
                                  .place = {.file = loading->path, .line = file->line},
                                  .naming = &configuration->host.settings.naming,
                                  .group = group,
                                  .owners = configuration->context.owners};
    if (path != NULL)
        members_read_file(configuration->members, &listed, loading->mistakes);
}

static void add_unix_group(struct group_loading *loading, unsigned group) {
    if (!loading->values.set[GROUP_UNIX_GROUP])
        return;
    loading->configuration->group_of_unix[loading->unix_count] = group;
    loading->unix_names[loading->unix_count++] = loading->values.fields[GROUP_UNIX_GROUP].words[0];
}

static void check_has_members(struct group_loading *loading, const char *name) {
    for (int i = 0; i < GROUP_KEY_COUNT; i++)
        if (loading->values.fields[i].file != NULL)
            return;
    mistakes_add(loading->mistakes, (struct place){.file = loading->path},
                 "nobody is in the group %s; add members, members_file or unix_group", name);
}

static void read_group(struct group_loading *loading, const char *name) {
    struct configuration *configuration = loading->configuration;
    char file[300];
    struct buffer buffer;
    buffer_init(&buffer, file, sizeof file);
    (void)buffer_add_format(&buffer, "groups/%s.conf", name);
    loading->path = load_path(memory_of(configuration), configuration->folder, file);
    if (loading->path == NULL)
        return;
    loading->values = (struct group_values){.set = {false}};
    unsigned group = (unsigned)configuration->group_count;
    struct policy_file found = {.path = loading->path, .includes = true, .group = &loading->values};
    struct layer *layer = policy_file_read(&found, &configuration->context, loading->mistakes);
    if (layer == NULL)
        return; /* and with it the values */
    configuration->groups[configuration->group_count++] =
        (struct group_policy){name, layer, loading->values.fields[GROUP_UNIX_GROUP]};
    check_has_members(loading, name);
    add_members(loading, group);
    add_members_file(loading, group);
    add_unix_group(loading, group);
}

/* A file in groups/ that `groups` does not name would hold for nobody, without anybody noticing. */
static void check_forgotten_groups(struct configuration *configuration, struct mistakes *mistakes) {
    struct folder folder;
    char *path = load_path(memory_of(configuration), configuration->folder, "groups");
    if (path == NULL || !folder_list(&folder, path, mistakes))
        return;
    for (size_t i = 0; i < folder.count; i++) {
        size_t stem = folder_stem(folder.names[i]);
        if (stem == 0)
            continue;
        char *file = load_path(memory_of(configuration), path, folder.names[i]);
        folder.names[i][stem] = '\0';
        if (file != NULL && !value_holds_word(&configuration->host.values[HOST_GROUPS], folder.names[i]))
            mistakes_add(mistakes, (struct place){.file = file},
                         "the group %s is not in groups of the main file, so its policy holds for nobody; add it there",
                         folder.names[i]);
    }
    folder_clear(&folder);
}

static void read_groups(struct configuration *configuration, struct mistakes *mistakes) {
    const struct value *names = &configuration->host.values[HOST_GROUPS];
    struct group_loading loading = {.configuration = configuration, .mistakes = mistakes};
    for (size_t i = 0; i < names->count && i < POLICY_GROUP_LIMIT; i++)
        read_group(&loading, names->words[i]);
    if (loading.unix_count > 0) {
        configuration->unix_groups = unix_groups_create(loading.unix_names, loading.unix_count);
        memory_of(configuration)->failed |= configuration->unix_groups == NULL;
    }
    check_forgotten_groups(configuration, mistakes);
}

/* ---- accounts/ ---- */

static struct layer *read_account(void *context, const char *path, struct mistakes *mistakes, struct stat *status) {
    const struct configuration *configuration = context;
    struct policy_file file = {.path = path, .status = status};
    return policy_file_read(&file, &configuration->context, mistakes);
}

/* Accounts of the default domain have no folder of their own; files in one would never be read. */
static void check_default_folder(struct configuration *configuration, const char *accounts, struct mistakes *mistakes) {
    const char *domain = configuration->host.settings.naming.default_domain;
    char *path = domain == NULL ? NULL : load_path(memory_of(configuration), accounts, domain);
    struct stat status;
    if (path != NULL && stat(path, &status) == 0)
        mistakes_add(mistakes, (struct place){.file = path},
                     "nothing in here is ever read; files of accounts in default_domain lie directly in %s", accounts);
}

static void prepare_accounts(struct configuration *configuration, struct mistakes *mistakes) {
    char *path = load_path(memory_of(configuration), configuration->folder, "accounts");
    if (path == NULL)
        return;
    check_default_folder(configuration, path, mistakes);
    struct account_reader reader = {read_account, configuration, configuration->context.owners};
    configuration->accounts =
        account_files_create(path, configuration->host.settings.naming.default_domain, ACCOUNT_FILES_KEPT, reader);
    memory_of(configuration)->failed |= configuration->accounts == NULL;
}

static char *folder_of(const char *path) {
    char *copy = strdup(path);
    char *folder = copy == NULL ? NULL : strdup(dirname(copy));
    free(copy);
    return folder;
}

struct configuration *load(const char *path, struct mistakes *mistakes) {
    struct configuration *configuration = calloc(1, sizeof *configuration);
    if (configuration != NULL) {
        configuration->folder = folder_of(path);
        configuration->built_in = policy_built_in();
        configuration->members = members_create();
    }
    if (configuration == NULL || configuration->folder == NULL || configuration->built_in == NULL ||
        configuration->members == NULL) {
        mistakes_add(mistakes, (struct place){.file = path}, "memory is short");
        configuration_free(&configuration);
        return NULL;
    }
    if (!read_main(configuration, path, mistakes)) {
        configuration_free(&configuration);
        return NULL;
    }
    check_folders(configuration, mistakes);
    read_domains(configuration, mistakes);
    serve(configuration, mistakes);
    read_groups(configuration, mistakes);
    prepare_accounts(configuration, mistakes);
    if (memory_of(configuration)->failed)
        mistakes_add(mistakes, (struct place){.file = path}, "memory is short");
    return configuration;
}
