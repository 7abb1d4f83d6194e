/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor and setup read and put together. Nothing here is freed one by one: the arena goes as a whole. */
#include "ctl/scrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/verb.h"

#define FILE_LIMIT (4UL * 1024 * 1024)

void *scrap_take(struct arena *arena, size_t count, size_t size) {
    void *taken = arena_take(arena, count, size);
    if (taken == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    return taken;
}

void *scrap_grow(struct arena *arena, void *list, size_t count, size_t size) {
    if (count != 0 && (count & (count - 1)) != 0)
        return list;
    void *grown = scrap_take(arena, count == 0 ? 1 : 2 * count, size);
    if (count != 0)
        memcpy(grown, list, count * size);
    return grown;
}

char *scrap_format(struct arena *arena, const char *format, va_list arguments) {
    char *made = NULL;
    int length = vasprintf(&made, format, arguments);
    if (length < 0)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    char *text = scrap_part(arena, made, (size_t)length);
    free(made);
    return text;
}

char *scrap_text(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = scrap_format(arena, format, arguments);
    va_end(arguments);
    return text;
}

char *scrap_part(struct arena *arena, const char *text, size_t length) {
    char *part = scrap_take(arena, length + 1, 1);
    if (length > 0)
        memcpy(part, text, length);
    part[length] = '\0';
    return part;
}

char *scrap_read(struct arena *arena, const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t length = 0, size = 4096;
    do {
        size *= 2;
        char *larger = scrap_take(arena, size + 1, 1);
        if (length > 0)
            memcpy(larger, text, length);
        text = larger;
        length += fread(text + length, 1, size - length, file);
    } while (length == size && size < FILE_LIMIT);
    bool failed = ferror(file) != 0;
    fclose(file);
    text[length] = '\0';
    if (failed)
        errno = EIO;
    return failed ? NULL : text;
}

struct words scrap_split(struct arena *arena, const char *text, const char *separators) {
    struct words words = {NULL, 0};
    while (text != NULL && *(text += strspn(text, separators)) != '\0') {
        size_t length = strcspn(text, separators);
        words.word = scrap_grow(arena, words.word, words.count, sizeof *words.word);
        words.word[words.count++] = scrap_part(arena, text, length);
        text += length;
    }
    return words;
}

bool words_have(const struct words *words, const char *word) {
    for (size_t i = 0; i < words->count; i++)
        if (strcasecmp(words->word[i], word) == 0)
            return true;
    return false;
}

char *scrap_trim(char *text) {
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

char *scrap_line(char **text) {
    char *line = *text;
    if (line == NULL || *line == '\0')
        return NULL;
    char *end = strchr(line, '\n');
    *text = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = '\0';
    return line;
}
