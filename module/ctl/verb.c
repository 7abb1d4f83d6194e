/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of verbs and complaints about them, the same for every verb. Called by the verbs; knows none of them. */
#include "ctl/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status verb_fail(enum status status, const char *format, ...) {
    va_list arguments;
    fputs("authgatectl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

static const struct verb_option *find(const struct verb_option *options, const char *word, size_t length) {
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && memcmp(options->name, word, length) == 0)
            return options;
    return NULL;
}

/* Takes one option with its value, which is in the same word after '=' or in the next. 0 where it is wrong, else the
 * number of words that it took. */
static size_t take_option(const struct verb_option *options, char **words, size_t left) {
    const char *word = words[0] + 2;
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct verb_option *option = find(options, word, length);
    if (option == NULL) {
        verb_fail(STATUS_USAGE, "unknown option %s", words[0]);
        return 0;
    }
    if (*option->value != NULL) {
        verb_fail(STATUS_USAGE, "--%s is given twice", option->name);
        return 0;
    }
    if (equals == NULL && left < 2) {
        verb_fail(STATUS_USAGE, "--%s needs a value", option->name);
        return 0;
    }
    *option->value = equals != NULL ? equals + 1 : words[1];
    return equals != NULL ? 1 : 2;
}

bool verb_parse(struct invocation *invocation, const struct verb_option *options) {
    size_t operands = 0;
    bool only_operands = false;
    for (size_t i = 0; i < invocation->count;) {
        char *word = invocation->words[i];
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            invocation->words[operands++] = word;
            i++;
        } else if (strcmp(word, "--") == 0 || strcmp(word, "--json") == 0) {
            only_operands = word[2] == '\0';
            invocation->json = invocation->json || !only_operands;
            i++;
        } else if (word[1] == '-') {
            size_t taken = take_option(options, invocation->words + i, invocation->count - i);
            if (taken == 0)
                return false;
            i += taken;
        } else {
            verb_fail(STATUS_USAGE, "unknown option %s", word);
            return false;
        }
    }
    invocation->count = operands;
    return true;
}

bool verb_take_flag(struct invocation *invocation, const char *flag) {
    bool found = false, only_operands = false;
    size_t kept = 0;
    for (size_t i = 0; i < invocation->count; i++) {
        only_operands = only_operands || strcmp(invocation->words[i], "--") == 0;
        bool same = !only_operands && strcmp(invocation->words[i], flag) == 0;
        found = found || same;
        if (!same)
            invocation->words[kept++] = invocation->words[i];
    }
    invocation->count = kept;
    return found;
}
