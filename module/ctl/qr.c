/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodes with libqrencode at the lowest level of correction, so that the code fits a terminal; draws in three ways.
 * Called by `totp enroll`. Keeps nothing. */
#include "ctl/qr.h"

#include <png.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN         4 /* squares around it that the standard asks for */
#define TERMINAL_EDGE  2 /* as many do for phones, and leave it within 80 columns */
#define PIXELS         8 /* of a square's side in a PNG */

struct qr {
    QRcode *code;
};

struct qr *qr_make(const char *text) {
    struct qr *qr = calloc(1, sizeof *qr);
    if (qr == NULL)
        return NULL;
    qr->code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (qr->code != NULL)
        return qr;
    free(qr);
    return NULL;
}

void qr_free(struct qr **pointer) {
    struct qr *qr = *pointer;
    if (qr == NULL)
        return;
    explicit_bzero(qr->code->data, (size_t)qr->code->width * (size_t)qr->code->width);
    QRcode_free(qr->code);
    free(qr);
    *pointer = NULL;
}

size_t qr_width(const struct qr *qr) {
    return (size_t)qr->code->width;
}

size_t qr_columns(const struct qr *qr) {
    return qr_width(qr) + 2 * TERMINAL_EDGE;
}

bool qr_dark(const struct qr *qr, size_t row, size_t column) {
    size_t width = qr_width(qr);
    return row < width && column < width && (qr->code->data[row * width + column] & 1) != 0;
}

/* A place within the margin's frame; what lies outside the code is light. */
static bool dark_in_frame(const struct qr *qr, size_t margin, size_t row, size_t column) {
    return row >= margin && column >= margin && qr_dark(qr, row - margin, column - margin);
}

/* The blocks draw what is light: without colours that is right on a dark terminal, and phones read the inverse too. */
void qr_print(const struct qr *qr, bool colour, FILE *out) {
    static const char *const blocks[2][2] = {{"\u2588", "\u2580"}, {"\u2584", " "}}; /* by upper and lower being dark */
    size_t side = qr_columns(qr);
    for (size_t row = 0; row < side; row += 2) {
        fputs(colour ? "\033[0;1;97;40m" : "", out);
        for (size_t column = 0; column < side; column++) {
            bool upper = dark_in_frame(qr, TERMINAL_EDGE, row, column);
            bool lower = row + 1 >= side || dark_in_frame(qr, TERMINAL_EDGE, row + 1, column);
            fputs(blocks[upper][lower], out);
        }
        fputs(colour ? "\033[0m\n" : "\n", out);
    }
}

bool qr_write_svg(const struct qr *qr, bool inner, FILE *out) {
    size_t width = qr_width(qr), side = width + 2 * MARGIN;
    fprintf(out,
            "%s<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" "
            "shape-rendering=\"crispEdges\"><rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/><path d=\"",
            inner ? "" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", side * PIXELS, side * PIXELS, side, side);
    for (size_t row = 0; row < width; row++) {
        for (size_t column = 0; column < width; column++) {
            size_t run = 0;
            while (qr_dark(qr, row, column + run))
                run++;
            if (run > 0)
                fprintf(out, "M%zu %zuh%zuv1h-%zuz", column + MARGIN, row + MARGIN, run, run);
            column += run;
        }
    }
    fputs("\" fill=\"#000\"/></svg>\n", out);
    return ferror(out) == 0;
}

bool qr_write_png(const struct qr *qr, FILE *out) {
    size_t side = (qr_width(qr) + 2 * MARGIN) * PIXELS;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)side,
                       .height = (png_uint_32)side,
                       .format = PNG_FORMAT_GRAY};
    unsigned char *pixels = malloc(side * side);
    if (pixels == NULL)
        return false;
    for (size_t i = 0; i < side * side; i++)
        pixels[i] = dark_in_frame(qr, MARGIN, i / side / PIXELS, i % side / PIXELS) ? 0 : 255;
    bool written = png_image_write_to_stdio(&image, out, 0, pixels, 0, NULL) != 0;
    png_image_free(&image);
    explicit_bzero(pixels, side * side);
    free(pixels);
    return written;
}
