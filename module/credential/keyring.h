/* SPDX-License-Identifier: BSD-2-Clause */
/* The key file and the keys made of it. The file is 32-byte blocks and nothing else. One block: a master key, of which
 * the sealing key and the hash key are derived. More: the newest sealing master first, older ones that still open what
 * they sealed after it, and the hash key last. So hashes, which nobody can make again, outlive a rotation, and a key
 * that was rotated out is gone. */
#ifndef AUTHGATE_CREDENTIAL_KEYRING_H
#define AUTHGATE_CREDENTIAL_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BLOCK_SIZE 32
#define KEY_FILE_BLOCKS 8 /* at most */

/* In locked memory that no core dump holds and nothing can write. Any thread may use it. */
struct keyring;

/* Prepares the libraries. Once, before anything else of module/credential; false: nothing of it can be used. */
bool credential_start(void);

/* Reads a key file. NULL, and why in `fault` (of `size` bytes), where it cannot be read, is a symbolic link or no
 * plain file, belongs to someone other than root or this user, can be read or written by group or others, or has not
 * a possible size. Blocks on file I/O. */
struct keyring *keyring_read(const char *path, char *fault, size_t size);

/* The same from a key file's contents, which stay the caller's to wipe. */
struct keyring *keyring_make(const unsigned char *bytes, size_t length);

/* Wipes and frees it and sets the pointer to NULL. */
void keyring_free(struct keyring **keyring);

/* Makes a key file of one random block, mode 0400, durable before it returns. False where there is a file already. */
bool key_file_create(const char *path, char *fault, size_t size);

/* Puts a new sealing key in front, keeping the file's owner and mode; the file is replaced in one step, durably. Does
 * nothing where an earlier rotation was not finished (older keys are still there). */
bool key_file_rotate(const char *path, char *fault, size_t size);

/* Drops the older sealing keys: once nothing is sealed under them. */
bool key_file_retire(const char *path, char *fault, size_t size);

/* The same with a key file's contents, `*length` of the KEY_FILE_BYTES that `bytes` has room for: for whoever keeps the
 * file where this process cannot write. False where they have not a possible length. */
#define KEY_FILE_BYTES (KEY_BLOCK_SIZE * KEY_FILE_BLOCKS)
bool key_bytes_rotate(unsigned char *bytes, size_t *length);
bool key_bytes_retire(unsigned char *bytes, size_t *length);

/* Whether `next` can take the place of `before`: it makes the same hashes, and opens what `before` seals. */
bool keyring_follows(const struct keyring *next, const struct keyring *before);

/* The id of the key that seals now (positive; says nothing about the key), whether the ring has the key with an id, and
 * how many sealing keys it has. */
int64_t keyring_current(const struct keyring *keyring);
bool keyring_has(const struct keyring *keyring, int64_t id);
size_t keyring_count(const struct keyring *keyring);

/* For module/credential alone: the sealing key with an id (NULL: unknown) and the hash key of a purpose, 32 bytes. */
#define KEYRING_PURPOSES 8
const unsigned char *keyring_seal_key(const struct keyring *keyring, int64_t id);
const unsigned char *keyring_hash_key(const struct keyring *keyring, unsigned purpose);

#endif
