/* SPDX-License-Identifier: BSD-2-Clause */
/* Keyed hashes of what must be recognized but never read back (codes, recovery codes, app passwords), and MACs of rows
 * that would open something if they were copied or changed. Each has its purpose and its account hashed in, every
 * part with its length before it. */
#ifndef AUTHGATE_CREDENTIAL_KEYED_HASH_H
#define AUTHGATE_CREDENTIAL_KEYED_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "credential/keyring.h"
#include "credential/totp.h"

#define KEYED_HASH_SIZE 16

enum hash_purpose {
    HASH_CODE,          /* an accepted or wrong code */
    HASH_RECOVERY_CODE,
    HASH_APP_PASSWORD,
    HASH_LOGIN,         /* what a login is about: settled refs */
    HASH_STEP,          /* MAC of a secret's last step */
    HASH_NETWORK,       /* MAC of a remembered network */
    HASH_SCOPE,         /* MAC of an app password's limits */
    HASH_SECRET,        /* a TOTP secret: the id of its row */
};

struct hash_part {
    const void *bytes;
    size_t length;
};

struct hash_input {
    enum hash_purpose purpose;
    const char *account;
    const struct hash_part *parts;
    size_t count;
};

void keyed_hash(const struct keyring *keyring, const struct hash_input *input, unsigned char hash[KEYED_HASH_SIZE]);

/* The same of one text, for the first three purposes. */
void keyed_hash_text(const struct keyring *keyring, enum hash_purpose purpose, const char *account, const char *text,
                     unsigned char hash[KEYED_HASH_SIZE]);

/* The id of an account's secret, the same whenever that secret comes again: so its used steps are found, after it was
 * disabled or replaced too. Digits and hash do not matter, since the steps are the same. */
void secret_row_id(const struct keyring *keyring, const char *account, const struct totp *totp,
                   unsigned char id[KEYED_HASH_SIZE]);

/* MAC of a secret's last consumed step, bound to the secret. */
void step_mac(const struct keyring *keyring, const char *account, const unsigned char *secret_id, int64_t step,
              unsigned char mac[KEYED_HASH_SIZE]);

/* MAC of a network remembered until a time. */
void network_mac(const struct keyring *keyring, const char *account, const struct prefix *network, int64_t until,
                 unsigned char mac[KEYED_HASH_SIZE]);

/* What an app password may be used for, as its row has it. */
struct app_password_limits {
    const unsigned char *id;   /* 16 bytes */
    const unsigned char *hash; /* of the password */
    const char *services;
    const char *networks;
    int64_t expires;
};

void scope_mac(const struct keyring *keyring, const char *account, const struct app_password_limits *limits,
               unsigned char mac[KEYED_HASH_SIZE]);

/* Whether two hashes are one, and where `hash` stands among `count` (or `count`, where it does not): in a time that
 * depends on `count` alone. */
bool keyed_hash_equal(const unsigned char *one, const unsigned char *other);
size_t keyed_hash_find(const unsigned char *hash, const unsigned char (*hashes)[KEYED_HASH_SIZE], size_t count);

#endif
