/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets from the files of other PAM modules. Reads text only, opens no file. */
#ifndef AUTHGATE_CREDENTIAL_SEED_FILES_H
#define AUTHGATE_CREDENTIAL_SEED_FILES_H

#include "credential/seed.h"

/* One line of pam_oath's users file, without its line end. */
enum seed_fault seed_from_users_line(const char *line, struct seed *seed);

/* A whole .google_authenticator file; SHA-1, 6 digits. */
enum seed_fault seed_from_google(const char *text, struct seed *seed);

#endif
