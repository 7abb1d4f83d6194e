/* SPDX-License-Identifier: BSD-2-Clause */
/* Passwords and codes that are only ever generated, never chosen: app passwords and recovery codes. The caller shows
 * them once and wipes them. */
#ifndef AUTHGATE_CREDENTIAL_GENERATED_H
#define AUTHGATE_CREDENTIAL_GENERATED_H

#include <stdbool.h>
#include <stddef.h>

#define APP_PASSWORD_SIZE 17       /* 16 characters of [a-z2-7] and a NUL */
#define APP_PASSWORD_SHOWN_SIZE 20 /* abcd-efgh-ijkl-mnop */
#define RECOVERY_CODE_SIZE 9       /* 8 digits */
#define RECOVERY_CODE_COUNT 10     /* how many an account gets */

void app_password_generate(char password[APP_PASSWORD_SIZE]);

/* As people see it. */
void app_password_show(const char *password, char shown[APP_PASSWORD_SHOWN_SIZE]);

/* Reads what was typed: case, blanks and hyphens do not matter. False (and "") where it has not the shape. */
bool app_password_read(const char *typed, char password[APP_PASSWORD_SIZE]);

/* `count` codes, all different. */
void recovery_codes_generate(char (*codes)[RECOVERY_CODE_SIZE], size_t count);

#endif
