/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl setup: asks which servers are here, makes a plan, shows it as a diff, and writes it once that was agreed
 * to. What it does not understand it refuses, and then nothing at all is written. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/diff.h"
#include "ctl/doctor_dovecot.h"
#include "ctl/doctor_postfix.h"
#include "ctl/grid.h"
#include "ctl/json.h"
#include "ctl/setup_plan.h"
#include "ctl/verb.h"

struct wish {
    bool dovecot, postfix;
};

/* Asks a question that is answered by yes or no; no answer counts as `otherwise`, the end of input as no. */
static bool agreed(const char *question, bool otherwise) {
    char line[64];
    fprintf(stderr, "%s [%s] ", question, otherwise ? "Y/n" : "y/N");
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        fputc('\n', stderr);
        return false;
    }
    return line[0] == 'y' || line[0] == 'Y' || (line[0] == '\n' && otherwise);
}

static bool uses_cyrus(const struct doctor *doctor) {
    return doctor_postfix_readable(doctor) && doctor->postfix->sasl_count > 0;
}

/* Reads --for; false where it names no server. */
static bool read_wish(struct setup_plan *plan, const char *list, struct wish *wish) {
    struct words words = scrap_split(&plan->doctor.arena, list, ", ");
    for (size_t i = 0; i < words.count; i++) {
        bool dovecot = strcmp(words.word[i], "dovecot") == 0, postfix = strcmp(words.word[i], "postfix") == 0;
        if (!dovecot && !postfix) {
            verb_fail(STATUS_USAGE, "--for %s: dovecot, postfix or both", words.word[i]);
            return false;
        }
        wish->dovecot = wish->dovecot || dovecot;
        wish->postfix = wish->postfix || postfix;
    }
    return words.count > 0;
}

static void ask_wish(const struct setup_plan *plan, struct wish *wish) {
    const struct doctor *doctor = &plan->doctor;
    if (doctor->dovecot != NULL)
        wish->dovecot = agreed("Dovecot is here. Shall its logins ask the gate?", true);
    if (uses_cyrus(doctor))
        wish->postfix =
            agreed("Postfix is here, and checks passwords by Cyrus SASL. Shall these logins ask the gate?", true);
}

static void make_plan(struct setup_plan *plan, const struct wish *wish) {
    if (wish->dovecot)
        setup_dovecot(plan);
    if (wish->postfix)
        setup_postfix(plan);
    if (wish->postfix && doctor_postfix_readable(&plan->doctor) && !uses_cyrus(&plan->doctor))
        plan->remark = "Postfix checks no passwords by Cyrus SASL: nothing of it needs to change. Where Dovecot checks "
                       "them, they come as the service smtp";
    if (!wish->dovecot && !wish->postfix)
        plan->remark = "no server was chosen: --for says which, where nobody can be asked";
    if (wish->dovecot)
        setup_pam(plan);
}

/* ---- showing ---- */

static const char *diff_of(struct setup_plan *plan, const struct setup_change *change) {
    return diff_texts(&plan->doctor.arena, change->file, change->before, setup_text(plan, change));
}

static void print_lines(const char *text) {
    for (size_t length; *text != '\0'; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        printf("%.*s\n", (int)length, text);
    }
}

static void print_plan(struct setup_plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        print_lines(diff_of(plan, &plan->change[i]));
    for (size_t i = 0; i < plan->refusal_count; i++) {
        fputs("refused: ", stdout);
        grid_print_text(plan->refusal[i]);
        putchar('\n');
    }
    if (plan->refusal_count > 0)
        puts("nothing was written");
    else if (plan->count == 0)
        puts("nothing to change");
    if (plan->remark != NULL)
        puts(plan->remark);
    fflush(stdout);
}

static void print_advice(const struct setup_plan *plan) {
    puts("written; what was there before is in FILE.before-authgate");
    for (size_t i = 0; i < plan->advice_count; i++)
        printf("next: %s\n", plan->advice[i]);
    puts("then: authgatectl doctor");
}

