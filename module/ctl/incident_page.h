/* SPDX-License-Identifier: BSD-2-Clause */
/* An account's story as one HTML page that needs nothing else: no script, no outside resource, its chart drawn in SVG.
 */
#ifndef AUTHGATE_CTL_INCIDENT_PAGE_H
#define AUTHGATE_CTL_INCIDENT_PAGE_H

#include <stdio.h>

#include "ctl/story.h"

/* Writes the page. Whether all of it could be written shows in the stream. */
void incident_page_write(FILE *out, const struct story *story, int64_t now);

#endif
