/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lines of a PAM stack are to the gate, and what becomes of logins that it should refuse, by pam_walk.
 * Pure. */
#ifndef AUTHGATE_CTL_PAM_SHAPE_H
#define AUTHGATE_CTL_PAM_SHAPE_H

#include <stdbool.h>

#include "ctl/pam_stack.h"

enum pam_role {
    PAM_ROLE_NEUTRAL,  /* says nothing about the password: pam_env, pam_faildelay … */
    PAM_ROLE_BEGIN,    /* pam_authgate.so in auth, without commit */
    PAM_ROLE_COMMIT,   /* pam_authgate.so commit */
    PAM_ROLE_ACCOUNT,  /* pam_authgate.so in account */
    PAM_ROLE_PASSWORD, /* checks the password */
    PAM_ROLE_PERMIT,
    PAM_ROLE_DENY,
    PAM_ROLE_BROKEN,
};

/* The first line of each kind, NULL where there is none; where several are checkers, each counts. */
struct pam_shape {
    const struct pam_stack *stack;
    const struct pam_line *begin, *commit, *account;
    const struct pam_line *password;         /* the first between begin and commit, where both are */
    const struct pam_line *password_outside; /* the first that stands elsewhere */
    bool unknown_checks;                     /* no known password module is there, so an unknown one is taken for it */
};

/* One way in which a login may go. */
struct pam_world {
    enum pam_result begin;        /* what the first line returns */
    bool denied;                  /* the commit line's answer */
    enum pam_result password;     /* of every password module but `right` */
    const struct pam_line *right; /* the one that finds the password right; NULL: none does */
    enum pam_result neutral;      /* of every line that is not the gate's business */
};

struct pam_outcome {
    bool authenticated;                              /* the auth phase succeeded */
    bool let_in;                                     /* so did the account phase */
    const struct pam_line *first_password;           /* the first password module that ran; NULL */
    const struct pam_line *last_auth, *last_account; /* the last lines that ran */
    bool committed;                                  /* the commit line ran */
    bool account_asked;                              /* our account line ran */
};

struct pam_shape pam_shape_of(const struct pam_stack *stack);

enum pam_role pam_role_of(const struct pam_shape *shape, const struct pam_line *line, enum pam_type type);

/* Whether all three lines are there and in order, with a password module between. */
bool pam_shape_complete(const struct pam_shape *shape);

/* Whether the control field of one of our lines gives each of its answers its due. */
bool pam_shape_control_right(const struct pam_line *line, enum pam_role role);

struct pam_outcome pam_shape_try(const struct pam_shape *shape, const struct pam_world *world);

#endif
