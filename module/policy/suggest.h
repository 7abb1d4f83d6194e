/* SPDX-License-Identifier: BSD-2-Clause */
/* What somebody who wrote a word that does not exist probably meant. */
#ifndef AUTHGATE_POLICY_SUGGEST_H
#define AUTHGATE_POLICY_SUGGEST_H

#include <stddef.h>

/* Start with the word alone: `(struct suggestion){.word = word}`. */
struct suggestion {
    const char *word;
    const char *best; /* the nearest candidate that is near enough, NULL: none */
    size_t distance;  /* of `best` */
};

/* Looks at one candidate, which must stay as long as the suggestion. */
void suggestion_try(struct suggestion *suggestion, const char *candidate);

/* Looks at each of a NULL-terminated list. */
void suggestion_try_all(struct suggestion *suggestion, const char *const *candidates);

#endif
