/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl check: every mistake in configuration and policies, without the daemon. What is a mistake is
 * module/policy's to say. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/host.h"
#include "ctl/json.h"
#include "ctl/progress.h"
#include "ctl/verb.h"
#include "policy/configuration.h"

static enum status print_json(const struct mistakes *mistakes, bool sound) {
    struct json *document = json_make_object();
    json_put_flag(document, "sound", sound);
    struct json *list = json_put_list(document, "mistakes");
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct mistake *mistake = &mistakes->list[i];
        struct json *object = json_append_object(list);
        json_put_text(object, "file", mistake->file);
        if (mistake->line > 0)
            json_put_number(object, "line", mistake->line);
        if (mistake->column > 0)
            json_put_number(object, "column", mistake->column);
        json_put_text(object, "what", mistake->what);
        json_put_flag(object, "warning", mistake->warning);
    }
    return json_print(&document, sound ? STATUS_DONE : STATUS_NO);
}

static enum status print_text(const struct mistakes *mistakes, bool sound) {
    host_print_mistakes(mistakes, NULL, NULL);
    size_t warnings = 0;
    for (size_t i = 0; i < mistakes->count; i++)
        warnings += mistakes->list[i].warning;
    if (!sound)
        printf("%zu mistake%s", mistakes->grave, mistakes->grave == 1 ? "" : "s");
    else
        printf("no mistakes");
    if (warnings > 0)
        printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
    putchar('\n');
    return sound ? STATUS_DONE : STATUS_NO;
}

static enum status run(struct invocation *invocation) {
    static const struct verb_option none[] = {{NULL, NULL}};
    if (!verb_parse(invocation, none))
        return STATUS_USAGE;
    struct mistakes mistakes = {0};
    struct progress progress;
    struct check_order order = {.only = invocation->count > 0 ? (const char *const *)invocation->words : NULL,
                                .only_count = invocation->count,
                                .now = clock_wall(),
                                .progress = progress_step,
                                .context = &progress};
    progress_start(&progress, "files");
    bool sound = configuration_check(invocation->configuration, &order, &mistakes);
    progress_end(&progress);
    enum status status = invocation->json ? print_json(&mistakes, sound) : print_text(&mistakes, sound);
    mistakes_clear(&mistakes);
    return status;
}

const struct verb check_verb = {
    .name = "check",
    .arguments = "[FILE…]",
    .help = "every mistake in the configuration and all policies, or in the files named",
    .run = run,
};
