/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines of `name=value` pairs that no value can forge, and where they go. */
#ifndef AUTHGATE_BASE_LOG_H
#define AUTHGATE_BASE_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "base/buffer.h"

#define LOG_LINE_SIZE 2048
#define LOG_VALUE_LIMIT 128 /* bytes of a value that are shown */

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Appends ` name=value` (no blank before the first). In the value every byte but printable ASCII, the blank and the
 * backslash are written as \xNN, and what follows LOG_VALUE_LIMIT bytes is replaced by "...". A NULL or empty value
 * adds nothing; one that does not fit adds nothing and sets `overflowed`. */
void log_add(struct buffer *line, const char *name, const char *value);

/* Appends text made safe as in log_add, without a name: for paths and names within a sentence. Blanks stay. */
void log_add_text(struct buffer *line, const char *text);

/* Where log_line and log_message write from now on. `name` (kept, not copied) is the program's. Default: stderr. */
void log_open(enum log_target target, const char *name);

/* Gives up what log_open opened; the next line opens it again. For a process that closes what it inherited. */
void log_close(void);

/* Writes one line with a syslog priority (LOG_ERR, LOG_CRIT, …), to syslog with the facility mail. On stderr a line
 * more urgent than LOG_NOTICE starts with its priority's word. A full pipe is never waited for, a syslog that is behind
 * for 100 ms at most, and a twentieth of the time: then the line is dropped and counted. log_message writes what is
 * not printable ASCII as \xNN. */
void log_line(int priority, const char *line);
void log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many lines could not be written since the start. */
unsigned long log_dropped(void);

#endif
