/* SPDX-License-Identifier: BSD-2-Clause */
/* One login as the module knows it, from `begin` to the end of the PAM transaction: its facts, what the gate answered,
 * and the conversation with the gate. Knows nothing of libpam. */
#ifndef AUTHGATE_PAM_LOGIN_H
#define AUTHGATE_PAM_LOGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pam/outcome.h"
#include "wire/password.h"
#include "wire/client.h"

#define LOGIN_USER_SIZE 1025
#define LOGIN_WORD_SIZE 65

/* Where to ask, and how long. */
struct gate_access {
    const char *socket;
    int64_t deadline; /* clock_monotonic milliseconds */
};

struct login {
    pid_t process; /* that began; another one only closes its descriptor */

    /* the facts, as `begin` and every repeat of it send them */
    char user[LOGIN_USER_SIZE];
    char service[LOGIN_WORD_SIZE];
    char address[LOGIN_WORD_SIZE]; /* "" where it is not known */
    char digits[PASSWORD_DIGITS_SIZE];
    char app_password[PASSWORD_APP_SIZE];
    bool defer;

    /* what the gate said */
    struct answer answer;         /* to the last request */
    char reason[LOGIN_WORD_SIZE]; /* of the last refusal, put off or not */
    char ref[14];                 /* "" until the gate gave one */
    char code_length[2];
    bool has_mark_key;
    unsigned char mark_key[SIPHASH_KEY_SIZE];
    char mark[PASSWORD_MARK_SIZE];
    const char *trouble; /* why nothing was heard, in words; NULL where something was */

    /* how far it has come */
    struct progress progress;
    bool deferred;    /* denied, to be refused at the commit line */
    bool committable; /* the first line let the stack go on, and no commit line has run yet */
    bool permitted;   /* the account phase may succeed */
    int64_t began;    /* clock_monotonic at the first begin */

    struct client client;
};

/* A login of this process without any facts; NULL where memory is short. */
struct login *login_create(void);

/* Closes its connection, wipes and frees it and sets the pointer to NULL. */
void login_destroy(struct login **login);

/* Each keeps a copy. False where the gate could not be told of it: empty, too long or with control characters. */
bool login_set_user(struct login *login, const char *user);
bool login_set_service(struct login *login, const char *service);

/* Keeps the address of the client; what is no address, or NULL, leaves it unknown. */
void login_set_address(struct login *login, const char *address);

/* Keeps what the gate may know of what was typed: digits and an app password. */
void login_set_password(struct login *login, const char *typed);

/* Says `begin`, again on a new connection where one is lost, until the deadline. What was heard is in `answer`; the
 * connection stays open only where the login goes on. */
void login_begin(struct login *login, const struct gate_access *access);

/* How many digits the gate wants cut off what was typed. */
size_t login_code_length(const struct login *login);

/* Remembers the mark of the password that is handed on, if the gate gave a key for it; NULL: there is none. */
void login_mark(struct login *login, const char *password);

/* Says `commit`; where the connection is lost before the answer, begins the same login again with its ref on a new one,
 * until the deadline. `password` is what was handed on (for the mark under a new daemon's key), or NULL. */
void login_commit(struct login *login, const struct gate_access *access, const char *password);

/* Tells the gate how it ended; never waits. */
void login_end(struct login *login, enum end_status status);

#endif
