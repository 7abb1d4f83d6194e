/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that is read from files: the host's settings and the policies of accounts, groups and domains
 * (authgate.conf(5)). The only place that reads libconfig files. A configuration never changes once loaded, but for the
 * account files, which are read when their account logs in. */
#ifndef AUTHGATE_POLICY_CONFIGURATION_H
#define AUTHGATE_POLICY_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "policy/account_name.h"
#include "policy/mistake.h"
#include "policy/policy.h"

enum socket_kind { SOCKET_GATE, SOCKET_SASLAUTHD, SOCKET_ADMIN };
#define ALL_SERVICES 0xffffffffU

struct socket_setting {
    enum socket_kind kind;
    const char *path;
    const char *owner;   /* NULL: the daemon's */
    const char *group;   /* NULL: the daemon's */
    mode_t mode;         /* 0600 unless set */
    uint32_t requests;   /* bit for each name of request_words, all by default */
    uint32_t services;   /* bit for each service, ALL_SERVICES by default */
    const char *seen_as; /* path unless set */
    int line;
};

/* The words that a socket's `requests` may list, in the order of its bits; NULL-terminated. The same words as
 * wire/request.h has, which the tests hold together (policy does not include wire). */
extern const char *const socket_request_words[];

/* The `log` key */
enum log_setting { LOG_SETTING_STDERR, LOG_SETTING_SYSLOG };

struct settings {
    const char *file;
    const struct socket_setting *sockets;
    size_t socket_count;
    const char *user;             /* NULL: stay who you are */
    const char *country_database; /* NULL: none */
    struct account_naming naming;
    const char *const *services; /* names by service number, in all service_count */
    size_t service_count;
    enum log_setting log;
    const char *timezone; /* NULL: the host's */
    const char *store;    /* URL, NULL: none configured */
    const char *history;
    int64_t raw_for;             /* seconds */
    const char *secret_key_file; /* NULL: none */
    const char *account_exists;  /* "none", "nss" or a program's path */
    const char *saslauthd_upstream;
    bool saslauthd_require_plugin;
    bool postfix_require_login;
    const char *notify; /* NULL: nobody */
};

struct configuration;

/* Reads the main file, domains/ and groups/ beside it (not accounts/). NULL where anything is wrong; `mistakes` then
 * has every one of them, the first in a file first. Warnings alone do not make it NULL. Blocks on file I/O. */
struct configuration *configuration_load(const char *path, struct mistakes *mistakes);

/* For a reload: takes over from the configuration that was in force the last good versions of account files, so that
 * one that is broken at the moment does not cost its account the policy that it had. Call it before `previous` is
 * freed; NULL is none. */
void configuration_adopt(struct configuration *configuration, struct configuration *previous);

/* Frees it, with what no policy in use keeps alive, and sets the pointer to NULL. */
void configuration_free(struct configuration **configuration);

const struct settings *configuration_settings(const struct configuration *configuration);

/* The number of a service by its name or another name of it (submission is smtp), or SERVICE_UNKNOWN. */
int configuration_service(const struct configuration *configuration, const char *name);

enum policy_result {
    POLICY_FOUND,
    POLICY_UNREADABLE, /* the account's file is broken and there was no good version yet */
    POLICY_ASK_GROUPS, /* unix groups must be looked up first: see configuration_group_query */
};

/* The policy of a canonical account name as it is now; `now` is clock_monotonic milliseconds (for cached groups). Opens
 * the account's file if it has one, and reads it again only when it has changed. A broken file is reported to
 * `complain` once for each change. On POLICY_FOUND the caller owns a policy_release. */
enum policy_result configuration_policy(struct configuration *configuration, const char *account, int64_t now,
                                        struct policy *policy);

/* Calls `take` with the canonical name of each account in a group, in no order, and maybe more than once. False where
 * there is no such group, or NSS does not know the Unix group that it stands for. Blocks on NSS; not for the daemon. */
bool configuration_group_members(const struct configuration *configuration, const char *group,
                                 void (*take)(void *context, const char *account), void *context);

/* Called with one line for the log about a file that could not be used. NULL (the start) drops them. */
void configuration_complain(struct configuration *configuration, void (*complain)(void *context, const char *line),
                            void *context);

/* Adds a warning for each exception in the main file, domains/ and groups/ that ends within a week of `now` (seconds
 * since the epoch) or has ended: for the log, once a day. */
void configuration_reminders(const struct configuration *configuration, int64_t now, struct mistakes *mistakes);

/* A lookup of unix groups that may block: made on the main thread, run on any, its answer taken on the main thread. It
 * stands alone: the configuration may be freed meanwhile. */
struct group_query;
struct group_query *configuration_group_query(struct configuration *configuration, const char *account);
void group_query_run(struct group_query *query); /* blocks; touches nothing but the query */
/* Keeps the answer for 5 minutes (a failed lookup for 10 seconds: POLICY_UNREADABLE meanwhile). Takes the query. */
void configuration_group_answer(struct configuration *configuration, struct group_query **query, int64_t now);
/* Gives up one that was never run, as if it had not been made. Sets the pointer to NULL. Safe on NULL. */
void group_query_drop(struct group_query **query);

/* What is to be checked, and who hears how far it has got. */
struct check_order {
    const char *const *only; /* these files; NULL: the whole configuration, accounts included */
    size_t only_count;
    int64_t now; /* seconds since the epoch: exceptions that end within a week of it are warned of */
    void (*progress)(void *context, size_t done, size_t all); /* called now and then; may be NULL */
    void *context;
};

/* Checks files as `authgatectl check` does, `path` being the main one. False where there are mistakes (warnings do not
 * count). */
bool configuration_check(const char *path, const struct check_order *order, struct mistakes *mistakes);

#endif
