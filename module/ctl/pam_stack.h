/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM service as libpam would load it from /etc/pam.d: its auth and account lines in order, include, substack and
 * @include followed, each line with its file and number. */
#ifndef AUTHGATE_CTL_PAM_STACK_H
#define AUTHGATE_CTL_PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/scrap.h"
#include "policy/mistake.h"

/* libpam's return values that matter here, by its own numbers. */
enum pam_result {
    PAM_RESULT_SUCCESS = 0,
    PAM_RESULT_SYSTEM_ERR = 4,
    PAM_RESULT_PERM_DENIED = 6,
    PAM_RESULT_AUTH_ERR = 7,
    PAM_RESULT_AUTHINFO_UNAVAIL = 9,
    PAM_RESULT_USER_UNKNOWN = 10,
    PAM_RESULT_NEW_AUTHTOK_REQD = 12,
    PAM_RESULT_IGNORE = 25,
    PAM_RESULT_MODULE_UNKNOWN = 28,
    PAM_RESULT_COUNT = 32
};

/* What a control field does with a return value; a number above 0 skips so many lines. */
enum pam_action {
    PAM_ACTION_IGNORE = 0,
    PAM_ACTION_OK = -1,
    PAM_ACTION_DONE = -2,
    PAM_ACTION_BAD = -3,
    PAM_ACTION_DIE = -4,
    PAM_ACTION_RESET = -5
};

enum pam_type { PAM_TYPE_AUTH, PAM_TYPE_ACCOUNT, PAM_TYPE_COUNT };

enum pam_line_kind {
    PAM_LINE_MODULE,
    PAM_LINE_SUBSTACK, /* where a substack begins; its lines follow, one level deeper */
    PAM_LINE_BROKEN,   /* libpam takes it for a module that fails */
};

struct pam_line {
    enum pam_line_kind kind;
    struct place place;  /* the line itself */
    struct place origin; /* the line of the service's own file by which it came */
    int level;           /* how many substacks deep */
    const char *control; /* as written */
    int actions[PAM_RESULT_COUNT];
    const char *module; /* as written; of a substack, the file's name; of a broken line, what is wrong */
    struct words arguments;
};

struct pam_lines {
    struct pam_line *line;
    size_t count;
};

struct pam_stack {
    const char *service;
    const char *file; /* the service's own, or where it would be */
    bool exists;      /* that file does */
    bool given_up;    /* libpam cannot read it, and refuses everybody */
    struct pam_lines lines[PAM_TYPE_COUNT];
    bool other[PAM_TYPE_COUNT]; /* the lines are those of /etc/pam.d/other, for the file has none of that type */
};

/* Loads a service from `root`/etc/pam.d, else `root`/usr/lib/pam.d. `root` is "" for the system itself. */
struct pam_stack pam_stack_load(struct arena *arena, const char *root, const char *service);

/* Reads a control field such as "required" or "[success=1 default=ignore]". False where it is none: then everything is
 * PAM_ACTION_BAD, as libpam has it. */
bool pam_control_parse(const char *control, int actions[PAM_RESULT_COUNT]);

/* The module's name without folder: pam_unix.so */
const char *pam_line_module(const struct pam_line *line);

/* Whether a module line has an argument, and its value: of "socket=/x" for "socket=" that is "/x". NULL: it has not. */
const char *pam_line_argument(const struct pam_line *line, const char *name);

#endif
