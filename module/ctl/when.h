/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as people read them, in the configuration's time zone. */
#ifndef AUTHGATE_CTL_WHEN_H
#define AUTHGATE_CTL_WHEN_H

#include <stdint.h>

#define WHEN_TEXT_SIZE 48

/* Writes "2026-12-01 09:00:00 JST". */
void when_format(int64_t seconds, char text[WHEN_TEXT_SIZE]);

/* Writes a duration in its two largest units: "3 d 4 h". */
void when_format_span(int64_t seconds, char text[WHEN_TEXT_SIZE]);

#endif
