/* SPDX-License-Identifier: BSD-2-Clause */
/* Key first, as root; store later, as the daemon's user. */
#include "daemon/vault.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "credential/keyring.h"
#include "daemon/server.h"
#include "daemon/trouble.h"
#include "policy/configuration.h"
#include "store/store.h"

struct vault {
    struct keyring *keyring;
    struct store *store;
    struct event *event;
    char host[65];
};

/* Where systemd put the key for a daemon that was never root (LoadCredential=secret.key:FILE); false: nowhere. */
static bool credential_place(char *path, size_t size) {
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    int length = folder != NULL ? snprintf(path, size, "%s/secret.key", folder) : -1;
    return length > 0 && (size_t)length < size && access(path, F_OK) == 0;
}

/* The folder keeps everybody else out; the mode shows an access list's mask there and says nothing. */
static struct keyring *read_credential(const char *path, char *fault, size_t size) {
    unsigned char bytes[KEY_FILE_BYTES];
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t length = descriptor >= 0 ? read(descriptor, bytes, sizeof bytes) : -1;
    if (descriptor >= 0)
        close(descriptor);
    struct keyring *keyring = length > 0 ? keyring_make(bytes, (size_t)length) : NULL;
    explicit_bzero(bytes, sizeof bytes);
    if (keyring == NULL)
        snprintf(fault, size, "the credential %s cannot be read, or is no key file", path);
    return keyring;
}

struct vault *vault_unlock(const struct settings *settings, bool create, char *fault, size_t size) {
    const char *path = settings->secret_key_file;
    if (path == NULL) {
        snprintf(fault, size, "a store needs a key: name a file as `secret_key_file`");
        return NULL;
    }
    if (!credential_start()) {
        snprintf(fault, size, "libsodium or liboath cannot be used");
        return NULL;
    }
    if (create && access(path, F_OK) != 0 && errno == ENOENT && !key_file_create(path, fault, size))
        return NULL;
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL) {
        snprintf(fault, size, "out of memory");
        return NULL;
    }
    char credential[PATH_MAX];
    if (!create && credential_place(credential, sizeof credential))
        vault->keyring = read_credential(credential, fault, size);
    else
        vault->keyring = keyring_read(path, fault, size);
    if (vault->keyring == NULL)
        vault_close(&vault);
    return vault;
}

static void dispatch(evutil_socket_t descriptor, short events, void *argument) {
    struct vault *vault = argument;
    (void)descriptor;
    (void)events;
    store_dispatch(vault->store, clock_monotonic());
}

static bool listen_to(struct vault *vault, struct server *server) {
    vault->event = event_new(server->base, store_descriptor(vault->store), EV_READ | EV_PERSIST, dispatch, vault);
    return vault->event != NULL && event_add(vault->event, NULL) == 0;
}

bool vault_open(struct vault *vault, struct server *server, bool create, char *fault, size_t size) {
    if (gethostname(vault->host, sizeof vault->host - 1) != 0)
        snprintf(vault->host, sizeof vault->host, "localhost");
    const struct store_settings settings = {
        .url = configuration_settings(server->configuration)->store,
        .host = vault->host,
        .create = create,
        .complain = trouble_tell,
        .complain_context = server,
    };
    vault->store = store_open(&settings, fault, size);
    if (vault->store == NULL)
        return false;
    char why[512];
    enum store_state state = store_state(vault->store, why, sizeof why);
    if (state != STORE_SERVING && create) {
        snprintf(fault, size, "%s", why);
        return false;
    }
    if (state != STORE_SERVING)
        log_message(LOG_CRIT, "the store cannot be used: %s; what needs it is refused as unavailable", why);
    if (listen_to(vault, server))
        return true;
    snprintf(fault, size, "the event loop cannot watch the store");
    return false;
}

void vault_close(struct vault **closed) {
    struct vault *vault = *closed;
    if (vault == NULL)
        return;
    if (vault->event != NULL)
        event_free(vault->event);
    if (vault->store != NULL)
        store_close(&vault->store);
    if (vault->keyring != NULL)
        keyring_free(&vault->keyring);
    free(vault);
    *closed = NULL;
}

struct store *vault_store(const struct vault *vault) {
    return vault->store;
}

const struct keyring *vault_keyring(const struct vault *vault) {
    return vault->keyring;
}

void vault_take_keyring(struct vault *vault, struct keyring *keyring) {
    keyring_free(&vault->keyring);
    vault->keyring = keyring;
}
