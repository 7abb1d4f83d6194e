/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's configuration as authgatectl needs it: where the daemon's admin socket is, in which time zone dates are.
 */
#ifndef AUTHGATE_CTL_HOST_H
#define AUTHGATE_CTL_HOST_H

#include <stdbool.h>

#include "ctl/verb.h"
#include "policy/configuration.h"

/* Loads the configuration, which makes its time zone this process's. NULL where it has mistakes; they are printed then
 * (`quiet` false). Warnings never are: check shows them. */
struct configuration *host_load(const struct invocation *invocation, bool quiet);

/* The path of the admin socket: --socket, else the first that the configuration names, else the default.
 * `configuration` may be NULL: a daemon goes on with its last good configuration, and must still be found then. */
const char *host_admin_socket(const struct invocation *invocation, const struct configuration *configuration);

/* Prints mistakes to stderr as file:line:column: what. Those of the file `instead_of` (may be NULL) are shown as
 * `shown`'s. */
void host_print_mistakes(const struct mistakes *mistakes, const char *instead_of, char *shown);

#endif
