/* SPDX-License-Identifier: BSD-2-Clause */
/* links: credential/seed.o credential/seed_files.o credential/totp.o credential/keyring.o -loath -lsodium */
/* Fuzz driver of the readers of imported seeds: whatever the text, a seed is usable and valid, or empty. The input's
 * first byte picks the reader. What is usable must be the same again after its URI is written and read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "credential/keyring.h"
#include "credential/seed_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef enum seed_fault reader(const char *text, struct seed *seed);

static void round_trip(const struct seed *seed) {
    char storage[4096];
    struct buffer uri;
    struct seed again;
    buffer_init(&uri, storage, sizeof storage);
    if (!seed_write_uri(&seed->totp, seed->account, "issuer", &uri) || !seed_usable(seed_from_uri(storage, &again)) ||
        memcmp(&again.totp, &seed->totp, sizeof again.totp) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static reader *const readers[] = {seed_from_uri, seed_from_base32, seed_from_hex, seed_from_users_line,
                                      seed_from_google};
    static const struct seed empty;
    static bool started;
    if (!started && !(started = credential_start()))
        abort();
    if (size == 0)
        return 0;
    char *text = calloc(size, 1); /* of the exact size, so that one byte too far is noticed */
    if (text == NULL)
        return 0;
    memcpy(text, bytes + 1, size - 1);
    struct seed seed;
    enum seed_fault fault = readers[bytes[0] % (sizeof readers / sizeof readers[0])](text, &seed);
    if (!seed_usable(fault) ? memcmp(&seed, &empty, sizeof seed) != 0 : !totp_valid(&seed.totp))
        abort();
    if (seed_usable(fault))
        round_trip(&seed);
    free(text);
    return 0;
}
