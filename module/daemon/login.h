/* SPDX-License-Identifier: BSD-2-Clause */
/* One login's conversation: begin, the password check elsewhere, commit or end. It gathers the facts, has them judged,
 * remembers the verdict and writes the login's one log line. It knows no socket: answers go through a function. */
#ifndef AUTHGATE_DAEMON_LOGIN_H
#define AUTHGATE_DAEMON_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/verdict.h"
#include "wire/message.h"
#include "wire/request.h"

struct login;
struct server;

/* What a login is answered; the strings live until the call returns. */
struct login_answer {
    enum verdict verdict;
    enum reason reason;
    const char *ref;      /* NULL: none was given */
    int code_length;      /* characters to cut, for `continue` */
};

typedef void login_answered(void *context, const struct login_answer *answer);

/* What there is to judge where no password is between begin and commit. */
enum login_kind {
    LOGIN_CONVERSED, /* none of these: begin, the password check, commit */
    LOGIN_ASKED,     /* SASL's `ask`: a bare password or a token that somebody else checks, or has checked */
    LOGIN_RELAYED,   /* mail of a client that has authenticated: place, lock and service again, and whether we ever
                        accepted that login. Logged only where something stands in its way */
};

/* Starts a login from a complete `begin`. The answer comes once, before this returns or later. NULL where memory or
 * randomness is short (then there is no answer). `context` must stay until the answer or login_leave. */
struct login *login_begin(struct server *server, const struct message *begin, login_answered *answered, void *context);

/* Who asked for a login to be judged at once. */
struct login_asker {
    login_answered *answered;
    void *context;
    struct login **login; /* the login, for login_leave, until it has been answered; then NULL */
};

/* Judges at once what has no commit to come. The message has what a complete `begin` has. The answer comes once,
 * before this returns or later, and the login is gone by then. */
void login_judge(struct server *server, enum login_kind kind, const struct message *message,
                 const struct login_asker *asker);

/* The password was right, says the module: the login's final verdict. The ref and the user have been compared. */
void login_commit(struct login *login, const struct message *commit, login_answered *answered, void *context);

/* The module says how it ended; `mark` is the end's password_mark, or NULL. False where that cannot be said of this
 * login now. */
bool login_end(struct login *login, enum end_status status, const char *mark);

/* Whether ref and user name this login, and whether it waits for a commit. */
bool login_is(const struct login *login, const struct message *message);
bool login_open(const struct login *login);

/* The module has gone. An open login counts as a wrong password, except while the server drains. Frees the login (or
 * lets it be freed once what it waits for has come) and sets the pointer to NULL. */
void login_leave(struct login **login);

/* One log line for a request that was refused without having become a login; `why` are words of our own, or NULL. */
void login_log_refused(struct server *server, const struct message *message, enum reason reason, const char *why);

/* The same for what is malformed, or not for this socket. */
void login_log_malformed(struct server *server, const struct message *message, const char *why);

#endif
