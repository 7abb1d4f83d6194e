/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the configuration through module/policy. Called by every verb; writes nothing but complaints. */
#include "ctl/host.h"

#include <stdio.h>
#include <string.h>

void host_print_mistakes(const struct mistakes *mistakes, const char *instead_of, char *shown) {
    for (size_t i = 0; i < mistakes->count; i++) {
        char text[4096];
        struct mistake mistake = mistakes->list[i];
        if (instead_of != NULL && mistake.file != NULL && strcmp(mistake.file, instead_of) == 0)
            mistake.file = shown;
        mistake_format(&mistake, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
}

struct configuration *host_load(const struct invocation *invocation, bool quiet) {
    struct mistakes mistakes = {0};
    struct configuration *configuration = configuration_load(invocation->configuration, &mistakes);
    if (configuration == NULL && !quiet)
        host_print_mistakes(&mistakes, NULL, NULL);
    mistakes_clear(&mistakes);
    return configuration;
}

const char *host_admin_socket(const struct invocation *invocation, const struct configuration *configuration) {
    if (invocation->socket != NULL)
        return invocation->socket;
    const struct settings *settings = configuration != NULL ? configuration_settings(configuration) : NULL;
    for (size_t i = 0; settings != NULL && i < settings->socket_count; i++)
        if (settings->sockets[i].kind == SOCKET_ADMIN)
            return settings->sockets[i].path;
    return CTL_DEFAULT_SOCKET;
}
