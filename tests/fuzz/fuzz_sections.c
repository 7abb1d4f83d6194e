/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/sections.o ctl/scrap.o ctl/verb.o -Wl,--wrap=scrap_read -Wl,--wrap=glob -Wl,--wrap=globfree */
/* Any bytes as Dovecot's configuration, in files that include each other and as doveconf would print it: every setting
 * and section has its place in the text, and is found again. */
#include <fnmatch.h>
#include <glob.h>

#include "ctl/sections.h"
#include "made_files.h"

typedef int fault_of_glob(const char *path, int number);
int __wrap_glob(const char *pattern, int flags, fault_of_glob *fault, glob_t *found);
void __wrap_globfree(glob_t *found);

int __wrap_glob(const char *pattern, int flags, fault_of_glob *fault, glob_t *found) {
    (void)flags;
    (void)fault;
    const char *slash = strrchr(pattern, '/');
    *found = (glob_t){.gl_pathv = calloc(MADE_FILES, sizeof(char *))}; /* one for each: an include may include */
    require(found->gl_pathv != NULL);
    for (size_t i = 0; i < made_count && made_reads < MADE_READS; i++)
        if (fnmatch(slash != NULL ? slash + 1 : pattern, made[i].name, 0) == 0)
            found->gl_pathv[found->gl_pathc++] = made[i].name;
    if (found->gl_pathc > 0)
        return 0;
    free(found->gl_pathv);
    return GLOB_NOMATCH;
}

void __wrap_globfree(glob_t *found) {
    free(found->gl_pathv);
}

static void check_section(const struct section *section, int lines) {
    require(section->kind != NULL && section->title != NULL && section->path != NULL);
    require(section->place.line >= 1 && section->place.line <= lines);
}

static void check(const struct sections *sections, int lines) {
    for (size_t i = 0; i < sections->section_count; i++)
        check_section(sections->section[i], lines);
    for (size_t i = 0; i < sections->count; i++) {
        const struct section_setting *setting = &sections->setting[i];
        require(setting->place.line >= 1 && setting->place.line <= lines && strlen(setting->value) < SIZE_MAX);
        require(i > 64 || sections_find(sections, setting->section, setting->name) >= setting);
    }
}

static void find_each(const struct sections *printed, const struct sections *files) {
    for (size_t i = 0; i < printed->count && i < 64; i++) {
        const struct section_setting *setting = &printed->setting[i];
        require(sections_locate(files, setting->section, setting->name, "otherwise").file != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct arena arena = {NULL, false};
    made_split((const char *)bytes, size);
    struct sections files = sections_load(&arena, "/etc/dovecot/");
    check(&files, made_lines());
    char *text = scrap_part(&arena, (const char *)bytes, size);
    made_split((const char *)bytes, 0);
    made[0].length = size;
    struct sections printed = sections_parse(&arena, text, "doveconf -n");
    check(&printed, made_lines());
    find_each(&printed, &files);
    arena_clear(&arena);
    return 0;
}
