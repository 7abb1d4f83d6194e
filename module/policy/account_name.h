/* SPDX-License-Identifier: BSD-2-Clause */
/* The one canonical form of an account name (DESIGN 4): lower case, default domain added, what follows the recipient
 * delimiter cut. Counters, files and logs use it. A password is asked for under the undivided name, since to whoever
 * keeps the passwords mary-jane may be somebody else than mary. */
#ifndef AUTHGATE_POLICY_ACCOUNT_NAME_H
#define AUTHGATE_POLICY_ACCOUNT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define ACCOUNT_NAME_LIMIT 320                      /* bytes, RFC 3696 erratum 1690's bound rounded as DESIGN has it */
#define ACCOUNT_NAME_SIZE  (ACCOUNT_NAME_LIMIT + 1) /* with its NUL */

/* What decides the form; borrowed from the host's settings. */
struct account_naming {
    const char *default_domain; /* lower case, NULL: names without a domain stay without one */
    const char *const *domains; /* served ones, lower case; with none, any domain is served */
    size_t domain_count;
    bool domains_sorted;      /* in strcmp's order, so that thousands of them are searched by halves */
    char recipient_delimiter; /* '\0': none */
};

/* Writes the canonical form of `name`. False (and "") where the name is malformed or its domain not served. */
bool account_name_canonical(const struct account_naming *naming, const char *name, char canonical[ACCOUNT_NAME_SIZE]);

/* Writes the canonical form of `name` with what follows the recipient delimiter kept: another text than the canonical
 * one exactly where something was cut. It succeeds exactly where account_name_canonical does; else false and "". */
bool account_name_undivided(const struct account_naming *naming, const char *name, char undivided[ACCOUNT_NAME_SIZE]);

/* Whether `domain` is LDH labels, none empty, none over 63 bytes, 253 in all, lower case or not. */
bool account_domain_valid(const char *domain);

#endif
