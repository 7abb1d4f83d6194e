/* SPDX-License-Identifier: BSD-2-Clause */
/* One page of HTML with the QR code drawn into it: it prints on one sheet and loads nothing from anywhere. Called by
 * `totp enroll`. */
#include "ctl/sheet.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "ctl/qr.h"
#include "ctl/secret_file.h"
#include "ctl/verb.h"

static void copy(char *to, size_t size, const char *from) {
    struct buffer text;
    buffer_init(&text, to, size);
    buffer_add(&text, from != NULL ? from : "");
}

/* The secret as it stands in the URI, four characters at a time. */
static void group_secret(const char *uri, char typed[513]) {
    const char *secret = strstr(uri, "secret=");
    struct buffer text;
    buffer_init(&text, typed, 513);
    if (secret == NULL)
        return;
    secret += strlen("secret=");
    for (size_t i = 0; secret[i] != '\0' && secret[i] != '&'; i++) {
        if (i > 0 && i % 4 == 0)
            buffer_add_char(&text, ' ');
        buffer_add_char(&text, secret[i]);
    }
}

void enrolment_take(void *context, const struct message *record) {
    struct enrolment *enrolment = context;
    const char *const *value = record->value;
    if (strcmp(value[FIELD_RECORD], "enrolment") != 0)
        return;
    copy(enrolment->account, sizeof enrolment->account, value[FIELD_ACCOUNT]);
    copy(enrolment->issuer, sizeof enrolment->issuer, value[FIELD_ISSUER]);
    copy(enrolment->uri, sizeof enrolment->uri, value[FIELD_SEED]);
    copy(enrolment->why, sizeof enrolment->why, value[FIELD_TEXT]);
    enrolment->kept = value[FIELD_VALUE] != NULL && strcmp(value[FIELD_VALUE], "kept") == 0;
    group_secret(enrolment->uri, enrolment->typed);
}

void enrolment_wipe(struct enrolment *enrolment) {
    explicit_bzero(enrolment, sizeof *enrolment);
}

static void put_escaped(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        if (strchr("&<>\"'", *text) != NULL)
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
    }
}

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"UTF-8\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<title>Codes for your mail account</title><style>body{font:12pt/1.5 sans-serif;margin:2cm;max-width:17cm}"
    "svg{width:7cm;height:7cm}code{font-size:13pt}@media print{body{margin:0}}</style></head>\n<body>\n"
    "<h1>Codes for your mail account</h1>\n<p>Account: <b>";

static const char scan[] =
    "</b></p>\n<ol>\n<li>Install an authenticator on your phone, any that takes time-based codes (TOTP), and have the "
    "phone set its clock by itself.</li>\n<li>In it choose <i>Add</i>, and scan this:<br>\n";

static const char type[] =
    "</li>\n<li>If it cannot scan, type the account and this secret (time-based, 6 digits):<br><code>";

static const char use[] =
    "</code></li>\n<li>Give one code that it shows to whoever handed you this sheet. From then on your password alone "
    "no longer opens your mail.</li>\n<li>In your mail programs, type the password and right behind it the code that "
    "the phone shows, as one word: a password <code>secret</code> and a code <code>123456</code> make "
    "<code>secret123456</code>. The programs may keep that: from the same network it goes on working, and from a new "
    "one you type a fresh code.</li>\n</ol>\n<p>Whoever has this sheet has your codes. Destroy it when the phone shows "
    "them.</p>\n</body></html>\n";

static void write_page(const struct enrolment *enrolment, const struct qr *qr, FILE *out) {
    fputs(head, out);
    put_escaped(enrolment->account, out);
    fputs(scan, out);
    qr_write_svg(qr, true, out);
    fputs(type, out);
    put_escaped(enrolment->typed, out);
    fputs(use, out);
}

static bool set_path(char path[PATH_MAX], const char *folder, const char *account) {
    struct buffer text;
    buffer_init(&text, path, PATH_MAX);
    return buffer_add_format(&text, "%s/%s.html", folder, account);
}

bool sheet_exists(const char *folder, const char *account) {
    char path[PATH_MAX];
    return set_path(path, folder, account) && access(path, F_OK) == 0;
}

bool sheet_write(const char *folder, const struct enrolment *enrolment) {
    char path[PATH_MAX];
    struct secret_file file;
    struct qr *qr = qr_make(enrolment->uri);
    if (qr == NULL || !set_path(path, folder, enrolment->account)) {
        qr_free(&qr);
        verb_fail(STATUS_NO, "%s: the sheet cannot be made", enrolment->account);
        return false;
    }
    bool written = secret_file_open(&file, path, true);
    if (written) {
        write_page(enrolment, qr, file.out);
        written = secret_file_close(&file, true);
    }
    qr_free(&qr);
    return written;
}
