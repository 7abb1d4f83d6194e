/* SPDX-License-Identifier: BSD-2-Clause */
/* One question after the other until the daemon has come to the store's end. Called by `store` and by doctor; changes
 * nothing. */
#include "ctl/unopened.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/progress.h"

static size_t number(const char *text) {
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

static void keep_name(char name[ACCOUNT_NAME_SIZE], const char *text) {
    struct buffer copy;
    buffer_init(&copy, name, ACCOUNT_NAME_SIZE);
    buffer_add_format(&copy, "%.320s", text != NULL ? text : "");
}

static void take(void *context, const struct message *record) {
    struct unopened *unopened = context;
    const char *const *value = record->value;
    if (strcmp(value[FIELD_RECORD], "checked") == 0) {
        unopened->checked += number(value[FIELD_VALUE]);
        unopened->count += number(value[FIELD_USES]);
        unopened->strange += number(value[FIELD_TIMES]);
        keep_name(unopened->after, value[FIELD_AFTER]);
    } else if (strcmp(value[FIELD_RECORD], "unopened") == 0 && unopened->named < UNOPENED_NAMED) {
        keep_name(unopened->names[unopened->named++], value[FIELD_ACCOUNT]);
    }
}

bool unopened_find(const char *socket, struct unopened *unopened) {
    struct progress progress;
    enum status status;
    *unopened = (struct unopened){.checked = 0};
    progress_start(&progress, "accounts");
    do {
        char after[ACCOUNT_NAME_SIZE];
        struct message question = {{NULL}};
        memcpy(after, unopened->after, sizeof after);
        question.value[FIELD_REQUEST] = "key-check";
        question.value[FIELD_AFTER] = after[0] != '\0' ? after : NULL;
        unopened->after[0] = '\0';
        status = ask(socket, &question, take, unopened);
        progress_step(&progress, unopened->checked, 0);
    } while (status == STATUS_DONE && unopened->after[0] != '\0');
    progress_end(&progress);
    return status == STATUS_DONE;
}

void unopened_write(const struct unopened *unopened, struct buffer *text) {
    size_t count = unopened->count, more = count - unopened->named;
    buffer_add_format(text, "the secret%s of %zu account%s do%s not open with the key file: ", count == 1 ? "" : "s",
                      count, count == 1 ? "" : "s", count == 1 ? "es" : "");
    for (size_t i = 0; i < unopened->named; i++)
        buffer_add_format(text, "%s%s", i == 0 ? "" : more == 0 && i + 1 == unopened->named ? " and " : ", ",
                          unopened->names[i]);
    if (more > 0)
        buffer_add_format(text, " and %zu more", more);
}
