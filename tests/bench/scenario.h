/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured: one line of the scenario table, and the kinds of logins that it can name. */
#ifndef TESTS_BENCH_SCENARIO_H
#define TESTS_BENCH_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#define SCENARIO_WORDS 8

struct kind;

/* One row: `NAME KIND WORKERS WORDS…`, blanks between. */
struct scenario {
    const char *name;
    const struct kind *kind;
    unsigned workers;
    const char *words[SCENARIO_WORDS]; /* what the kind's own file says; NULL: not given */
};

/* A kind of login. `prepare` (may be NULL) is called once in each worker and returns what `once` is handed; `once` runs
 * one login, says how long the measured part of it took, and whether it ended as the scenario wants. */
struct kind {
    const char *name;
    void *(*prepare)(const struct scenario *scenario);
    bool (*once)(const struct scenario *scenario, void *prepared, uint64_t *nanoseconds);
};

extern const struct kind pam_kind;     /* CONFDIR SERVICE USER ADDRESS allow|deny: a whole PAM transaction */
extern const struct kind pair_kind;    /* SOCKET USER ADDRESS: connect, begin, commit, close */
extern const struct kind begin_kind;   /* SOCKET USER ADDRESS: the same, but only the begin is timed */
extern const struct kind dovecot_kind; /* SOCKET SERVICE USER ADDRESS PASSWORD allow|deny: one AUTH of a connection */

/* Nanoseconds that only rise. */
uint64_t scenario_clock(void);

#endif
