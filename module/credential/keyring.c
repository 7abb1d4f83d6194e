/* SPDX-License-Identifier: BSD-2-Clause */
/* The key file's blocks, and the keys derived from them with crypto_kdf. Every key lives in one sodium_malloc region:
 * guarded, locked, left out of core dumps, and read-only once made. Called by the daemon at its start and by whoever
 * rotates keys; never logs a byte of a key. */
#include "credential/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <liboath/oath.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

#define KDF_CONTEXT "authgate" /* crypto_kdf_CONTEXTBYTES */
enum { SUBKEY_SEAL = 1, SUBKEY_HASH = 2, SUBKEY_PURPOSE = 16 };

_Static_assert(KEY_BLOCK_SIZE == crypto_kdf_KEYBYTES, "a block is a master key");
_Static_assert(KEY_BLOCK_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a subkey seals");

struct keyring {
    size_t count;
    int64_t ids[KEY_FILE_BLOCKS];
    unsigned char seal[KEY_FILE_BLOCKS][KEY_BLOCK_SIZE];
    unsigned char hash[KEYRING_PURPOSES][KEY_BLOCK_SIZE];
};

/* A key file's contents, in sodium_malloc memory. */
struct blocks {
    size_t count;
    unsigned char block[KEY_FILE_BLOCKS][KEY_BLOCK_SIZE];
};

static void say(char *fault, size_t size, const char *path, const char *what) {
    struct buffer text;
    buffer_init(&text, fault, size);
    buffer_add_format(&text, "%s: %s", path, what);
}

static void say_errno(char *fault, size_t size, const char *path, const char *what) {
    struct buffer text;
    buffer_init(&text, fault, size);
    buffer_add_format(&text, "%s: %s: %s", path, what, strerrordesc_np(errno));
}

bool credential_start(void) {
    return sodium_init() >= 0 && oath_init() == OATH_OK;
}

static void derive(unsigned char out[KEY_BLOCK_SIZE], uint64_t number, const unsigned char *from) {
    crypto_kdf_derive_from_key(out, KEY_BLOCK_SIZE, number, KDF_CONTEXT, from);
}

static int64_t key_id(const unsigned char key[KEY_BLOCK_SIZE]) {
    static const unsigned char label[] = "the id of a sealing key";
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, label, sizeof label, key, KEY_BLOCK_SIZE);
    int64_t id = 0;
    for (size_t i = 0; i < 8; i++)
        id = (int64_t)(((uint64_t)id << 8 | hash[i]) & INT64_MAX);
    return id == 0 ? 1 : id;
}

/* Where the file is one block the hash key comes from it; else it is the last. */
static void hash_root(const struct blocks *blocks, unsigned char root[KEY_BLOCK_SIZE]) {
    if (blocks->count == 1)
        derive(root, SUBKEY_HASH, blocks->block[0]);
    else
        memcpy(root, blocks->block[blocks->count - 1], KEY_BLOCK_SIZE);
}

static void fill(struct keyring *keyring, const struct blocks *blocks) {
    keyring->count = blocks->count == 1 ? 1 : blocks->count - 1;
    for (size_t i = 0; i < keyring->count; i++) {
        derive(keyring->seal[i], SUBKEY_SEAL, blocks->block[i]);
        keyring->ids[i] = key_id(keyring->seal[i]);
    }
    unsigned char *root = keyring->hash[0]; /* derived over last, so that it never lies on the stack */
    hash_root(blocks, root);
    for (unsigned i = KEYRING_PURPOSES; i-- > 0;)
        derive(keyring->hash[i], SUBKEY_PURPOSE + i, root);
}

static bool blocks_take(struct blocks *blocks, const unsigned char *bytes, size_t length) {
    if (length == 0 || length % KEY_BLOCK_SIZE != 0 || length > sizeof blocks->block)
        return false;
    blocks->count = length / KEY_BLOCK_SIZE;
    memcpy(blocks->block, bytes, length);
    return true;
}

static struct keyring *keyring_of(const struct blocks *blocks) {
    struct keyring *keyring = sodium_malloc(sizeof *keyring);
    if (keyring == NULL)
        return NULL;
    sodium_memzero(keyring, sizeof *keyring);
    fill(keyring, blocks);
    sodium_mprotect_readonly(keyring);
    return keyring;
}

