/* SPDX-License-Identifier: BSD-2-Clause */
/* What module/policy finds to remind of, put into the log and handed to the administrator's program. */
#include "daemon/reminders.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify.h"
#include "daemon/report.h"
#include "daemon/server.h"
#include "policy/configuration.h"

#define EVERY_SECONDS 86400

struct reminders {
    struct event *tick;
};

void reminders_give(struct server *server) {
    struct mistakes mistakes = {0};
    configuration_reminders(server->configuration, clock_wall(), &mistakes);
    report_mistakes(&mistakes);
    for (size_t i = 0; i < mistakes.count; i++) {
        char text[LOG_LINE_SIZE];
        mistake_format(&mistakes.list[i], text, sizeof text);
        const struct notice notice = {.kind = NOTICE_EXCEPTION_ENDING, .at = clock_wall(), .why = text};
        notifier_tell(server->notifier, configuration_settings(server->configuration)->notify, &notice,
                      clock_monotonic());
    }
    mistakes_clear(&mistakes);
}

static void remind(evutil_socket_t descriptor, short events, void *argument) {
    (void)descriptor;
    (void)events;
    reminders_give(argument);
}

struct reminders *reminders_start(struct server *server) {
    struct reminders *reminders = calloc(1, sizeof *reminders);
    if (reminders == NULL)
        return NULL;
    const struct timeval every = {.tv_sec = EVERY_SECONDS};
    reminders->tick = event_new(server->base, -1, EV_PERSIST, remind, server);
    if (reminders->tick == NULL || event_add(reminders->tick, &every) != 0) {
        reminders_stop(&reminders);
        return NULL;
    }
    reminders_give(server);
    return reminders;
}

void reminders_stop(struct reminders **reminders) {
    if (*reminders == NULL)
        return;
    if ((*reminders)->tick != NULL)
        event_free((*reminders)->tick);
    free(*reminders);
    *reminders = NULL;
}
