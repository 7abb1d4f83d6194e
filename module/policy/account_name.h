/* SPDX-License-Identifier: BSD-2-Clause */
/* The one canonical form of an account name (DESIGN 4): lower case, default domain added, what follows the recipient
 * delimiter cut. Counters, files, upstream checks and logs use it. Only where the delimiter is one that users' own
 * names have is a password asked for under the undivided name: mary-jane may be somebody else than mary. */
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

/* Whether users' own names have the character, so that what it divides off may be the end of somebody else's name. */
bool account_name_delimiter_doubtful(char delimiter);

/* Writes the canonical form of `name`; with a doubtful delimiter, what follows it is kept, so that the text is another
 * than the canonical one exactly where something was cut that may make it another user's. It succeeds exactly where
 * account_name_canonical does; else false and "". */
bool account_name_undivided(const struct account_naming *naming, const char *name, char undivided[ACCOUNT_NAME_SIZE]);

/* Whether `domain` is LDH labels, none empty, none over 63 bytes, 253 in all, lower case or not. */
bool account_domain_valid(const char *domain);

#endif
