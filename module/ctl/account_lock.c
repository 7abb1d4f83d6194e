/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl account lock|unlock|forget: a lock refuses every login at once, app passwords among them, until it ends
 * or is taken away. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "ctl/change.h"
#include "ctl/when.h"
#include "policy/date.h"

static const struct verb_option none[] = {{NULL, NULL}};

static enum status run_lock(struct invocation *invocation) {
    const char *lasting = NULL;
    struct change lock = {.request = "account-lock"};
    const struct verb_option options[] = {
        {"reason", &lock.question.value[FIELD_TEXT]}, {"for", &lasting}, {NULL, NULL}};
    char until[24], moment[WHEN_TEXT_SIZE], said[WHEN_TEXT_SIZE + 32] = "locked until it is unlocked";
    int64_t seconds;
    if (!verb_parse(invocation, options) || invocation->count != 1)
        return STATUS_USAGE;
    if (lock.question.value[FIELD_TEXT] == NULL || !field_valid(FIELD_TEXT, lock.question.value[FIELD_TEXT]))
        return verb_fail(STATUS_USAGE, "--reason is needed: who unlocks the account will want to know it");
    if (lasting != NULL && (!duration_parse(lasting, &seconds) || seconds <= 0))
        return verb_fail(STATUS_USAGE, "%s is no duration such as 2h or 3d", lasting);
    if (lasting != NULL) {
        snprintf(until, sizeof until, "%" PRId64, clock_wall() + seconds);
        lock.question.value[FIELD_UNTIL] = until;
        when_format_span(seconds, moment);
        snprintf(said, sizeof said, "locked for %s", moment);
    }
    lock.said = said;
    return change_run(invocation, &lock);
}

static enum status run_unlock(struct invocation *invocation) {
    struct change unlock = {.request = "account-unlock", .said = "no longer locked; wrong codes are forgotten"};
    const char *address = NULL;
    const struct verb_option options[] = {{"address", &address}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 1)
        return STATUS_USAGE;
    if (address != NULL && !field_valid(FIELD_CLIENT_ADDRESS, address))
        return verb_fail(STATUS_USAGE, "%s is no address", address);
    if (address != NULL) {
        unlock.request = "throttle-end";
        unlock.said = "no longer throttled from there";
        unlock.question.value[FIELD_CLIENT_ADDRESS] = address;
    }
    return change_run(invocation, &unlock);
}

static enum status run_forget(struct invocation *invocation) {
    struct change forget = {.request = "account-forget", .said = "the store knows nothing of it any more"};
    if (!verb_parse(invocation, none) || invocation->count != 1)
        return STATUS_USAGE;
    return change_run(invocation, &forget);
}

const struct verb account_lock_verb = {
    .name = "account lock",
    .arguments = "ACCOUNT --reason WHY [--for DURATION]",
    .help = "refuse every login of an account from now on",
    .run = run_lock,
};

const struct verb account_unlock_verb = {
    .name = "account unlock",
    .arguments = "ACCOUNT [--address ADDRESS]",
    .help = "take away its locks, by hand and by the gate; with an address, what throttles it from there",
    .run = run_unlock,
};

const struct verb account_forget_verb = {
    .name = "account forget",
    .arguments = "ACCOUNT",
    .help = "remove everything that the store has of an account that is gone: secret, app passwords, locks",
    .run = run_forget,
};
