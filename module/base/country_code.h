/* SPDX-License-Identifier: BSD-2-Clause */
/* ISO 3166-1 alpha-2 country codes, the continents they lie in, and sets of them. */
#ifndef AUTHGATE_BASE_COUNTRY_CODE_H
#define AUTHGATE_BASE_COUNTRY_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* A code as a number, 1 + 26 * first letter + second letter; 0 is unknown. */
typedef uint16_t country_code;
#define COUNTRY_UNKNOWN ((country_code)0)
#define COUNTRY_CODE_END 677 /* one past the largest */

struct country_set {
    uint64_t bits[(COUNTRY_CODE_END + 63) / 64];
};

/* Two ASCII letters of either case, as a code. COUNTRY_UNKNOWN for anything else. Says nothing about whether ISO
 * assigned it: databases use XK (Kosovo) too. */
country_code country_code_parse(const char *text);

/* Writes the two upper-case letters, "" for COUNTRY_UNKNOWN. */
void country_code_format(country_code code, char text[3]);

/* Whether ISO 3166-1 assigns it (XK, which every database uses, counts). */
bool country_code_assigned(country_code code);

/* What an administrator who wrote `text` probably meant (UK is GB, EL is GR), or NULL. */
const char *country_code_meant(const char *text);

void country_set_add(struct country_set *set, country_code code);
bool country_set_has(const struct country_set *set, country_code code);
bool country_set_empty(const struct country_set *set);

/* Adds every country that ISO 3166-1 assigns, and XK. */
void country_set_add_assigned(struct country_set *set);

/* Adds every country of a continent (AF, AN, AS, EU, NA, OC, SA); false where there is no such continent. */
bool country_set_add_continent(struct country_set *set, const char *continent);

#endif
