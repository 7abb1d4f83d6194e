/* SPDX-License-Identifier: BSD-2-Clause */
/* The answers for programs (--json). The only place that knows the JSON library. Memory that runs out shows once, when
 * the document is printed. */
#ifndef AUTHGATE_CTL_JSON_H
#define AUTHGATE_CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/verb.h"

struct json; /* an object or a list */

struct json *json_make_object(void);
struct json *json_make_list(void);

/* Each sets one member of an object. A NULL text sets nothing; bytes that are no UTF-8 are shown as \xNN. */
void json_put_text(struct json *object, const char *name, const char *text);
void json_put_number(struct json *object, const char *name, int64_t number);
void json_put_flag(struct json *object, const char *name, bool flag);

/* Makes a child and puts it there; it belongs to its parent. */
struct json *json_put_object(struct json *object, const char *name);
struct json *json_put_list(struct json *object, const char *name);
struct json *json_append_object(struct json *list);

void json_append_text(struct json *list, const char *text);

/* Prints the document on stdout, with a line end, frees it and sets the pointer to NULL. Returns `status`, or
 * STATUS_NO where it could not be made. */
enum status json_print(struct json **document, enum status status);

#endif
