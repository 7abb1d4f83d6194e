/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the module's arguments for each entry point. There is none that lets a login in while the gate is away, and a
 * word that is not understood is a fault of the whole line: a misspelt `defer` must not quietly mean something else. */
#include "pam/arguments.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "wire/message.h"

/* What follows `name` and an '=' in `word`, or NULL. */
static const char *value_of(const char *word, const char *name) {
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static bool read_socket(struct arguments *arguments, const char *value) {
    arguments->socket = value;
    return value[0] == '/' && strlen(value) < sizeof((struct sockaddr_un *)NULL)->sun_path;
}

/* Whole seconds (2s) or milliseconds (1500ms). */
static bool read_timeout(struct arguments *arguments, const char *value) {
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 5)
        return false;
    int number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (value[i] - '0');
    bool seconds = strcmp(value + digits, "s") == 0;
    if (!seconds && strcmp(value + digits, "ms") != 0)
        return false;
    arguments->timeout = seconds ? number * 1000 : number;
    return arguments->timeout > 0 && arguments->timeout <= ARGUMENTS_LONGEST_TIMEOUT;
}

static bool read_service(struct arguments *arguments, const char *value) {
    arguments->service = value;
    return field_valid(FIELD_SERVICE, value);
}

/* Notes a word without a value; false where it was there already. */
static bool read_word(bool *flag) {
    bool first = !*flag;
    *flag = true;
    return first;
}

static bool read_argument(struct arguments *arguments, const char *word) {
    const char *value;
    if ((value = value_of(word, "socket")) != NULL)
        return read_socket(arguments, value);
    if ((value = value_of(word, "timeout")) != NULL)
        return read_timeout(arguments, value);
    if ((value = value_of(word, "service")) != NULL)
        return read_service(arguments, value);
    if (strcmp(word, "defer") == 0)
        return read_word(&arguments->defer) && !arguments->commit;
    if (strcmp(word, "commit") == 0)
        return read_word(&arguments->commit) && !arguments->defer;
    if (strcmp(word, "debug") == 0)
        return read_word(&arguments->debug);
    return false;
}

const char *arguments_parse(struct arguments *arguments, int argc, const char *const *argv) {
    *arguments = (struct arguments){.socket = ARGUMENTS_SOCKET, .timeout = ARGUMENTS_TIMEOUT};
    for (int i = 0; i < argc; i++)
        if (!read_argument(arguments, argv[i]))
            return argv[i];
    return NULL;
}
