/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes one flat JSON object into a buffer: for the program that `notify` names. authgatectl has a library for more.
 */
#ifndef AUTHGATE_DAEMON_JSON_TEXT_H
#define AUTHGATE_DAEMON_JSON_TEXT_H

#include <stdint.h>

#include "base/buffer.h"

/* Starts and ends an object. What does not fit sets the buffer's `overflowed`. */
void json_text_open(struct buffer *text);
void json_text_close(struct buffer *text);

/* Each adds one member. A NULL or empty text adds none. Bytes that are no UTF-8 become U+FFFD; quotes, backslashes and
 * control characters are escaped. */
void json_text_add(struct buffer *text, const char *name, const char *value);
void json_text_add_number(struct buffer *text, const char *name, int64_t number);

/* Adds a time as "2026-11-21T22:10:00Z". */
void json_text_add_time(struct buffer *text, const char *name, int64_t seconds);

#endif
