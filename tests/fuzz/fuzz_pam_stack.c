/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/pam_stack.o ctl/pam_shape.o ctl/pam_walk.o ctl/scrap.o ctl/verb.o -Wl,--wrap=scrap_read */
/* Any bytes as /etc/pam.d: the stack that is read has its places in the files, each of its lines is walked at most once
 * and in order, and lets nobody in of whom no module has said that the password is right. */
#include "ctl/pam_shape.h"
#include "ctl/pam_walk.h"
#include "made_files.h"

struct steps {
    const struct pam_line *last;
    enum pam_result answer;
};

static enum pam_result step(void *context, const struct pam_line *line) {
    struct steps *steps = context;
    require(steps->last == NULL || steps->last < line);
    steps->last = line;
    return steps->answer;
}

static void walk(const struct pam_lines *lines) {
    for (int answer = 0; answer < PAM_RESULT_COUNT; answer++) {
        struct steps steps = {.answer = (enum pam_result)answer};
        enum pam_result result = pam_walk(lines, step, &steps);
        require(result >= 0 && result < PAM_RESULT_COUNT);
        require(result != PAM_RESULT_SUCCESS || answer == PAM_RESULT_SUCCESS);
    }
}

static void check_line(const struct pam_line *line, int lines) {
    require(line->level >= 0 && line->control != NULL && line->module != NULL);
    require(line->place.file != NULL && line->place.line >= 1 && line->place.line <= lines);
    require(line->origin.file != NULL && line->origin.line >= 1 && line->origin.line <= lines);
    for (size_t i = 0; i < PAM_RESULT_COUNT; i++)
        require(line->actions[i] >= PAM_ACTION_RESET);
    pam_line_argument(line, "socket=");
    pam_line_argument(line, "commit");
}

/* Without a password found right nobody comes in, however the gate answers, but by pam_permit or an app password. */
static void try_worlds(const struct pam_stack *stack) {
    static const enum pam_result answers[] = {PAM_RESULT_SUCCESS, PAM_RESULT_IGNORE, PAM_RESULT_AUTH_ERR,
                                              PAM_RESULT_AUTHINFO_UNAVAIL};
    struct pam_shape shape = pam_shape_of(stack);
    pam_shape_complete(&shape);
    for (unsigned i = 0; i < 32; i++) {
        const struct pam_world world = {.begin = answers[i & 3],
                                        .denied = i & 4,
                                        .password = PAM_RESULT_AUTH_ERR,
                                        .right = i & 8 ? shape.password : NULL,
                                        .neutral = answers[i >> 4]};
        struct pam_outcome outcome = pam_shape_try(&shape, &world);
        require(outcome.authenticated || !outcome.let_in);
    }
    const struct pam_line *const ours[] = {shape.begin, shape.commit, shape.account};
    for (size_t i = 0; i < 3; i++)
        if (ours[i] != NULL)
            pam_shape_control_right(ours[i], PAM_ROLE_BEGIN + (enum pam_role)i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct arena arena = {NULL, false};
    made_split((const char *)bytes, size);
    struct pam_stack stack = pam_stack_load(&arena, "", "authgate-imap");
    require(stack.file != NULL && (stack.exists || !stack.given_up));
    for (int type = 0; type < PAM_TYPE_COUNT; type++) {
        const struct pam_lines *lines = &stack.lines[type];
        require(!stack.given_up || lines->count == 1);
        for (size_t i = 0; i < lines->count; i++)
            check_line(&lines->line[i], made_lines());
        walk(lines);
    }
    try_worlds(&stack);
    arena_clear(&arena);
    return 0;
}
