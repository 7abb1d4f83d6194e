/* SPDX-License-Identifier: BSD-2-Clause */
/* The store and the key that opens what it holds, as the loop drives them. */
#ifndef AUTHGATE_DAEMON_VAULT_H
#define AUTHGATE_DAEMON_VAULT_H

#include <stdbool.h>
#include <stddef.h>

struct keyring;
struct server;
struct settings;
struct store;
struct vault;

#define VAULT_PATIENCE 1500 /* milliseconds for one call of the store: less than a module waits */

/* Reads the key file, while the daemon still may; with `create` it is made where it is missing. Where systemd has
 * handed over a credential `secret.key`, that is read instead. NULL, with words in
 * `fault`, where it cannot be used. Only to be called where a store is configured. */
struct vault *vault_unlock(const struct settings *settings, bool create, char *fault, size_t size);

/* Opens the store and lets the loop drive it. False, with words in `fault`, where it can never work, or where `create`
 * could not make it; one that only fails now is said in the log and tried again. */
bool vault_open(struct vault *vault, struct server *server, bool create, char *fault, size_t size);

void vault_close(struct vault **vault);

struct store *vault_store(const struct vault *vault);
const struct keyring *vault_keyring(const struct vault *vault);

/* Seals and opens with another ring from now on. Takes it. */
void vault_take_keyring(struct vault *vault, struct keyring *keyring);

#endif
