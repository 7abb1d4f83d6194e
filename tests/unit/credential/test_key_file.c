/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/keyring.o credential/keyed_hash.o credential/totp.o -loath -lsodium -Wl,--wrap=geteuid -Wl,--wrap=sodium_malloc -Wl,--wrap=sodium_free */
/* The key file is made once, refused where others could have read it (I4), and rotated without losing a hash. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "credential/keyed_hash.h"
#include "credential/keyring.h"

static char folder[64];
static char path[96], other[96];
static char fault[256];

static uid_t pretended; /* 0: who this process really is */
static int held; /* places for keys that were taken and not given back, which is what wipes them */

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);
void __real_sodium_free(void *memory);
void __wrap_sodium_free(void *memory);

uid_t __wrap_geteuid(void) {
    return pretended != 0 ? pretended : __real_geteuid();
}

void *__wrap_sodium_malloc(size_t size) {
    void *memory = __real_sodium_malloc(size);
    held += memory != NULL;
    return memory;
}

void __wrap_sodium_free(void *memory) {
    held -= memory != NULL;
    __real_sodium_free(memory);
}

static int start(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/authgate-key-XXXXXX");
    if (!credential_start() || mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/secret.key", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int stop(void **state) {
    (void)state;
    return rmdir(folder);
}

static int remove_files(void **state) {
    (void)state;
    unlink(path);
    unlink(other);
    return held; /* whatever the test did, no key is left */
}

static void write_key(size_t length, mode_t mode) {
    unsigned char bytes[KEY_FILE_BLOCKS * KEY_BLOCK_SIZE + KEY_BLOCK_SIZE] = "a key";
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, length), length);
    assert_int_equal(fchmod(descriptor, mode), 0);
    close(descriptor);
}

static void refused_because(const char *word) {
    fault[0] = '\0';
    struct keyring *keyring = keyring_read(path, fault, sizeof fault);
    assert_null(keyring);
    assert_non_null(strstr(fault, word));
    assert_non_null(strstr(fault, path));
}

static off_t size_of_file(mode_t *mode) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    *mode = status.st_mode & 07777;
    return status.st_size;
}

static void a_new_file_is_one_block_and_only_its_owner_reads_it(void **state) {
    (void)state;
    mode_t mode;
    umask(0);
    assert_true(key_file_create(path, fault, sizeof fault));
    assert_int_equal(size_of_file(&mode), KEY_BLOCK_SIZE);
    assert_int_equal(mode, 0400);
    struct keyring *keyring = keyring_read(path, fault, sizeof fault);
    assert_non_null(keyring);
    assert_int_equal(keyring_count(keyring), 1);
    assert_true(keyring_current(keyring) > 0);
    keyring_free(&keyring);
    assert_null(keyring);
}

static void a_file_that_is_there_is_never_made_anew(void **state) {
    (void)state;
    assert_true(key_file_create(path, fault, sizeof fault));
    struct keyring *before = keyring_read(path, fault, sizeof fault);
    assert_false(key_file_create(path, fault, sizeof fault));
    struct keyring *after = keyring_read(path, fault, sizeof fault);
    assert_int_equal(keyring_current(before), keyring_current(after));
    keyring_free(&before);
    keyring_free(&after);
}

static void a_file_that_others_can_reach_is_refused(void **state) {
    (void)state;
    static const mode_t modes[] = {0440, 0404, 0420, 0402, 0410, 0401, 0644, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        write_key(KEY_BLOCK_SIZE, modes[i]);
        refused_because("chmod 0400");
        unlink(path);
    }
    write_key(KEY_BLOCK_SIZE, 0600);
    struct keyring *keyring = keyring_read(path, fault, sizeof fault);
    assert_non_null(keyring);
    keyring_free(&keyring);
}

static void another_users_file_is_refused(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    write_key(KEY_BLOCK_SIZE, 0400);
    assert_int_equal(chown(path, 54321, 0), 0);
    refused_because("another user");
}

static void a_daemon_that_is_not_roots_takes_its_own_and_roots(void **state) {
    (void)state;
    static const uid_t owners[] = {0, 54321, 54322};
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < 3; i++) {
        write_key(KEY_BLOCK_SIZE, 0400);
        assert_int_equal(chown(path, owners[i], 0), 0);
        pretended = 54321;
        struct keyring *keyring = keyring_read(path, fault, sizeof fault);
        pretended = 0;
        assert_int_equal(keyring != NULL, owners[i] != 54322);
        keyring_free(&keyring);
        unlink(path);
    }
}

static void what_is_no_plain_file_is_refused(void **state) {
    (void)state;
    refused_because("cannot be opened");
    write_key(KEY_BLOCK_SIZE, 0400);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    refused_because("symbolic link");
    unlink(path);
    assert_int_equal(mkfifo(path, 0400), 0);
    refused_because("no plain file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused_because("no plain file");
    assert_int_equal(rmdir(path), 0);
}

static void a_file_of_another_size_is_refused(void **state) {
    (void)state;
    static const size_t sizes[] = {
        0, 1, 31, 33, 63, 65, KEY_FILE_BLOCKS * KEY_BLOCK_SIZE + 1, (KEY_FILE_BLOCKS + 1) * KEY_BLOCK_SIZE};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_key(sizes[i], 0400);
        refused_because("size");
        unlink(path);
    }
}

