/* SPDX-License-Identifier: BSD-2-Clause */
/* One complaint, two readers. What is less than an error is for the log alone. */
#include "daemon/trouble.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/notify.h"
#include "daemon/server.h"
#include "policy/configuration.h"

void trouble_tell(void *context, int priority, const char *line) {
    struct server *server = context;
    log_line(priority, line);
    if (priority > LOG_ERR)
        return;
    const struct notice notice = {.kind = NOTICE_STORE, .at = clock_wall(), .why = line};
    notifier_tell(server->notifier, configuration_settings(server->configuration)->notify, &notice, clock_monotonic());
}
