/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says of one login: one line, the same names as everywhere (DESIGN 5). */
#ifndef AUTHGATE_DAEMON_LOGIN_LOG_H
#define AUTHGATE_DAEMON_LOGIN_LOG_H

#include "base/address.h"
#include "base/country_code.h"
#include "base/verdict.h"
#include "daemon/settled.h"
#include "policy/account_name.h"
#include "store/history.h"

#define LOGIN_WORD_SIZE 64

struct server;

struct login_record {
    char ref[REF_SIZE];
    char account[ACCOUNT_NAME_SIZE]; /* canonical, or what was typed where there is no such form */
    char service[LOGIN_WORD_SIZE];
    char mechanism[LOGIN_WORD_SIZE]; /* upper case; "" where not known */
    struct address address;
    country_code country;
    enum credential credential;
    enum verdict verdict;
    enum reason reason;
    enum reason would; /* REASON_NONE: nothing would be denied */
    enum history_password password;
    const char *note;  /* NULL, or words of our own about a malformed request */
};

/* Copies a word, cut to LOGIN_WORD_SIZE, or a typed name, cut to ACCOUNT_NAME_SIZE. NULL gives "". */
void login_record_word(char word[LOGIN_WORD_SIZE], const char *from);
void login_record_mechanism(char word[LOGIN_WORD_SIZE], const char *from); /* in upper case */
void login_record_name(char name[ACCOUNT_NAME_SIZE], const char *from);

/* Writes the login's line, counts its verdict, has the history remember it. */
void login_record_write(struct server *server, const struct login_record *record);

/* A further line for a login that was accepted and then refused by another PAM module. */
void login_record_withdrawn(const struct login_record *record);

#endif
