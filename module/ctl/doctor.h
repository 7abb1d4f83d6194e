/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl doctor: what its files share. Each kind of finding is one row (struct doctor_check) of a table in the
 * file that looks at that thing; a row's function looks and adds findings. Everything is read once, into struct doctor.
 */
#ifndef AUTHGATE_CTL_DOCTOR_H
#define AUTHGATE_CTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/pam_stack.h"
#include "ctl/progress.h"
#include "ctl/scrap.h"
#include "ctl/sections.h"
#include "ctl/verb.h"
#include "policy/configuration.h"
#include "policy/mistake.h"

enum doctor_weight {
    DOCTOR_NOTE,   /* worth knowing; does not count */
    DOCTOR_OUTAGE, /* refuses logins that it should let in */
    DOCTOR_WEAK,   /* lets no login by, but takes one of the gate's defences away */
    DOCTOR_BYPASS, /* lets a login pass the gate by */
};

struct doctor;

struct doctor_check {
    const char *name; /* pam-commit-line: unique, and what tests and programs know it by */
    enum doctor_weight weight;
    void (*look)(struct doctor *doctor);
    const char *help; /* what it looks for, one line */
};

struct doctor_finding {
    const struct doctor_check *check;
    struct place place; /* file NULL: nowhere in a file */
    const char *what;
    const char *fix; /* NULL: `what` says it */
};

/* Something that could not be looked at, or was proven: printed, never counted. */
struct doctor_remark {
    bool proven;
    const char *what;
};

/* A PAM service that a mail program asks for. */
struct doctor_service {
    const char *name;
    const char *program; /* who asks: "Dovecot" */
    struct place place;  /* the line that says so */
    struct pam_stack stack;
};

/* A login that was tried on purpose, and what came of it. */
struct doctor_trial {
    const char *title; /* "Dovecot's service imap" */
    struct place place;
    const char *name, *password;
    const char *watched;              /* the account that the gate watches; the name, but for a realm that is added */
    const char *came_as;              /* the account that the gate saw; NULL: none */
    bool malformed;                   /* the gate took it for no name */
    const char *mechanisms;           /* what the server offers; NULL: not known */
    bool let_in;                      /* by the mail program */
    bool later;                       /* put off by it */
    bool counted;                     /* the gate must have seen it */
    int64_t seen, right, uncommitted; /* logins by this name, as the gate counted them */
};

struct doctor_dovecot;
struct doctor_postfix;
struct doctor_saslauthd;

struct doctor {
    struct arena arena;
    const char *root;           /* "": the system itself */
    const char *dovecot_file;   /* dovecot.conf */
    const char *postfix_folder; /* of main.cf and master.cf */
    const char *account;        /* to try; NULL: a made-up one */
    const char *socket;         /* the daemon's admin socket */
    const char *configuration_file;
    bool trials;                         /* log in on purpose */
    struct configuration *configuration; /* NULL: it has mistakes */
    struct mistakes mistakes;
    const struct settings *settings; /* NULL as well */
    struct doctor_dovecot *dovecot;  /* NULL: there is none here, or it could not be read */
    struct doctor_postfix *postfix;
    struct doctor_saslauthd *saslauthd;
    struct doctor_service *service;
    size_t service_count;
    const struct doctor_check *check; /* the row that looks now */
    struct doctor_finding *finding;
    size_t count;
    struct doctor_remark *remark;
    size_t remark_count;
    struct doctor_trial *trial;
    size_t trial_count;
    struct progress progress; /* of the trials */
};

/* Fills in the paths that the command line did not say and reads everything. Below a root nothing runs that could be
 * tried. Blocks. */
void doctor_read(struct doctor *doctor, const struct invocation *invocation);
void doctor_end(struct doctor *doctor);

/* Adds a finding of the row that looks now. `fix` may be NULL. */
void doctor_find(struct doctor *doctor, struct place place, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void doctor_remark(struct doctor *doctor, bool proven, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A path below the root, in the arena. */
const char *doctor_path(struct doctor *doctor, const char *path);

/* The first path that is there of `root`/usr/lib/ANYTHING/name and `root`/lib/ANYTHING/name, or NULL. */
const char *doctor_multiarch(struct doctor *doctor, const char *name);

/* Adds a service that `program` asks PAM for, once. */
void doctor_add_service(struct doctor *doctor, const char *name, const char *program, struct place place);

/* Whether the configuration names a gate socket (or a saslauthd socket) that a client finds under `path`. */
bool doctor_socket_known(const struct doctor *doctor, enum socket_kind kind, const char *path);

/* Whether one of a list of networks is the whole internet. */
bool doctor_everywhere(struct doctor *doctor, const char *networks);

#define DOCTOR_NOWHERE ((struct place){.file = NULL})

#endif
