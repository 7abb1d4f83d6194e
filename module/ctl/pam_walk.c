/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux-PAM's dispatcher over lines that are only pretended to run, so that doctor can say of a stack what becomes of a
 * login that the gate denies. Called by doctor's PAM checks; decides nothing about what is right. */
#include "ctl/pam_walk.h"

#define DEPTH_LIMIT 32

enum impression { UNDECIDED, POSITIVE, NEGATIVE };

struct state {
    enum impression impression;
    enum pam_result status;
};

struct walk {
    const struct pam_lines *lines;
    size_t at;
    struct state state;
    struct state entered[DEPTH_LIMIT]; /* what a level began with */
};

static void approve(struct state *state, enum pam_result result) {
    if (state->impression == UNDECIDED || (state->impression == POSITIVE && state->status == PAM_RESULT_SUCCESS)) {
        state->impression = POSITIVE;
        state->status = result;
    }
}

static void disapprove(struct state *state, enum pam_result result) {
    if (state->impression == NEGATIVE)
        return;
    state->impression = NEGATIVE;
    state->status = result == PAM_RESULT_IGNORE ? PAM_RESULT_PERM_DENIED : result;
}

static int level_of(const struct walk *walk, size_t at) {
    int level = walk->lines->line[at].level;
    return level < DEPTH_LIMIT ? level : DEPTH_LIMIT - 1;
}

static bool more(const struct walk *walk, int level) {
    return walk->at + 1 < walk->lines->count && level_of(walk, walk->at + 1) >= level;
}

/* Goes to the last line that a jump skips; a substack counts as one line. */
static void jump(struct walk *walk, int level, int count) {
    for (; count > 0 && more(walk, level); count--)
        do
            walk->at++;
        while (more(walk, level + 1));
    if (count > 0)
        walk->state = (struct state){NEGATIVE, PAM_RESULT_PERM_DENIED};
}

/* A decision ends this level: what encloses a substack goes on. */
static void decided(struct walk *walk, int level) {
    while (more(walk, level))
        walk->at++;
}

static void act(struct walk *walk, int level, int action, enum pam_result result) {
    switch (action) {
    case PAM_ACTION_RESET:
        walk->state = walk->entered[level];
        break;
    case PAM_ACTION_OK:
    case PAM_ACTION_DONE:
        approve(&walk->state, result);
        if (action == PAM_ACTION_DONE && walk->state.impression == POSITIVE)
            decided(walk, level);
        break;
    case PAM_ACTION_BAD:
    case PAM_ACTION_DIE:
        disapprove(&walk->state, result);
        if (action == PAM_ACTION_DIE)
            decided(walk, level);
        break;
    case PAM_ACTION_IGNORE:
        break;
    default:
        jump(walk, level, action);
        break;
    }
}

enum pam_result pam_walk(const struct pam_lines *lines, pam_answer *answer, void *context) {
    struct walk walk = {.lines = lines, .state = {UNDECIDED, PAM_RESULT_PERM_DENIED}};
    walk.entered[0] = walk.state;
    int before = 0;
    for (; walk.at < lines->count; walk.at++) {
        const struct pam_line *line = &lines->line[walk.at];
        int level = level_of(&walk, walk.at);
        if (before < level)
            walk.entered[level] = walk.state;
        before = level;
        if (line->kind == PAM_LINE_SUBSTACK)
            continue;
        enum pam_result result = line->kind == PAM_LINE_BROKEN ? PAM_RESULT_PERM_DENIED : answer(context, line);
        act(&walk, level, line->actions[result], result);
    }
    bool sound = walk.state.status != PAM_RESULT_SUCCESS || walk.state.impression == POSITIVE;
    return sound ? walk.state.status : PAM_RESULT_PERM_DENIED;
}
