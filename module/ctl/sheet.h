/* SPDX-License-Identifier: BSD-2-Clause */
/* What an enrolment brings, and the sheet of paper that tells its owner what to do with it. */
#ifndef AUTHGATE_CTL_SHEET_H
#define AUTHGATE_CTL_SHEET_H

#include <stdbool.h>

#include "policy/account_name.h"
#include "wire/message.h"

/* From a record=enrolment. Holds a secret: enrolment_wipe it. */
struct enrolment {
    char account[ACCOUNT_NAME_SIZE]; /* canonical */
    char issuer[129];
    char uri[6145];
    char typed[513]; /* the secret in groups of four, for who cannot scan */
    bool kept;       /* there is none: the account has one already */
    char why[128];
};

/* Takes a record=enrolment; a take_record's context is a struct enrolment. */
void enrolment_take(void *context, const struct message *record);
void enrolment_wipe(struct enrolment *enrolment);

/* Writes FOLDER/ACCOUNT.html, a page that needs nothing else, mode 0600. False, said on stderr, where it cannot. */
bool sheet_write(const char *folder, const struct enrolment *enrolment);

/* Whether there is one of an account. */
bool sheet_exists(const char *folder, const char *account);

#endif