static enum status print_json(struct setup_plan *plan, bool written, enum status status) {
    struct json *document = json_make_object();
    json_put_flag(document, "written", written);
    struct json *list = json_put_list(document, "changes");
    for (size_t i = 0; i < plan->count; i++) {
        struct json *object = json_append_object(list);
        json_put_text(object, "file", plan->change[i].file);
        json_put_flag(object, "new", plan->change[i].before == NULL);
        json_put_text(object, "diff", diff_of(plan, &plan->change[i]));
    }
    list = json_put_list(document, "refusals");
    for (size_t i = 0; i < plan->refusal_count; i++)
        json_put_text(json_append_object(list), "why", plan->refusal[i]);
    list = json_put_list(document, "next");
    for (size_t i = 0; written && i < plan->advice_count; i++)
        json_put_text(json_append_object(list), "do", plan->advice[i]);
    json_put_text(document, "remark", plan->remark);
    return json_print(&document, status);
}

/* ---- the verb ---- */

/* Whether everything that was changed can still be read by those whose it is; if not, it is put back. */
static bool still_sound(struct setup_plan *plan, const struct invocation *invocation) {
    struct doctor after = {.root = plan->doctor.root,
                           .dovecot_file = plan->doctor.dovecot_file,
                           .postfix_folder = plan->doctor.postfix_folder};
    const char *fault = NULL;
    doctor_read(&after, invocation);
    if (after.configuration == NULL && plan->doctor.configuration != NULL)
        fault = "authgate.conf would have mistakes";
    else if (after.dovecot != NULL && after.dovecot->fault != NULL && plan->doctor.dovecot->fault == NULL)
        fault = after.dovecot->fault;
    if (fault != NULL) {
        verb_fail(STATUS_NO, "%s: everything was put back", fault);
        setup_undo(plan, plan->count);
    }
    doctor_end(&after);
    return fault == NULL;
}

static enum status carry_out(struct setup_plan *plan, const struct invocation *invocation, bool dry, bool yes) {
    bool refused = plan->refusal_count > 0;
    if (!invocation->json)
        print_plan(plan);
    bool write = !refused && !dry && plan->count > 0;
    if (write && !yes)
        write = !invocation->json && agreed("Write this?", false);
    bool written = write && setup_write(plan) && still_sound(plan, invocation);
    enum status status = refused || (write && !written) ? STATUS_NO : STATUS_DONE;
    if (invocation->json)
        return print_json(plan, written, status);
    if (written)
        print_advice(plan);
    else if (!refused && plan->count > 0)
        puts("nothing was written");
    return status;
}

static enum status run(struct invocation *invocation) {
    struct setup_plan plan = {.count = 0};
    struct wish wish = {false, false};
    const char *list = NULL;
    bool dry = verb_take_flag(invocation, "--dry-run"), yes = verb_take_flag(invocation, "--yes");
    const struct verb_option options[] = {
        {"for", &list},
        {"root", &plan.doctor.root},
        {"dovecot", &plan.doctor.dovecot_file},
        {"postfix", &plan.doctor.postfix_folder},
        {NULL, NULL},
    };
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    doctor_read(&plan.doctor, invocation);
    enum status status = STATUS_USAGE;
    if (list == NULL && !invocation->json)
        ask_wish(&plan, &wish);
    if (list == NULL ? !invocation->json : read_wish(&plan, list, &wish)) {
        make_plan(&plan, &wish);
        status = carry_out(&plan, invocation, dry, yes);
    } else if (list == NULL) {
        verb_fail(STATUS_USAGE, "with --json nobody can be asked: --for says which servers");
    }
    doctor_end(&plan.doctor);
    return status;
}

const struct verb setup_verb = {
    .name = "setup",
    .arguments = "[--for dovecot,postfix] [--dry-run] [--yes] [--root DIR] [--dovecot FILE] [--postfix DIR]",
    .help = "writes the lines that Dovecot, Postfix and PAM need, with copies of what was there and a diff shown first",
    .run = run,
};
