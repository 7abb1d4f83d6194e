/* SPDX-License-Identifier: BSD-2-Clause */
/* The members that groups list by name, in one hash table, so that finding an account's groups costs the same with ten
 * members and with a hundred thousand. Filled while a configuration is loaded; asked at each login; never asks NSS. */
#include "policy/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/siphash.h"
#include "policy/arena.h"
#include "policy/source.h"

struct member {
    const char *account; /* NULL: free */
    uint64_t groups;
};

struct members {
    struct member *places; /* a power of two of them */
    size_t size, count;
    unsigned char key[SIPHASH_KEY_SIZE];
    struct arena names;
};

struct members *members_create(void) {
    struct members *members = calloc(1, sizeof *members);
    if (members == NULL)
        return NULL;
    members->size = 64;
    members->places = calloc(members->size, sizeof *members->places);
    if (members->places == NULL) {
        free(members);
        return NULL;
    }
    (void)random_fill(members->key, sizeof members->key);
    return members;
}

void members_free(struct members **members) {
    if (*members == NULL)
        return;
    arena_clear(&(*members)->names);
    free((*members)->places);
    free(*members);
    *members = NULL;
}

/* The account's place, or the free one where it belongs. */
static struct member *find(const struct members *members, const char *account) {
    size_t at = (size_t)siphash(members->key, account, strlen(account));
    for (;; at++) {
        struct member *member = &members->places[at & (members->size - 1)];
        if (member->account == NULL || strcmp(member->account, account) == 0)
            return member;
    }
}

static bool grow(struct members *members) {
    struct members larger = *members;
    larger.size = members->size * 2;
    larger.places = calloc(larger.size, sizeof *larger.places);
    if (larger.places == NULL)
        return false;
    for (size_t i = 0; i < members->size; i++)
        if (members->places[i].account != NULL)
            *find(&larger, members->places[i].account) = members->places[i];
    free(members->places);
    *members = larger;
    return true;
}

bool members_add(struct members *members, const char *account, unsigned group) {
    if (members->count * 2 >= members->size && !grow(members))
        return false;
    struct member *member = find(members, account);
    if (member->account == NULL) {
        member->account = arena_text(&members->names, account);
        if (member->account == NULL)
            return false;
        members->count++;
    }
    member->groups |= (uint64_t)1 << group;
    return true;
}

uint64_t members_groups(const struct members *members, const char *account) {
    return find(members, account)->groups;
}

void members_each(const struct members *members, unsigned group, void (*take)(void *context, const char *account),
                  void *context) {
    for (size_t i = 0; i < members->size; i++)
        if (members->places[i].account != NULL && (members->places[i].groups >> group & 1) != 0)
            take(context, members->places[i].account);
}

/* The line less its comment and the blanks around it. */
static char *trimmed(char *line) {
    line[strcspn(line, "#")] = '\0';
    line += strspn(line, " \t\r");
    size_t length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    line[length] = '\0';
    return line;
}

static void read_line(struct members *members, char *line, const struct members_file *file, int number,
                      struct mistakes *mistakes) {
    char account[ACCOUNT_NAME_SIZE];
    const char *name = trimmed(line);
    struct place place = {.file = file->path, .line = number};
    if (name[0] == '\0')
        return;
    if (!account_name_canonical(file->naming, name, account))
        mistakes_add(mistakes, place, "\"%.80s\" cannot be an account here; write a name, with a domain that is served",
                     name);
    else if (!members_add(members, account, file->group))
        mistakes_add(mistakes, place, "memory is short");
}

void members_read_file(struct members *members, const struct members_file *file, struct mistakes *mistakes) {
    struct source source = {.path = file->path, .limit = SOURCE_MEMBERS_LIMIT, .place = file->place};
    size_t length;
    struct stat status;
    char *text = source_read(&source, mistakes, &length, &status);
    struct place place = {.file = file->path};
    if (text == NULL || !source_owner_fits(status.st_uid, file->owners, place, mistakes)) {
        free(text);
        return;
    }
    mistakes_limit(mistakes, 200);
    if (memchr(text, '\0', length) != NULL)
        mistakes_add(mistakes, place, "a NUL; this is no text file");
    char *rest = text;
    int number = 0;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        read_line(members, line, file, ++number, mistakes);
    free(text);
}
