/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows keys with their values and where each was set. What a value's text looks like is the daemon's to say. */
#include "ctl/policy_view.h"

#include <stdio.h>
#include <string.h>

struct policy_view policy_view_start(struct json *list, bool only_set) {
    return (struct policy_view){.list = list, .grid = {.columns = 3}, .only_set = only_set};
}

static void put_json(struct json *list, const struct message *record) {
    struct json *object = json_append_object(list);
    json_put_text(object, "key", record->value[FIELD_KEY]);
    json_put_text(object, "value", record->value[FIELD_VALUE]);
    json_put_text(object, "source", record->value[FIELD_SOURCE]);
}

void policy_view_take(struct policy_view *view, const struct message *record) {
    const char *source = record->value[FIELD_SOURCE];
    bool built_in = source == NULL || strcmp(source, "built-in") == 0;
    view->built_in += built_in;
    if (view->list != NULL)
        put_json(view->list, record);
    else if (!built_in || !view->only_set)
        grid_add(&view->grid, (const char *const[]){record->value[FIELD_KEY], source, record->value[FIELD_VALUE]});
}

void policy_view_print(struct policy_view *view) {
    grid_print(&view->grid);
    if (view->only_set && view->built_in > 0)
        printf("  (and %zu built-in defaults: authgatectl account show lists them)\n", view->built_in);
}
