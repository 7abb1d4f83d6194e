/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads /etc/pam.d the way libpam does: comments, continued lines, bracketed words, the three kinds of inclusion, and
 * /etc/pam.d/other for a type of which a service has no line. Called by doctor; runs no module. */
#include "ctl/pam_stack.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_LIMIT 16   /* libpam's */
#define FILES_LIMIT 1000 /* libpam has none: files that include each other twice would keep it busy for ever */
#define BLANKS      " \t\r\n"

static const char *const result_words[PAM_RESULT_COUNT] = {
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
};
static const char *const action_words[] = {"ignore", "ok", "done", "bad", "die", "reset"}; /* 0, -1, -2 … */

static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};

/* What became of a file. libpam gives up the whole file where an @include cannot be read. */
enum outcome { READ, MISSING, GIVEN_UP };

/* What one file is read for. */
struct reading {
    struct arena *arena;
    const char *root;
    struct pam_stack *stack;
    const char *file;
    int number;
    int only; /* a pam_type, or -1: all */
    int level, depth;
    size_t *files;       /* read for this service by now */
    struct place origin; /* file NULL: this is the service's own file */
};

static void set_all(int actions[PAM_RESULT_COUNT], int action) {
    for (size_t i = 0; i < PAM_RESULT_COUNT; i++)
        actions[i] = action;
}

static bool parse_word(const char *control, int actions[PAM_RESULT_COUNT]) {
    static const struct {
        const char *word;
        int success, ignore, otherwise;
    } rows[] = {
        {"required", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_BAD},
        {"requisite", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_DIE},
        {"optional", PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE},
        {"sufficient", PAM_ACTION_DONE, PAM_ACTION_IGNORE, PAM_ACTION_IGNORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcasecmp(control, rows[i].word) != 0)
            continue;
        set_all(actions, rows[i].otherwise);
        actions[PAM_RESULT_SUCCESS] = actions[PAM_RESULT_NEW_AUTHTOK_REQD] = rows[i].success;
        actions[PAM_RESULT_IGNORE] = rows[i].ignore;
        return true;
    }
    return false;
}

static size_t find_word(const char *const *words, size_t count, const char *text, size_t length) {
    size_t i = 0;
    while (i < count && (strlen(words[i]) != length || memcmp(words[i], text, length) != 0))
        i++;
    return i;
}

static bool parse_action(const char *text, size_t length, int *action) {
    size_t count = sizeof action_words / sizeof action_words[0];
    size_t found = find_word(action_words, count, text, length);
    if (found < count) {
        *action = -(int)found;
        return true;
    }
    char *end;
    long jump = strtol(text, &end, 10);
    *action = (int)jump;
    return length > 0 && end == text + length && jump >= 0 && jump < INT_MAX;
}

/* Takes one "value=action" out of what stands between the brackets. `set` tells which values have one by now. */
static bool parse_pair(const char **at, int actions[PAM_RESULT_COUNT], bool set[PAM_RESULT_COUNT], int *otherwise) {
    const char *name = *at, *text = name + strcspn(name, BLANKS "=");
    size_t length = (size_t)(text - name);
    text += strspn(text, BLANKS);
    if (*text != '=')
        return false;
    text += 1 + strspn(text + 1, BLANKS);
    size_t extent = strcspn(text, BLANKS "]");
    int action;
    if (!parse_action(text, extent, &action))
        return false;
    *at = text + extent;
    if (length == strlen("default") && memcmp(name, "default", length) == 0) {
        *otherwise = action;
        return true;
    }
    size_t value = find_word(result_words, PAM_RESULT_COUNT, name, length);
    if (value == PAM_RESULT_COUNT)
        return false;
    actions[value] = action;
    set[value] = true;
    return true;
}

static bool parse_brackets(const char *text, int actions[PAM_RESULT_COUNT]) {
    bool set[PAM_RESULT_COUNT] = {false};
    int otherwise = PAM_ACTION_BAD;
    for (text += strspn(text, BLANKS); *text != '\0' && *text != ']'; text += strspn(text, BLANKS))
        if (!parse_pair(&text, actions, set, &otherwise))
            return false;
    for (size_t i = 0; i < PAM_RESULT_COUNT; i++)
        if (!set[i])
            actions[i] = otherwise;
    return *text == ']';
}

bool pam_control_parse(const char *control, int actions[PAM_RESULT_COUNT]) {
    if (control[0] == '[' ? parse_brackets(control + 1, actions) : parse_word(control, actions))
        return true;
    set_all(actions, PAM_ACTION_BAD);
    return false;
}

