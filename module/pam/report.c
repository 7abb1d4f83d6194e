/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the module's few lines together and hands them to pam_syslog. What the client chose (its name, the service) is
 * escaped; what is secret is not even read here. */
#include "pam/report.h"

#include <security/pam_ext.h>

#include "base/log.h"

void report(const pam_handle_t *pamh, int priority, const char *what, const struct login *login) {
    char storage[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, storage, sizeof storage);
    if (login != NULL) {
        log_add(&line, "ref", login->ref);
        log_add(&line, "user", login->user);
        log_add(&line, "service", login->service);
        log_add(&line, "address", login->address);
        log_add(&line, "reason", login->reason);
    }
    pam_syslog(pamh, priority, "%s%s%s", what, line.length > 0 ? ": " : "", line.bytes);
}

void report_text(const pam_handle_t *pamh, int priority, const char *what, const char *text) {
    char storage[LOG_LINE_SIZE];
    struct buffer line;
    buffer_init(&line, storage, sizeof storage);
    log_add_text(&line, text);
    pam_syslog(pamh, priority, "%s: %s", what, line.bytes);
}
