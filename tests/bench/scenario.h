/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured: one line of the scenario table, and the kinds of logins that it can name. */
#ifndef TESTS_BENCH_SCENARIO_H
#define TESTS_BENCH_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#define SCENARIO_WORDS 8

enum outcome {
    LOGIN_WRONG, /* it ended otherwise than the scenario wants */
    LOGIN_RIGHT,
    LOGIN_NONE, /* there was nothing left to log in with: the worker's slice ends */
};

struct kind;

/* One row: `NAME KIND WORKERS WORDS…`, blanks between. */
struct scenario {
    const char *name;
    const struct kind *kind;
    unsigned workers;
    const char *words[SCENARIO_WORDS]; /* what the kind's own file says; NULL: not given */
};

/* A kind of login. `prepare` (may be NULL) is called once in each worker and returns what `once` is handed; `once` runs
 * one login and says how long the measured part of it took. */
struct kind {
    const char *name;
    bool warms; /* a worker runs one login that is not counted before the others */
    void *(*prepare)(const struct scenario *scenario);
    enum outcome (*once)(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds);
};

extern const struct kind pam_kind;     /* CONFDIR SERVICE USER ADDRESS allow|deny: a whole PAM transaction */
extern const struct kind draw_kind;    /* CONFDIR SERVICE ADDRESS COUNT DOMAINS: the same, each login another account */
extern const struct kind code_kind;    /* CONFDIR SERVICE ADDRESS POOL COUNT totp|hotp: the same, each code used once */
extern const struct kind pair_kind;    /* SOCKET USER ADDRESS: connect, begin, commit, close */
extern const struct kind begin_kind;   /* SOCKET USER ADDRESS: the same, but only the begin is timed */
extern const struct kind spread_kind;  /* SOCKET ADDRESS COUNT DOMAINS: as pair, each login another account */
extern const struct kind wrong_kind;   /* SOCKET POOL COUNT: a wrong password, each from another network */
extern const struct kind smtp_kind;    /* PORT ADDRESS USER PASSWORD: connect, EHLO, AUTH PLAIN, QUIT */
extern const struct kind dovecot_kind; /* SOCKET SERVICE USER ADDRESS PASSWORD allow|deny: one AUTH of a connection */

/* Nanoseconds that only rise. */
uint64_t scenario_clock(void);

#endif