/* Takes the next word, brackets kept together; NULL at the line's end. */
static char *next_word(struct arena *arena, const char **at) {
    const char *text = *at + strspn(*at, BLANKS);
    size_t length = 0;
    if (*text == '\0')
        return NULL;
    if (*text == '[') {
        while (text[length] != '\0' && text[length] != ']')
            length += text[length] == '\\' && text[length + 1] != '\0' ? 2 : 1;
        length += text[length] == ']';
    } else {
        length = strcspn(text, BLANKS);
    }
    *at = text + length;
    return scrap_part(arena, text, length);
}

static struct pam_line *add(struct reading *reading, int type, enum pam_line_kind kind) {
    struct pam_lines *lines = &reading->stack->lines[type];
    lines->line = scrap_grow(reading->arena, lines->line, lines->count, sizeof *lines->line);
    struct pam_line *line = &lines->line[lines->count++];
    *line = (struct pam_line){.kind = kind, .level = reading->level, .control = "", .module = ""};
    line->place = (struct place){.file = reading->file, .line = reading->number};
    line->origin = reading->origin.file != NULL ? reading->origin : line->place;
    set_all(line->actions, PAM_ACTION_BAD);
    return line;
}

static void add_broken(struct reading *reading, int type, const char *why) {
    add(reading, type < 0 ? PAM_TYPE_AUTH : type, PAM_LINE_BROKEN)->module = why;
}

static enum outcome read_file(struct reading *reading);

/* Opens another file in this place, in the first folder that has it. */
static enum outcome include_file(struct reading *reading, int type, const char *name, bool substack) {
    struct reading inner = *reading;
    enum outcome outcome = MISSING;
    inner.only = type;
    inner.level += substack;
    inner.depth++;
    if (inner.origin.file == NULL)
        inner.origin = (struct place){.file = reading->file, .line = reading->number};
    bool absolute = name[0] == '/';
    size_t places = inner.depth < DEPTH_LIMIT && *inner.files < FILES_LIMIT ? (absolute ? 1 : 2) : 0;
    for (size_t i = 0; i < places && outcome == MISSING; i++) {
        inner.file = absolute ? scrap_text(reading->arena, "%s%s", reading->root, name)
                              : scrap_text(reading->arena, "%s%s/%s", reading->root, folders[i], name);
        outcome = read_file(&inner);
    }
    return outcome;
}

/* include and substack: what cannot be read is a module that fails. */
static void include(struct reading *reading, int type, const char *name, bool substack) {
    if (substack)
        add(reading, type, PAM_LINE_SUBSTACK)->module = name;
    if (include_file(reading, type, name, substack) != READ)
        add_broken(reading, type, scrap_text(reading->arena, "%s cannot be included", name));
}

static void read_module(struct reading *reading, int type, const char *control, const char *rest) {
    char *module = next_word(reading->arena, &rest);
    if (module == NULL) {
        add_broken(reading, type, "no module is named");
        return;
    }
    struct pam_line *line = add(reading, type, PAM_LINE_MODULE);
    line->control = control;
    line->module = module;
    if (!pam_control_parse(control, line->actions)) {
        line->kind = PAM_LINE_BROKEN;
        line->module = scrap_text(reading->arena, "%s is no control field", control);
        return;
    }
    struct words *arguments = &line->arguments;
    for (char *word; (word = next_word(reading->arena, &rest)) != NULL;) {
        size_t length = strlen(word);
        if (word[0] == '[' && length > 1 && word[length - 1] == ']')
            word = scrap_part(reading->arena, word + 1, length - 2);
        arguments->word = scrap_grow(reading->arena, arguments->word, arguments->count, sizeof *arguments->word);
        arguments->word[arguments->count++] = word;
    }
}

/* -1: session, password; -2: none */
static int type_of(const char *word) {
    word += word[0] == '-';
    if (strcasecmp(word, "auth") == 0)
        return PAM_TYPE_AUTH;
    if (strcasecmp(word, "account") == 0)
        return PAM_TYPE_ACCOUNT;
    return strcasecmp(word, "session") == 0 || strcasecmp(word, "password") == 0 ? -1 : -2;
}

/* @include: lines of every type that is wanted here. False where it cannot be read. */
static bool include_all(struct reading *reading, const char *name) {
    for (int type = 0; type < PAM_TYPE_COUNT; type++) {
        if (reading->only >= 0 && reading->only != type)
            continue;
        if (include_file(reading, type, name, false) == READ)
            continue;
        add_broken(reading, type, scrap_text(reading->arena, "%s cannot be included", name));
        return false;
    }
    return true;
}

