/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl totp enroll|confirm|disable: one account's authenticator. The daemon makes the secret; this shows it
 * once. A whole group is totp_sheets.c's, other programs' secrets are totp_import.c's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/change.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/qr.h"
#include "ctl/secret_file.h"
#include "ctl/sheet.h"
#include "ctl/totp_sheets.h"
#include "ctl/verb.h"
#include "ctl/when.h"

/* ---- enroll ---- */

static bool write_image(const struct qr *qr, const char *path, bool png) {
    struct secret_file file;
    if (path == NULL)
        return true;
    if (!secret_file_open(&file, path, false))
        return false;
    bool drawn = png ? qr_write_png(qr, file.out) : qr_write_svg(qr, false, file.out);
    return secret_file_close(&file, drawn);
}

/* Draws the code, unless the terminal would break its lines: nothing could scan it then. */
static void print_code(const struct qr *qr) {
    struct winsize size = {.ws_col = 0};
    bool terminal = isatty(STDOUT_FILENO) == 1;
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_col < qr_columns(qr))
        printf("The QR code is %zu columns wide and this terminal %u: make it wider, or use --svg FILE.\n",
               qr_columns(qr), size.ws_col);
    else
        qr_print(qr, terminal && getenv("NO_COLOR") == NULL, stdout);
    putchar('\n');
}

static void print_enrolment(const struct enrolment *enrolment, const struct qr *qr, const char *const drawn[2]) {
    grid_print_text(enrolment->account);
    fputs(": a new secret, shown this once\n\n", stdout);
    if (drawn[0] == NULL && drawn[1] == NULL)
        print_code(qr);
    for (size_t i = 0; i < 2; i++)
        if (drawn[i] != NULL)
            printf("The QR code is in %s.\n\n", drawn[i]);
    printf("  %s\n\nTo type it instead of scanning: %s\n", enrolment->uri, enrolment->typed);
    printf("It holds once a code of it is confirmed:\n  authgatectl totp confirm ");
    grid_print_text(enrolment->account);
    fputs(" CODE\n", stdout);
}

static enum status print_json(const struct enrolment *enrolment) {
    struct json *document = json_make_object();
    json_put_text(document, "account", enrolment->account);
    json_put_text(document, "uri", enrolment->uri);
    json_put_flag(document, "pending", true);
    return json_print(&document, STATUS_DONE);
}

static enum status show(const struct invocation *invocation, const struct enrolment *enrolment, const char *svg,
                        const char *png) {
    struct qr *qr = qr_make(enrolment->uri);
    if (qr == NULL)
        return verb_fail(STATUS_NO, "the secret is there, but a QR code cannot be made of it; `totp enroll` again");
    enum status status = write_image(qr, svg, false) && write_image(qr, png, true) ? STATUS_DONE : STATUS_NO;
    if (status != STATUS_DONE)
        verb_fail(status, "the secret waits to be confirmed all the same: `totp enroll` again makes another");
    else if (invocation->json)
        status = print_json(enrolment);
    else
        print_enrolment(enrolment, qr, (const char *const[]){svg, png});
    qr_free(&qr);
    return status;
}

static bool absent(const char *path) {
    if (path == NULL || access(path, F_OK) != 0)
        return true;
    verb_fail(STATUS_NO, "%s is there already, and is not overwritten", path);
    return false;
}

static enum status enroll_one(const struct invocation *invocation, const char *issuer, const char *svg,
                              const char *png) {
    struct talk talk;
    struct enrolment enrolment = {.account = ""};
    struct message question = {{NULL}};
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    question.value[FIELD_ISSUER] = issuer;
    if (!absent(svg) || !absent(png)) /* before a secret is made that would be lost */
        return STATUS_NO;
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "totp-enroll", &question, enrolment_take, &enrolment);
    talk_end(&talk);
    if (status == STATUS_DONE)
        status = show(invocation, &enrolment, svg, png);
    enrolment_wipe(&enrolment);
    return status;
}