static void hash_of(struct keyring *keyring, unsigned char hash[KEYED_HASH_SIZE]) {
    keyed_hash_text(keyring, HASH_APP_PASSWORD, "alice", "abcdefghijklmnop", hash);
}

static struct keyring *reread(void) {
    struct keyring *keyring = keyring_read(path, fault, sizeof fault);
    assert_non_null(keyring);
    return keyring;
}

static void rotating_brings_a_new_key_and_keeps_every_hash(void **state) {
    (void)state;
    unsigned char before[KEYED_HASH_SIZE], after[KEYED_HASH_SIZE];
    int64_t first = 0;
    assert_true(key_file_create(path, fault, sizeof fault));
    for (int round = 0; round < 3; round++) {
        struct keyring *keyring = reread();
        hash_of(keyring, before);
        first = keyring_current(keyring);
        keyring_free(&keyring);

        assert_true(key_file_rotate(path, fault, sizeof fault));
        keyring = reread();
        assert_int_equal(keyring_count(keyring), 2);
        assert_true(keyring_current(keyring) != first);
        assert_true(keyring_has(keyring, first));
        hash_of(keyring, after);
        assert_memory_equal(before, after, sizeof before);
        keyring_free(&keyring);

        assert_true(key_file_retire(path, fault, sizeof fault));
        keyring = reread();
        assert_int_equal(keyring_count(keyring), 1);
        assert_false(keyring_has(keyring, first));
        hash_of(keyring, after);
        assert_memory_equal(before, after, sizeof before);
        keyring_free(&keyring);
    }
}

static void an_interrupted_rotation_goes_on_with_the_key_it_made(void **state) {
    (void)state;
    assert_true(key_file_create(path, fault, sizeof fault));
    assert_true(key_file_retire(path, fault, sizeof fault)); /* nothing to retire yet */
    assert_true(key_file_rotate(path, fault, sizeof fault));
    struct keyring *one = reread();
    assert_true(key_file_rotate(path, fault, sizeof fault));
    struct keyring *other_ring = reread();
    assert_int_equal(keyring_current(one), keyring_current(other_ring));
    assert_int_equal(keyring_count(other_ring), 2);
    keyring_free(&one);
    keyring_free(&other_ring);
}

/* Whether a key file can be made, or rotated, where no file may grow over half a block. */
static bool without_room(bool (*write_file)(const char *path, char *fault, size_t size)) {
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = (struct rlimit){.rlim_cur = KEY_BLOCK_SIZE / 2, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    fault[0] = '\0';
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    bool done = write_file(path, fault, sizeof fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    return done;
}

static void half_a_key_is_never_left_behind(void **state) {
    (void)state;
    unsigned char before[KEYED_HASH_SIZE], after[KEYED_HASH_SIZE];
    char fresh[sizeof path + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    assert_false(without_room(key_file_create));
    assert_non_null(strstr(fault, "File too large"));
    assert_int_equal(access(path, F_OK), -1);
    write_key(KEY_BLOCK_SIZE, 0400);
    struct keyring *keyring = keyring_read(path, fault, sizeof fault);
    hash_of(keyring, before);
    keyring_free(&keyring);
    assert_false(without_room(key_file_rotate));
    assert_non_null(strstr(fault, "File too large"));
    assert_int_equal(access(fresh, F_OK), -1);
    keyring = keyring_read(path, fault, sizeof fault);
    hash_of(keyring, after);
    keyring_free(&keyring);
    assert_memory_equal(before, after, sizeof after);
}

static void rotating_keeps_owner_and_mode(void **state) {
    (void)state;
    mode_t mode;
    struct stat status;
    write_key(KEY_BLOCK_SIZE, 0600);
    assert_true(key_file_rotate(path, fault, sizeof fault));
    assert_int_equal(size_of_file(&mode), 3 * KEY_BLOCK_SIZE);
    assert_int_equal(mode, 0600);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, geteuid());
    write_key(KEY_BLOCK_SIZE, 0640);
    assert_false(key_file_rotate(path, fault, sizeof fault));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_new_file_is_one_block_and_only_its_owner_reads_it, remove_files),
        cmocka_unit_test_teardown(a_file_that_is_there_is_never_made_anew, remove_files),
        cmocka_unit_test_teardown(a_file_that_others_can_reach_is_refused, remove_files),
        cmocka_unit_test_teardown(another_users_file_is_refused, remove_files),
        cmocka_unit_test_teardown(a_daemon_that_is_not_roots_takes_its_own_and_roots, remove_files),
        cmocka_unit_test_teardown(what_is_no_plain_file_is_refused, remove_files),
        cmocka_unit_test_teardown(a_file_of_another_size_is_refused, remove_files),
        cmocka_unit_test_teardown(rotating_brings_a_new_key_and_keeps_every_hash, remove_files),
        cmocka_unit_test_teardown(an_interrupted_rotation_goes_on_with_the_key_it_made, remove_files),
        cmocka_unit_test_teardown(half_a_key_is_never_left_behind, remove_files),
        cmocka_unit_test_teardown(rotating_keeps_owner_and_mode, remove_files),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
