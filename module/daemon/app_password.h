/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a known app password may be used for a login: its own limits, checked against its MAC. Pure. */
#ifndef AUTHGATE_DAEMON_APP_PASSWORD_H
#define AUTHGATE_DAEMON_APP_PASSWORD_H

#include <stdbool.h>

#include "credential/keyring.h"
#include "gate/gate.h"
#include "store/store.h"

enum app_password_scope {
    APP_PASSWORD_FITS,
    APP_PASSWORD_OUT_OF_SCOPE, /* another service, network or name, expired, or revoked */
    APP_PASSWORD_TAMPERED,     /* its limits are not those that were written */
};

/* `service` is the canonical name of the login's service. */
enum app_password_scope app_password_scope(const struct keyring *keyring, const char *account, const char *service,
                                           const struct facts *facts, const struct store_app_password *found);

#endif
