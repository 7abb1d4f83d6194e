/* SPDX-License-Identifier: BSD-2-Clause */
/* The words after pam_authgate.so on a line of a PAM stack. */
#ifndef AUTHGATE_PAM_ARGUMENTS_H
#define AUTHGATE_PAM_ARGUMENTS_H

#include <stdbool.h>

#define ARGUMENTS_SOCKET "/run/authgate/gate.sock"
#define ARGUMENTS_TIMEOUT 2000
#define ARGUMENTS_LONGEST_TIMEOUT 60000

struct arguments {
    const char *socket;  /* where the gate listens: an absolute path that fits a Unix socket's address */
    const char *service; /* NULL: PAM's service name says it */
    int timeout;         /* milliseconds that one call may take in all */
    bool defer;          /* this stack has a commit line: a denial may wait for it */
    bool commit;         /* this is that line */
    bool debug;
};

/* Reads them. Where one is unknown, given wrongly or contradicts another, returns that word (the first such one), and
 * NULL where all are right. The strings of `arguments` point into `argv`. */
const char *arguments_parse(struct arguments *arguments, int argc, const char *const *argv);

#endif
