/* SPDX-License-Identifier: BSD-2-Clause */
/* One parser for what Dovecot's administrators write and for what doveconf prints: doctor judges by the second, which
 * Dovecot itself has put together, and finds the line in the first. Called by doctor and setup. */
#include "ctl/sections.h"

#include <glob.h>
#include <string.h>

#define DEPTH_LIMIT 16
#define FILES_LIMIT 1000 /* files that include each other twice would go on for ever */
#define PATH_LIMIT  1024 /* sections nested still deeper have their paths in common */

struct kind_count {
    const char *path; /* of the enclosing section and the kind */
    size_t count;
};

struct parse {
    struct arena *arena;
    struct sections *sections;
    const struct section *current; /* NULL: the outermost */
    struct kind_count *kinds;
    size_t kind_count;
    const char *file;
    bool follow; /* includes */
    int depth, files;
};

static size_t next_number(struct parse *parse, const char *path) {
    for (size_t i = 0; i < parse->kind_count; i++)
        if (strcmp(parse->kinds[i].path, path) == 0)
            return parse->kinds[i].count++;
    parse->kinds = scrap_grow(parse->arena, parse->kinds, parse->kind_count, sizeof *parse->kinds);
    parse->kinds[parse->kind_count++] = (struct kind_count){.path = path, .count = 1};
    return 0;
}

static const char *path_of(struct parse *parse, const char *kind, const char *title) {
    const char *outer = parse->current != NULL ? parse->current->path : "";
    if (strlen(outer) > PATH_LIMIT)
        return outer;
    const char *path = scrap_text(parse->arena, "%s/%s", outer, kind);
    return title[0] != '\0' ? scrap_text(parse->arena, "%s %s", path, title)
                            : scrap_text(parse->arena, "%s #%zu", path, next_number(parse, path));
}

static char *unquote(char *value) {
    size_t length = strlen(value);
    if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
        value[length - 1] = '\0';
        value++;
    }
    return scrap_trim(value);
}

static void open_section(struct parse *parse, char *words, int line) {
    struct section *section = scrap_take(parse->arena, 1, sizeof *section);
    char *title = words + strcspn(words, " \t");
    if (*title != '\0')
        *title++ = '\0';
    title = unquote(scrap_trim(title));
    *section = (struct section){.kind = words, .title = title, .outer = parse->current};
    section->path = path_of(parse, words, title);
    section->place = (struct place){.file = parse->file, .line = line};
    struct sections *all = parse->sections;
    all->section = scrap_grow(parse->arena, all->section, all->section_count, sizeof *all->section);
    all->section[all->section_count++] = section;
    parse->current = section;
}

static void set(struct parse *parse, char *name, char *value, int line) {
    struct sections *all = parse->sections;
    all->setting = scrap_grow(parse->arena, all->setting, all->count, sizeof *all->setting);
    all->setting[all->count++] = (struct section_setting){.section = parse->current,
                                                          .name = scrap_trim(name),
                                                          .value = unquote(scrap_trim(value)),
                                                          .place = {.file = parse->file, .line = line}};
}

static void parse_text(struct parse *parse, char *text);

static void include(struct parse *parse, const char *pattern) {
    const char *slash = strrchr(parse->file, '/');
    int folder = slash != NULL ? (int)(slash - parse->file) + 1 : 0;
    const char *whole = pattern[0] == '/' ? pattern : scrap_text(parse->arena, "%.*s%s", folder, parse->file, pattern);
    glob_t found;
    if (parse->depth >= DEPTH_LIMIT || glob(whole, 0, NULL, &found) != 0)
        return;
    const char *file = parse->file;
    parse->depth++;
    for (size_t i = 0; i < found.gl_pathc && parse->files++ < FILES_LIMIT; i++) {
        parse->file = scrap_text(parse->arena, "%s", found.gl_pathv[i]);
        char *text = scrap_read(parse->arena, parse->file);
        if (text != NULL)
            parse_text(parse, text);
    }
    parse->depth--;
    parse->file = file;
    globfree(&found);
}

/* Cuts a comment off: from '#' at the start or after a blank, outside quotes. */
static void cut_comment(char *line) {
    char quote = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (quote != '\0')
            quote = *at == quote ? '\0' : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '#' && (at == line || at[-1] == ' ' || at[-1] == '\t'))
            *at-- = '\0';
    }
}

static void parse_line(struct parse *parse, char *text, int line) {
    cut_comment(text);
    text = scrap_trim(text);
    size_t length = strlen(text);
    char *equals = strchr(text, '=');
    if (length == 0)
        return;
    if (strncmp(text, "!include", 8) == 0) {
        if (parse->follow)
            include(parse, scrap_trim(text + strcspn(text, " \t")));
    } else if (strcmp(text, "}") == 0) {
        parse->current = parse->current != NULL ? parse->current->outer : NULL;
    } else if (text[length - 1] == '{' && equals == NULL) {
        text[length - 1] = '\0';
        open_section(parse, scrap_trim(text), line);
    } else if (equals != NULL) {
        *equals = '\0';
        set(parse, text, equals + 1, line);
    }
}

static void parse_text(struct parse *parse, char *text) {
    int number = 0;
    for (char *line; (line = scrap_line(&text)) != NULL;) {
        int first = ++number;
        size_t length = strlen(line);
        while (length > 0 && line[length - 1] == '\\') {
            line[length - 1] = ' ';
            char *more = scrap_line(&text);
            if (more == NULL)
                break;
            number++;
            size_t added = strlen(more);
            memmove(line + length, more, added + 1); /* it lies behind the line in the same text */
            length += added;
        }
        parse_line(parse, line, first);
    }
}

struct sections sections_parse(struct arena *arena, char *text, const char *file) {
    struct sections sections = {NULL, 0, NULL, 0};
    struct parse parse = {.arena = arena, .sections = &sections, .file = file};
    parse_text(&parse, text);
    return sections;
}

struct sections sections_load(struct arena *arena, const char *file) {
    struct sections sections = {NULL, 0, NULL, 0};
    struct parse parse = {.arena = arena, .sections = &sections, .file = file, .follow = true};
    char *text = scrap_read(arena, file);
    if (text != NULL)
        parse_text(&parse, text);
    return sections;
}

static bool same_section(const struct section *one, const struct section *other) {
    if (one == NULL || other == NULL)
        return one == other;
    return strcmp(one->path, other->path) == 0;
}

const struct section_setting *sections_find(const struct sections *sections, const struct section *section,
                                            const char *name) {
    for (size_t i = sections->count; i-- > 0;) {
        const struct section_setting *setting = &sections->setting[i];
        if (same_section(setting->section, section) && strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

struct place sections_locate(const struct sections *files, const struct section *section, const char *name,
                             const char *otherwise) {
    const struct section_setting *found = sections_find(files, section, name);
    if (found != NULL)
        return found->place;
    for (size_t i = 0; section != NULL && i < files->section_count; i++)
        if (same_section(files->section[i], section))
            return files->section[i]->place;
    return (struct place){.file = otherwise};
}
