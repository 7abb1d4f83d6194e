/* SPDX-License-Identifier: BSD-2-Clause */
/* The log's form of a mistake. authgatectl check has the same in its own. */
#include "daemon/report.h"

#include "base/log.h"
#include "policy/configuration.h"

void report_mistakes(const struct mistakes *mistakes) {
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct mistake *mistake = &mistakes->list[i];
        int priority = mistake->warning ? LOG_WARNING : LOG_ERR;
        if (mistake->line > 0)
            log_message(priority, "%s:%d: %s", mistake->file, mistake->line, mistake->what);
        else
            log_message(priority, "%s: %s", mistake->file, mistake->what);
    }
}