static enum status run_enroll(struct invocation *invocation) {
    const char *issuer = NULL, *svg = NULL, *png = NULL, *group = NULL, *out = NULL;
    const struct verb_option options[] = {
        {"issuer", &issuer}, {"svg", &svg}, {"png", &png}, {"all", &group}, {"out", &out}, {NULL, NULL},
    };
    if (!verb_parse(invocation, options) || invocation->count != (group == NULL ? 1 : 0))
        return STATUS_USAGE;
    if (issuer != NULL && !field_valid(FIELD_ISSUER, issuer))
        return verb_fail(STATUS_USAGE, "--issuer is at most 128 bytes of text");
    if ((group == NULL) != (out == NULL) || (group != NULL && (svg != NULL || png != NULL)))
        return verb_fail(STATUS_USAGE, "--all GROUP and --out DIR go together, and without --svg and --png");
    if (group == NULL)
        return enroll_one(invocation, issuer, svg, png);
    return totp_sheets_enroll(invocation, group, out, issuer);
}

const struct verb totp_enroll_verb = {
    .name = "totp enroll",
    .arguments = "ACCOUNT [--issuer NAME] [--svg FILE] [--png FILE]    or    --all GROUP --out DIR",
    .help = "make a secret, to be scanned as a QR code and then confirmed; or one for each account of a group",
    .run = run_enroll,
};

/* ---- confirm ---- */

struct confirmation {
    char account[ACCOUNT_NAME_SIZE];
    int64_t drift; /* seconds that the phone's clock is ahead, in whole steps */
    int64_t codes; /* unused recovery codes of before */
};

static void take_confirmation(void *context, const struct message *record) {
    struct confirmation *confirmation = context;
    const char *const *value = record->value;
    snprintf(confirmation->account, sizeof confirmation->account, "%s",
             value[FIELD_ACCOUNT] != NULL ? value[FIELD_ACCOUNT] : "");
    confirmation->drift = strtoll(value[FIELD_VALUE] != NULL ? value[FIELD_VALUE] : "0", NULL, 10);
    confirmation->codes = strtoll(value[FIELD_USES] != NULL ? value[FIELD_USES] : "0", NULL, 10);
}

static enum status print_confirmation(const struct confirmation *confirmation, bool as_json) {
    char span[WHEN_TEXT_SIZE];
    int64_t off = confirmation->drift;
    if (as_json) {
        struct json *document = json_make_object();
        json_put_text(document, "account", confirmation->account);
        json_put_number(document, "clock_off", off);
        json_put_number(document, "recovery_codes", confirmation->codes);
        return json_print(&document, STATUS_DONE);
    }
    when_format_span(off < 0 ? -off : off, span);
    grid_print_text(confirmation->account);
    fputs(": confirmed; from the next login on a second factor is due. ", stdout);
    if (off == 0)
        puts("The phone's clock is right.");
    else
        printf("The phone's clock is about %s %s.\n", span, off < 0 ? "behind" : "ahead");
    if (confirmation->codes > 0)
        printf("Its %" PRId64 " unused recovery codes of before go on holding: if they may be in other hands,\n"
               "`recovery-codes new` makes others, and ends them.\n",
               confirmation->codes);
    return STATUS_DONE;
}

static enum status run_confirm(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct talk talk;
    struct confirmation confirmation = {.account = ""};
    struct message question = {{NULL}};
    if (!verb_parse(invocation, none) || invocation->count != 2)
        return STATUS_USAGE;
    question.value[FIELD_ACCOUNT] = invocation->words[0];
    question.value[FIELD_DIGITS] = invocation->words[1];
    if (!field_valid(FIELD_DIGITS, invocation->words[1]))
        return verb_fail(STATUS_USAGE, "a code is 6 or 8 digits");
    talk_start(&talk, invocation);
    enum status status = talk_ask(&talk, "totp-confirm", &question, take_confirmation, &confirmation);
    talk_end(&talk);
    return status == STATUS_DONE ? print_confirmation(&confirmation, invocation->json) : status;
}

const struct verb totp_confirm_verb = {
    .name = "totp confirm",
    .arguments = "ACCOUNT CODE",
    .help = "let the new secret hold, by one code that the phone shows; says how far its clock is off",
    .run = run_confirm,
};

/* ---- disable ---- */

static enum status run_disable(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    struct change disable = {.request = "totp-disable", .said = "no second factor any more"};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    return change_run(invocation, &disable);
}

const struct verb totp_disable_verb = {
    .name = "totp disable",
    .arguments = "ACCOUNT",
    .help = "forget the account's secret, known codes, networks and recovery codes",
    .run = run_disable,
};
