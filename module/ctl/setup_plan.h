/* SPDX-License-Identifier: BSD-2-Clause */
/* What setup is going to write: files with the lines that change, and what it refuses to touch. Nothing is written
 * until the whole plan has been made and shown. */
#ifndef AUTHGATE_CTL_SETUP_PLAN_H
#define AUTHGATE_CTL_SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/doctor.h"

/* One file. A line may come to hold several. */
struct setup_change {
    const char *file;
    const char *before; /* NULL: there is none yet */
    const char **line;  /* NULL in a new file; without its line end */
    size_t count;
    const char *added; /* at the end, or all of a new file */
    const char *copy;  /* of what was there; NULL until there is one */
};

struct setup_plan {
    struct doctor doctor; /* what was read */
    struct setup_change *change;
    size_t count;
    const char **refusal; /* why something cannot be set up here */
    size_t refusal_count;
    const char **advice; /* what is left to do by hand */
    size_t advice_count;
    const char *remark; /* why a server needs nothing, or NULL */
};

/* The change of a file, begun where there is none yet. NULL (and a refusal) where it cannot be read. */
struct setup_change *setup_change_of(struct setup_plan *plan, const char *file);

/* The change that makes a file that is not there. */
void setup_create(struct setup_plan *plan, const char *file, const char *text);

/* Replaces what stands in a line (numbered from 1), its indentation kept; or adds a line behind it, indented alike. */
void setup_replace(struct setup_plan *plan, struct setup_change *change, int line, const char *text);
void setup_insert(struct setup_plan *plan, struct setup_change *change, int line, const char *text);

/* Adds a line at the end. */
void setup_append(struct setup_plan *plan, struct setup_change *change, const char *text);

/* The file's text as it will be. */
const char *setup_text(struct setup_plan *plan, const struct setup_change *change);

void setup_refuse(struct setup_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
void setup_advise(struct setup_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What each kind of server needs (setup_servers.c). */
void setup_dovecot(struct setup_plan *plan);
void setup_postfix(struct setup_plan *plan);
void setup_saslauthd(struct setup_plan *plan);

/* The PAM services of every protocol that is not there yet (setup_servers.c). */
void setup_pam(struct setup_plan *plan);

/* The sockets that Postfix needs, in authgate.conf (setup_gate.c). */
void setup_gate(struct setup_plan *plan);

/* Writes the plan: a copy of each file beside it, then the file itself in one step. False where one could not be
 * written; what had been written before is put back then. */
bool setup_write(struct setup_plan *plan);

/* Puts back what was there before. */
void setup_undo(struct setup_plan *plan, size_t count);

#endif
