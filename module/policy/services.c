/* SPDX-License-Identifier: BSD-2-Clause */
/* Service names. One service has one number and one name everywhere, whatever Postfix and Dovecot call it; a policy for
 * smtp therefore also holds on the submission ports. */
#include "policy/services.h"

#include <string.h>

static const char *const own_names[] = {"imap", "pop3", "smtp", "sieve", "doveadm"};

const char *const service_other_names[] = {"submission", "submissions", "smtps", "managesieve", NULL};
static const int service_of_other[] = {2, 2, 2, 3};

void services_start(struct services *services) {
    *services = (struct services){.count = sizeof own_names / sizeof own_names[0]};
    memcpy(services->names, own_names, sizeof own_names);
}

enum services_fault services_add(struct services *services, const char *name) {
    if (services_number(services, name) != SERVICE_UNKNOWN)
        return SERVICES_TAKEN;
    if (services->count == SERVICE_LIMIT)
        return SERVICES_FULL;
    services->names[services->count++] = name;
    return SERVICES_OK;
}

int services_number(const struct services *services, const char *name) {
    for (size_t i = 0; i < services->count; i++)
        if (strcmp(services->names[i], name) == 0)
            return (int)i;
    for (size_t i = 0; service_other_names[i] != NULL; i++)
        if (strcmp(service_other_names[i], name) == 0)
            return service_of_other[i];
    return SERVICE_UNKNOWN;
}
