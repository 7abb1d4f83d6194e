/* SPDX-License-Identifier: BSD-2-Clause */
/* links: policy/account_file.o policy/account_name.o policy/arena.o policy/check.o policy/configuration.o policy/date.o policy/document.o policy/entry.o policy/folder.o policy/host.o policy/keys.o policy/layer.o policy/load.o policy/members.o policy/mistake.o policy/policy.o policy/policy_file.o policy/reading.o policy/scan.o policy/services.o policy/source.o policy/suggest.o policy/tokens.o policy/unix_group.o policy/value.o policy/value_place.o -lconfig */
/* Any bytes as a configuration: the main file's text, a group's and an account's. They must never crash the parser, and
 * either be a configuration or have mistakes, each with words and a place within the text. Nothing is written to disk.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/document.h"
#include "policy/host.h"
#include "policy/policy_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t lines_in(const uint8_t *bytes, size_t size) {
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static void check_mistakes(const struct mistakes *mistakes, size_t lines) {
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct mistake *mistake = &mistakes->list[i];
        if (mistake->what[0] == '\0' || mistake->line < 0 || (size_t)mistake->line > lines)
            abort();
        char text[64];
        mistake_format(mistake, text, sizeof text);
    }
}

/* Every value must be there to be read, whatever the rest of the file was like. */
static uint64_t read_layer(const struct layer *layer) {
    struct policy policy = {.layer_count = 0};
    uint64_t sum = 0;
    if (layer == NULL || !layer_apply((struct layer *)layer, &policy))
        return 0;
    for (size_t i = 0; i < POLICY_SLOT_COUNT; i++)
        if (policy.slot[i] != NULL)
            sum += strlen(policy.slot[i]->file) + policy.slot[i]->count;
    const struct value *exceptions = policy_value(&policy, POLICY_EXCEPTIONS);
    for (size_t i = 0; exceptions != NULL && i < exceptions->count; i++)
        sum += strlen(exceptions->exceptions[i].reason);
    const struct value *mechanisms = policy_value(&policy, POLICY_LEGACY_AUTH_MECHANISMS);
    for (size_t i = 0; mechanisms != NULL && i < mechanisms->count; i++)
        sum += strlen(mechanisms->words[i]);
    policy_release(&policy);
    return sum;
}

/* As a file under groups/, and so as one under accounts/ or domains/ too. */
static void try_policy(const struct document *document, struct mistakes *mistakes) {
    struct services services;
    services_start(&services);
    struct policy_context context = {.services = &services, .zone = "Europe/Berlin", .has_country_database = true};
    struct group_values values = {.set = {false}};
    struct layer *layer = policy_layer(document, document_root(document), &context, &values, mistakes);
    if (read_layer(layer) == UINT64_MAX)
        abort();
    policy_reminders(layer, 1795000000, mistakes);
    layer_release(&layer);
}

static void try_host(const struct document *document, struct mistakes *mistakes) {
    struct host host = {.set = {false}};
    host_read(&host, "main", document, mistakes);
    for (size_t i = 0; i < host.settings.socket_count; i++)
        if (host.settings.sockets[i].path[0] != '/')
            abort();
    host_clear(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct mistakes mistakes = {.list = NULL};
    size_t lines = lines_in(bytes, size);
    struct document *document = document_parse("main", (const char *)bytes, size, &mistakes);
    if (document == NULL && mistakes.grave == 0)
        abort();
    if (document != NULL) {
        try_host(document, &mistakes);
        try_policy(document, &mistakes);
    }
    check_mistakes(&mistakes, lines);
    document_free(&document);
    mistakes_clear(&mistakes);
    return 0;
}