static void read_own_line(struct reading *reading, char *first, const char *text) {
    int type = type_of(first);
    if (type == -2)
        add_broken(reading, reading->only, scrap_text(reading->arena, "%s is no type", first));
    if (type < 0 || (reading->only >= 0 && reading->only != type))
        return;
    char *control = next_word(reading->arena, &text);
    if (control == NULL) {
        add_broken(reading, type, "no control field");
        return;
    }
    bool substack = strcasecmp(control, "substack") == 0;
    if (substack || strcasecmp(control, "include") == 0) {
        char *name = next_word(reading->arena, &text);
        include(reading, type, name != NULL ? name : "", substack);
    } else {
        read_module(reading, type, control, text);
    }
}

/* False where the file is to be given up. */
static bool read_line(struct reading *reading, const char *text) {
    char *first = next_word(reading->arena, &text);
    if (first == NULL)
        return true;
    if (strcmp(first, "@include") == 0) {
        char *name = next_word(reading->arena, &text);
        return include_all(reading, name != NULL ? name : "");
    }
    read_own_line(reading, first, text);
    return true;
}

/* Puts lines that end in a backslash together, less comments. */
static char *whole_line(struct reading *reading, char **rest, int *number) {
    char *line = scrap_line(rest);
    if (line == NULL)
        return NULL;
    reading->number = ++*number;
    line[strcspn(line, "#")] = '\0';
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == '\\') {
        line[length - 1] = ' ';
        char *more = scrap_line(rest);
        if (more == NULL)
            break;
        ++*number;
        more[strcspn(more, "#")] = '\0';
        size_t added = strlen(more);
        memmove(line + length, more, added + 1); /* it lies behind the line in the same text */
        length += added;
    }
    return line;
}

static enum outcome read_file(struct reading *reading) {
    char *text = scrap_read(reading->arena, reading->file);
    if (text == NULL)
        return MISSING;
    ++*reading->files;
    int number = 0;
    for (char *line; (line = whole_line(reading, &text, &number)) != NULL;)
        if (!read_line(reading, line))
            return GIVEN_UP;
    return READ;
}

/* Of a service that is given up nothing runs: the line that is to blame stands for all. */
static void give_up(struct arena *arena, struct pam_stack *stack) {
    const struct pam_lines *auth = &stack->lines[PAM_TYPE_AUTH]; /* where include_all leaves it first */
    struct pam_line *last = scrap_take(arena, 1, sizeof *last);
    *last = auth->line[auth->count - 1];
    stack->given_up = true;
    for (int type = 0; type < PAM_TYPE_COUNT; type++)
        stack->lines[type] = (struct pam_lines){.line = last, .count = 1};
}

static struct pam_stack load_one(struct arena *arena, const char *root, const char *service) {
    struct pam_stack stack = {.service = service};
    size_t files = 0;
    for (size_t i = 0; i < 2 && !stack.exists; i++) {
        const char *file = scrap_text(arena, "%s%s/%s", root, folders[i], service);
        struct reading reading = {
            .arena = arena, .root = root, .stack = &stack, .file = file, .only = -1, .files = &files};
        enum outcome outcome = read_file(&reading);
        stack.exists = outcome != MISSING;
        if (stack.exists || i == 0)
            stack.file = file;
        if (outcome == GIVEN_UP)
            give_up(arena, &stack);
    }
    return stack;
}

struct pam_stack pam_stack_load(struct arena *arena, const char *root, const char *service) {
    struct pam_stack stack = load_one(arena, root, service);
    struct pam_stack other = load_one(arena, root, "other");
    for (int type = 0; type < PAM_TYPE_COUNT; type++) {
        if (stack.lines[type].count > 0)
            continue;
        stack.lines[type] = other.lines[type];
        stack.other[type] = true;
    }
    return stack;
}

const char *pam_line_module(const struct pam_line *line) {
    const char *slash = strrchr(line->module, '/');
    return slash != NULL ? slash + 1 : line->module;
}

const char *pam_line_argument(const struct pam_line *line, const char *name) {
    size_t length = strlen(name);
    bool valued = length > 0 && name[length - 1] == '=';
    for (size_t i = 0; i < line->arguments.count; i++) {
        const char *word = line->arguments.word[i];
        if (valued ? strncmp(word, name, length) == 0 : strcmp(word, name) == 0)
            return valued ? word + length : word;
    }
    return NULL;
}
