/* SPDX-License-Identifier: BSD-2-Clause */
/* The services of this host and the names that they go by. */
#ifndef AUTHGATE_POLICY_SERVICES_H
#define AUTHGATE_POLICY_SERVICES_H

#include <stddef.h>

#include "policy/policy.h"

/* Names are borrowed, NULL-terminated, and a service's number is its place. */
struct services {
    const char *names[SERVICE_LIMIT + 1];
    size_t count;
};

/* The five that every host has. */
void services_start(struct services *services);

enum services_fault { SERVICES_OK, SERVICES_FULL, SERVICES_TAKEN };

/* Adds one by its name. */
enum services_fault services_add(struct services *services, const char *name);

/* The number of a service by its name or another name of it, or SERVICE_UNKNOWN. */
int services_number(const struct services *services, const char *name);

/* The other names, for suggestions; NULL-terminated. */
extern const char *const service_other_names[];

#endif