struct keyring *keyring_make(const unsigned char *bytes, size_t length) {
    struct blocks *blocks = sodium_malloc(sizeof *blocks);
    struct keyring *keyring = NULL;
    if (blocks != NULL && blocks_take(blocks, bytes, length))
        keyring = keyring_of(blocks);
    sodium_free(blocks);
    return keyring;
}

void keyring_free(struct keyring **keyring) {
    sodium_free(*keyring); /* wipes it */
    *keyring = NULL;
}

/* Why the file may not be a key file; NULL: it may. */
static const char *unfit(const struct stat *status) {
    if (!S_ISREG(status->st_mode))
        return "is no plain file";
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return "belongs to another user; it must be root's or the daemon's own";
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "can be read or written by others; chmod 0400 it";
    if (status->st_size == 0 || status->st_size % KEY_BLOCK_SIZE != 0 ||
        status->st_size > KEY_FILE_BLOCKS * KEY_BLOCK_SIZE)
        return "has not the size of a key file (32 bytes for each key)";
    return NULL;
}

static bool read_all(int descriptor, unsigned char *bytes, size_t length) {
    size_t have = 0;
    while (have < length) {
        ssize_t got = read(descriptor, bytes + have, length - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

/* What keeps the open file from being a key file that can be read; NULL: `blocks` has it. */
static const char *read_blocks(int descriptor, struct blocks *blocks, struct stat *status) {
    if (fstat(descriptor, status) != 0)
        return "cannot be examined";
    const char *why = unfit(status);
    if (why != NULL)
        return why;
    blocks->count = (size_t)status->st_size / KEY_BLOCK_SIZE;
    return read_all(descriptor, blocks->block[0], (size_t)status->st_size) ? NULL : "cannot be read";
}

/* The file's blocks in memory of their own (sodium_free them), or NULL. */
static struct blocks *blocks_read(const char *path, struct stat *status, char *fault, size_t size) {
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        if (errno == ELOOP)
            say(fault, size, path, "is a symbolic link");
        else
            say_errno(fault, size, path, "cannot be opened");
        return NULL;
    }
    struct blocks *blocks = sodium_malloc(sizeof *blocks);
    const char *why = blocks == NULL ? "no memory for its keys" : read_blocks(descriptor, blocks, status);
    close(descriptor);
    if (why == NULL)
        return blocks;
    say(fault, size, path, why);
    sodium_free(blocks);
    return NULL;
}

struct keyring *keyring_read(const char *path, char *fault, size_t size) {
    struct stat status;
    struct blocks *blocks = blocks_read(path, &status, fault, size);
    if (blocks == NULL)
        return NULL;
    struct keyring *keyring = keyring_of(blocks);
    if (keyring == NULL)
        say(fault, size, path, "no memory for its keys");
    sodium_free(blocks);
    return keyring;
}

static bool write_all(int descriptor, const unsigned char *bytes, size_t length) {
    while (length > 0) {
        ssize_t put = write(descriptor, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static bool sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    struct buffer text;
    buffer_init(&text, folder, sizeof folder);
    if (!buffer_add(&text, path))
        return false;
    int descriptor = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool synced = fsync(descriptor) == 0;
    close(descriptor);
    return synced;
}

/* A new file with these blocks, durable but for its name; it must not be there yet. `owner` (may be NULL) has whose it
 * becomes. */
static bool write_file(const char *path, const struct blocks *blocks, const struct stat *owner) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    if (descriptor < 0)
        return false;
    bool written = (owner == NULL || fchown(descriptor, owner->st_uid, owner->st_gid) == 0) &&
                   fchmod(descriptor, owner == NULL ? 0400 : owner->st_mode & 0700) == 0 &&
                   write_all(descriptor, blocks->block[0], blocks->count * KEY_BLOCK_SIZE) && fsync(descriptor) == 0;
    int saved = errno;
    close(descriptor);
    if (!written)
        unlink(path);
    errno = saved;
    return written;
}

bool key_file_create(const char *path, char *fault, size_t size) {
    struct blocks *blocks = sodium_malloc(sizeof *blocks);
    if (blocks == NULL) {
        say(fault, size, path, "no memory for a key");
        return false;
    }
    blocks->count = 1;
    randombytes_buf(blocks->block[0], KEY_BLOCK_SIZE);
    bool made = write_file(path, blocks, NULL) && sync_folder_of(path);
    if (!made)
        say_errno(fault, size, path, "cannot be made");
    sodium_free(blocks);
    return made;
}

/* Puts `blocks` in the file's place in one step. */
static bool replace_file(const char *path, const struct blocks *blocks, const struct stat *owner, char *fault,
                         size_t size) {
    char fresh[PATH_MAX];
    struct buffer text;
    buffer_init(&text, fresh, sizeof fresh);
    if (!buffer_add_format(&text, "%s.new", path)) {
        say(fault, size, path, "too long a name");
        return false;
    }
    unlink(fresh); /* left by one that was interrupted: nothing has ever read it */
    if (!write_file(fresh, blocks, owner) || rename(fresh, path) != 0 || !sync_folder_of(path)) {
        say_errno(fault, size, path, "cannot be replaced");
        return false;
    }
    return true;
}

/* A new sealing key in front, the hash key last. Nothing where an earlier rotation was not finished. */
static bool put_in_front(struct blocks *blocks) {
    if (blocks->count > 2)
        return false;
    hash_root(blocks, blocks->block[2]);
    memcpy(blocks->block[1], blocks->block[0], KEY_BLOCK_SIZE);
    randombytes_buf(blocks->block[0], KEY_BLOCK_SIZE);
    blocks->count = 3;
    return true;
}

/* The newest sealing key and the hash key stay. Nothing where there are no others. */
static bool drop_older(struct blocks *blocks) {
    if (blocks->count <= 2)
        return false;
    memcpy(blocks->block[1], blocks->block[blocks->count - 1], KEY_BLOCK_SIZE);
    blocks->count = 2;
    return true;
}

static bool change_file(const char *path, bool (*change)(struct blocks *blocks), char *fault, size_t size) {
    struct stat status;
    struct blocks *blocks = blocks_read(path, &status, fault, size);
    if (blocks == NULL)
        return false;
    bool done = !change(blocks) || replace_file(path, blocks, &status, fault, size);
    sodium_free(blocks);
    return done;
}

bool key_file_rotate(const char *path, char *fault, size_t size) {
    return change_file(path, put_in_front, fault, size);
}

bool key_file_retire(const char *path, char *fault, size_t size) {
    return change_file(path, drop_older, fault, size);
}

static bool change_bytes(unsigned char *bytes, size_t *length, bool (*change)(struct blocks *blocks)) {
    struct blocks *blocks = sodium_malloc(sizeof *blocks);
    bool taken = blocks != NULL && blocks_take(blocks, bytes, *length);
    if (taken && change(blocks)) {
        *length = blocks->count * KEY_BLOCK_SIZE;
        memcpy(bytes, blocks->block[0], *length);
    }
    sodium_free(blocks);
    return taken;
}

bool key_bytes_rotate(unsigned char *bytes, size_t *length) {
    return change_bytes(bytes, length, put_in_front);
}

bool key_bytes_retire(unsigned char *bytes, size_t *length) {
    return change_bytes(bytes, length, drop_older);
}

bool keyring_follows(const struct keyring *next, const struct keyring *before) {
    return sodium_memcmp(next->hash, before->hash, sizeof next->hash) == 0 &&
           keyring_has(next, keyring_current(before));
}

int64_t keyring_current(const struct keyring *keyring) {
    return keyring->ids[0];
}

size_t keyring_count(const struct keyring *keyring) {
    return keyring->count;
}

const unsigned char *keyring_seal_key(const struct keyring *keyring, int64_t id) {
    for (size_t i = 0; i < keyring->count; i++)
        if (keyring->ids[i] == id)
            return keyring->seal[i];
    return NULL;
}

bool keyring_has(const struct keyring *keyring, int64_t id) {
    return keyring_seal_key(keyring, id) != NULL;
}

const unsigned char *keyring_hash_key(const struct keyring *keyring, unsigned purpose) {
    return keyring->hash[purpose];
}
