/* SPDX-License-Identifier: BSD-2-Clause */
/* QR codes, as terminals, browsers and printers take them. The only place that knows the QR and PNG libraries. What
 * they show is a secret: whoever writes one to a file makes the file nobody else's. */
#ifndef AUTHGATE_CTL_QR_H
#define AUTHGATE_CTL_QR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct qr; /* dark and light squares */

/* The code of a text. NULL where it is too long for one, or memory is short. */
struct qr *qr_make(const char *text);

/* Wipes and frees it and sets the pointer to NULL. */
void qr_free(struct qr **qr);

/* How many squares wide it is, without the margin, and whether one of them is dark. */
size_t qr_width(const struct qr *qr);
bool qr_dark(const struct qr *qr, size_t row, size_t column);

/* How many columns of a terminal it takes, with its margin. */
size_t qr_columns(const struct qr *qr);

/* Prints it in half blocks of UTF-8, two rows in a line, with its margin. With `colour` it is black on white whatever
 * the terminal's own colours are. */
void qr_print(const struct qr *qr, bool colour, FILE *out);

/* Writes it as a whole SVG document (or, `inner`, as an element for an HTML page), or as a PNG image. False where `out`
 * took it not. */
bool qr_write_svg(const struct qr *qr, bool inner, FILE *out);
bool qr_write_png(const struct qr *qr, FILE *out);

#endif
