/* SPDX-License-Identifier: BSD-2-Clause */
/* Randomness from libsodium, every character and digit drawn without bias. Called by the verbs that make them; keeps
 * nothing of what it made. */
#include "credential/generated.h"

#include <ctype.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void app_password_generate(char password[APP_PASSWORD_SIZE]) {
    for (size_t i = 0; i < APP_PASSWORD_SIZE - 1; i++)
        password[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
    password[APP_PASSWORD_SIZE - 1] = '\0';
}

void app_password_show(const char *password, char shown[APP_PASSWORD_SHOWN_SIZE]) {
    size_t at = 0;
    for (size_t i = 0; i < APP_PASSWORD_SIZE - 1; i++) {
        if (i > 0 && i % 4 == 0)
            shown[at++] = '-';
        shown[at++] = password[i];
    }
    shown[at] = '\0';
}

bool app_password_read(const char *typed, char password[APP_PASSWORD_SIZE]) {
    size_t length = 0;
    memset(password, 0, APP_PASSWORD_SIZE);
    for (const char *next = typed; *next != '\0'; next++) {
        if (*next == ' ' || *next == '-')
            continue;
        char lower = (char)tolower((unsigned char)*next);
        if (length == APP_PASSWORD_SIZE - 1 || strchr(alphabet, lower) == NULL) {
            sodium_memzero(password, APP_PASSWORD_SIZE);
            return false;
        }
        password[length++] = lower;
    }
    if (length == APP_PASSWORD_SIZE - 1)
        return true;
    sodium_memzero(password, APP_PASSWORD_SIZE);
    return false;
}

static void recovery_code_generate(char code[RECOVERY_CODE_SIZE]) {
    for (size_t i = 0; i < RECOVERY_CODE_SIZE - 1; i++)
        code[i] = (char)('0' + randombytes_uniform(10));
    code[RECOVERY_CODE_SIZE - 1] = '\0';
}

static bool among(char (*codes)[RECOVERY_CODE_SIZE], size_t count, const char *code) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(codes[i], code, RECOVERY_CODE_SIZE) == 0)
            return true;
    return false;
}

void recovery_codes_generate(char (*codes)[RECOVERY_CODE_SIZE], size_t count) {
    for (size_t made = 0; made < count;) {
        recovery_code_generate(codes[made]);
        if (!among(codes, made, codes[made]))
            made++;
    }
}
