/* SPDX-License-Identifier: BSD-2-Clause */
/* Spelling: the number of letters to insert, drop, replace or swap between two words, and the nearest word by it. Used
 * where a key, service, rule or choice is not known. It knows none of these itself. */
#include "policy/suggest.h"

#include <string.h>

#define WORD_LIMIT 40 /* longer words are nobody's slip of the pen */

static char folded(char character) {
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character == '_' ? '-' : character;
}

static size_t least(size_t one, size_t other) {
    return one < other ? one : other;
}

/* The cell of row i, column j, from the two rows above it. */
static size_t cell(size_t rows[3][WORD_LIMIT + 1], const char *one, const char *other, size_t i, size_t j) {
    const size_t *above = rows[(i + 2) % 3], *own = rows[i % 3];
    size_t best = above[j - 1] + (folded(one[i - 1]) != folded(other[j - 1]));
    best = least(best, least(above[j], own[j - 1]) + 1);
    if (i > 1 && j > 1 && folded(one[i - 1]) == folded(other[j - 2]) && folded(one[i - 2]) == folded(other[j - 1]))
        best = least(best, rows[(i + 1) % 3][j - 2] + 1);
    return best;
}

static size_t distance_between(const char *one, const char *other) {
    size_t rows[3][WORD_LIMIT + 1];
    size_t height = strlen(one), width = strlen(other);
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= height; i++) {
        rows[i % 3][0] = i;
        for (size_t j = 1; j <= width; j++)
            rows[i % 3][j] = cell(rows, one, other, i, j);
    }
    return rows[height % 3][width];
}

void suggestion_try(struct suggestion *suggestion, const char *candidate) {
    size_t length = strlen(suggestion->word);
    if (length == 0 || length > WORD_LIMIT || candidate[0] == '\0' || strlen(candidate) > WORD_LIMIT)
        return;
    size_t distance = distance_between(suggestion->word, candidate);
    size_t near_enough = length < 3 ? 0 : length < 6 ? 1 : length / 3;
    if (distance <= near_enough && (suggestion->best == NULL || distance < suggestion->distance)) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}

void suggestion_try_all(struct suggestion *suggestion, const char *const *candidates) {
    for (; *candidates != NULL; candidates++)
        suggestion_try(suggestion, *candidates);
}
