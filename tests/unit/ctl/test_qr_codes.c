/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/qr.o -lqrencode -lpng */
/* The three drawings of a QR code show the same squares. That they can be read is shown with zbarimg in tests/ctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "ctl/qr.h"

#define EDGE 2   /* squares around it on a terminal */
#define MARGIN 4 /* and in an image */
#define PIXELS 8

static const char text[] = "otpauth://totp/example.test:alice@example.test?secret=GEZDGNBVGY3TQOJQ";

static char *drawn(void (*draw)(const struct qr *qr, FILE *out), const struct qr *qr, size_t *length) {
    static char *bytes; /* of one drawing at a time */
    FILE *out = open_memstream(&bytes, length);
    assert_non_null(out);
    draw(qr, out);
    fclose(out);
    return bytes;
}

static void draw_plain(const struct qr *qr, FILE *out) {
    qr_print(qr, false, out);
}

static void draw_coloured(const struct qr *qr, FILE *out) {
    qr_print(qr, true, out);
}

static void draw_svg(const struct qr *qr, FILE *out) {
    assert_true(qr_write_svg(qr, false, out));
}

static void draw_png(const struct qr *qr, FILE *out) {
    assert_true(qr_write_png(qr, out));
}

/* Whether the half block at a place draws light above and below. */
static void read_block(const char **at, bool *upper, bool *lower) {
    static const struct {
        const char *block;
        bool upper, lower;
    } blocks[] = {{"\u2588", true, true}, {"\u2580", true, false}, {"\u2584", false, true}, {" ", false, false}};
    for (size_t i = 0; i < 4; i++)
        if (strncmp(*at, blocks[i].block, strlen(blocks[i].block)) == 0) {
            *at += strlen(blocks[i].block);
            *upper = blocks[i].upper;
            *lower = blocks[i].lower;
            return;
        }
    fail_msg("no block: %.8s", *at);
}

static bool light(const struct qr *qr, size_t row, size_t column) {
    return row < EDGE || column < EDGE || !qr_dark(qr, row - EDGE, column - EDGE);
}

static void the_terminal_shows_every_square_with_its_margin(void **state) {
    (void)state;
    size_t length;
    struct qr *qr = qr_make(text);
    char *shown = drawn(draw_plain, qr, &length);
    const char *at = shown;
    size_t side = qr_width(qr) + 2 * EDGE;
    assert_int_equal(side % 2, 1); /* versions of codes are odd, so that half a line is left over */
    for (size_t row = 0; row < side; row += 2, at++) {
        for (size_t column = 0; column < side; column++) {
            bool upper, lower;
            read_block(&at, &upper, &lower);
            assert_int_equal(upper, light(qr, row, column));
            assert_int_equal(lower, row + 1 < side && light(qr, row + 1, column));
        }
        assert_int_equal(*at, '\n');
    }
    assert_int_equal(*at, '\0');
    free(shown);
    qr_free(&qr);
    assert_null(qr);
}

static void with_colours_each_line_sets_and_resets_both(void **state) {
    (void)state;
    size_t length;
    struct qr *qr = qr_make(text);
    char *shown = drawn(draw_coloured, qr, &length);
    for (const char *line = shown; *line != '\0';) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_int_equal(strncmp(line, "\033[0;1;97;40m", 12), 0);
        assert_int_equal(strncmp(end - 4, "\033[0m", 4), 0);
        line = end + 1;
    }
    free(shown);
    qr_free(&qr);
}

static void the_png_shows_every_square(void **state) {
    (void)state;
    size_t length;
    struct qr *qr = qr_make(text);
    char *bytes = drawn(draw_png, qr, &length);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_int_equal(png_image_begin_read_from_memory(&image, bytes, length), 1);
    size_t side = (qr_width(qr) + 2 * MARGIN) * PIXELS;
    assert_int_equal(image.width, side);
    assert_int_equal(image.height, side);
    image.format = PNG_FORMAT_GRAY;
    unsigned char *pixels = malloc(side * side);
    assert_int_equal(png_image_finish_read(&image, NULL, pixels, 0, NULL), 1);
    for (size_t i = 0; i < side * side; i++) {
        size_t row = i / side / PIXELS, column = i % side / PIXELS;
        bool dark = row >= MARGIN && column >= MARGIN && qr_dark(qr, row - MARGIN, column - MARGIN);
        assert_int_equal(pixels[i], dark ? 0 : 255);
    }
    free(pixels);
    free(bytes);
    qr_free(&qr);
}

static void the_svg_has_as_many_dark_squares(void **state) {
    (void)state;
    size_t length, dark = 0, drawn_dark = 0;
    struct qr *qr = qr_make(text);
    char *document = drawn(draw_svg, qr, &length);
    for (size_t i = 0; i < qr_width(qr) * qr_width(qr); i++)
        dark += qr_dark(qr, i / qr_width(qr), i % qr_width(qr));
    for (const char *run = strstr(document, "h"); run != NULL; run = strstr(run + 1, "h"))
        if (strspn(run + 1, "0123456789") > 0 && run[1 + strspn(run + 1, "0123456789")] == 'v')
            drawn_dark += strtoul(run + 1, NULL, 10);
    assert_int_equal(drawn_dark, dark);
    free(document);
    qr_free(&qr);
}

static void what_no_code_can_hold_makes_none(void **state) {
    (void)state;
    static char long_text[8000];
    memset(long_text, 'x', sizeof long_text - 1);
    assert_null(qr_make(long_text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terminal_shows_every_square_with_its_margin),
        cmocka_unit_test(with_colours_each_line_sets_and_resets_both),
        cmocka_unit_test(the_png_shows_every_square),
        cmocka_unit_test(the_svg_has_as_many_dark_squares),
        cmocka_unit_test(what_no_code_can_hold_makes_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
