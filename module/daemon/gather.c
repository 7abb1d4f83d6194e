/* SPDX-License-Identifier: BSD-2-Clause */
/* Country, policy, groups: in this order, each step calling the next. */
#include "daemon/gather.h"

#include "base/clock.h"
#include "daemon/country_watch.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "policy/configuration.h"

static void read_policy(struct gathering *gathering);

static void finish(struct gathering *gathering, bool readable) {
    gathering->done(gathering->context, readable);
}

static void groups_answered(void *context) {
    struct gathering *gathering = context;
    configuration_group_answer(gathering->server->configuration, &gathering->groups, clock_monotonic());
    if (gathering->release != NULL)
        gathering->release(gathering->context);
    else
        read_policy(gathering);
}

static void groups_run(void *context) {
    group_query_run(((struct gathering *)context)->groups);
}

static void ask_groups(struct gathering *gathering) {
    struct server *server = gathering->server;
    gathering->groups = configuration_group_query(server->configuration, gathering->account);
    if (gathering->groups != NULL && workers_submit(server->workers, groups_run, groups_answered, gathering))
        return;
    if (gathering->groups != NULL) /* one that was not run counts as a lookup that failed */
        configuration_group_answer(server->configuration, &gathering->groups, clock_monotonic());
    finish(gathering, false);
}

static void read_policy(struct gathering *gathering) {
    struct server *server = gathering->server;
    switch (configuration_policy(server->configuration, gathering->account, clock_monotonic(), &gathering->policy)) {
    case POLICY_FOUND:
        finish(gathering, true);
        return;
    case POLICY_ASK_GROUPS:
        ask_groups(gathering);
        return;
    case POLICY_UNREADABLE:
        break;
    }
    finish(gathering, false);
}

void gather_start(struct gathering *gathering) {
    country_watch_look_up(gathering->server->country, &gathering->facts);
    read_policy(gathering);
}

bool gather_under_way(const struct gathering *gathering) {
    return gathering->groups != NULL;
}

void gather_cancel(struct gathering *gathering, void (*release)(void *context)) {
    if (gather_under_way(gathering))
        gathering->release = release;
    else
        release(gathering->context);
}

void gather_clear(struct gathering *gathering) {
    policy_release(&gathering->policy);
}
