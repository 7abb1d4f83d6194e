/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that authgatectl writes as JSON goes through here. A struct json is a json_t under another name, so that
 * no verb includes the library. */
#include "ctl/json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

static json_t *own(struct json *json) {
    return (json_t *)(void *)json;
}

static struct json *opaque(json_t *json) {
    return (struct json *)(void *)json;
}

struct json *json_make_object(void) {
    return opaque(json_object());
}

struct json *json_make_list(void) {
    return opaque(json_array());
}

static json_t *make_escaped(const char *text) {
    char storage[8192];
    struct buffer buffer;
    buffer_init(&buffer, storage, sizeof storage);
    for (const char *byte = text; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < 0x80)
            buffer_add_char(&buffer, *byte);
        else
            buffer_add_format(&buffer, "\\x%02x", (unsigned)(unsigned char)*byte);
    }
    return json_string(storage);
}

static json_t *make_text(const char *text) {
    json_t *made = json_string(text);
    return made != NULL ? made : make_escaped(text);
}

void json_put_text(struct json *object, const char *name, const char *text) {
    if (text != NULL)
        json_object_set_new(own(object), name, make_text(text));
}

void json_put_number(struct json *object, const char *name, int64_t number) {
    json_object_set_new(own(object), name, json_integer(number));
}

void json_put_flag(struct json *object, const char *name, bool flag) {
    json_object_set_new(own(object), name, json_boolean(flag));
}

struct json *json_put_object(struct json *object, const char *name) {
    json_t *made = json_object();
    json_object_set_new(own(object), name, made);
    return opaque(made);
}

struct json *json_put_list(struct json *object, const char *name) {
    json_t *made = json_array();
    json_object_set_new(own(object), name, made);
    return opaque(made);
}

struct json *json_append_object(struct json *list) {
    json_t *made = json_object();
    json_array_append_new(own(list), made);
    return opaque(made);
}

void json_append_text(struct json *list, const char *text) {
    json_array_append_new(own(list), make_text(text));
}

enum status json_print(struct json **document, enum status status) {
    int failed = *document == NULL || json_dumpf(own(*document), stdout, JSON_INDENT(2)) != 0;
    json_decref(own(*document));
    *document = NULL;
    if (failed)
        return verb_fail(STATUS_NO, "the answer cannot be written as JSON");
    putchar('\n');
    return status;
}
