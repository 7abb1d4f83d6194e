/* SPDX-License-Identifier: BSD-2-Clause */
/* NSS or the administrator's program, both on a worker. The program gets the account as its one argument and a clean
 * environment; it exits 0 where the account exists and 1 where it does not, anything else is no answer. */
#include "daemon/existence.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/program_file.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/table.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "policy/configuration.h"

#define KEPT_FOR (5 * 60 * 1000)
#define KEPT_AT_MOST 16384
#define PROGRAM_TIME 5000 /* milliseconds */
#define RECORD_SIZE 4096  /* of NSS, to begin with */
#define RECORD_LIMIT (1 << 20)

struct existence {
    struct server *server;
    struct table *answers; /* by account, NUL-padded */
};

struct existence_query {
    struct existence *existence;
    char account[ACCOUNT_NAME_SIZE]; /* NUL-padded: the table's key */
    char name[ACCOUNT_NAME_SIZE];    /* what the back end knows it by */
    char *program;                   /* NULL: NSS */
    enum known answer;
    struct existence_asker asker; /* its `found` NULL: cancelled */
};

struct existence *existence_create(struct server *server) {
    unsigned char key[SIPHASH_KEY_SIZE];
    struct existence *existence = calloc(1, sizeof *existence);
    if (existence == NULL || !random_fill(key, sizeof key)) {
        free(existence);
        return NULL;
    }
    existence->server = server;
    existence->answers = table_create(KEPT_AT_MOST, ACCOUNT_NAME_SIZE, sizeof(enum known), key);
    if (existence->answers == NULL)
        existence_destroy(&existence);
    return existence;
}

void existence_destroy(struct existence **existence) {
    if (*existence == NULL)
        return;
    table_destroy(&(*existence)->answers);
    free(*existence);
    *existence = NULL;
}

void existence_forget(struct existence *existence) {
    table_clear(existence->answers);
}

static enum known ask_nss(const char *name) {
    struct passwd account, *result = NULL;
    char *record = NULL;
    int fault = ERANGE;
    for (size_t size = RECORD_SIZE; fault == ERANGE && size <= RECORD_LIMIT; size *= 2) {
        char *larger = realloc(record, size);
        if (larger == NULL)
            break;
        record = larger;
        fault = getpwnam_r(name, &account, record, size, &result);
    }
    free(record);
    if (fault == 0 && result != NULL)
        return KNOWN_YES;
    return fault == 0 || fault == ENOENT ? KNOWN_NO : KNOWN_NOT;
}

/* The status of a child within PROGRAM_TIME, or -1; it is gone afterwards in any case, and where it was late so is all
 * that it had started: a directory that hangs would fill the host with it. */
static int wait_for(pid_t child) {
    int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = descriptor, .events = POLLIN};
    bool in_time = descriptor >= 0 && poll(&ended, 1, PROGRAM_TIME) == 1;
    if (!in_time)
        kill(-child, SIGKILL);
    if (descriptor >= 0)
        close(descriptor);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum known ask_program(const char *program, const char *account) {
    const char *unfit = program_file_unfit(program, geteuid());
    if (unfit != NULL)
        log_message(LOG_ERR, "account_exists: %s %s", program, unfit);
    if (unfit != NULL || account[0] == '-')
        return KNOWN_NOT; /* the program would take it for an option */
    char *arguments[] = {(char *)(size_t)program, (char *)(size_t)account, NULL};
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, ours;
    pid_t child;
    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE); /* which we ignore, and a shell's pipes need */
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ours);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    int fault = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    int status = fault == 0 ? wait_for(child) : -1;
    return status == 0 ? KNOWN_YES : status == 1 ? KNOWN_NO : KNOWN_NOT;
}

static void run(void *context) {
    struct existence_query *query = context;
    query->answer = query->program != NULL ? ask_program(query->program, query->account) : ask_nss(query->name);
}

static void release(struct existence_query *query) {
    free(query->program);
    free(query);
}

static void tell(const struct existence_asker *asker, enum known answer) {
    *asker->query = NULL;
    asker->found(asker->context, answer);
}

static void answered(void *context) {
    struct existence_query *query = context;
    int64_t now = clock_monotonic();
    if (query->answer != KNOWN_NOT) {
        enum known *kept = table_put(query->existence->answers, query->account, now, now + KEPT_FOR);
        *kept = query->answer;
    }
    struct existence_asker asker = query->asker;
    enum known answer = query->answer;
    release(query);
    if (asker.found != NULL)
        tell(&asker, answer);
}

/* NSS knows an account of the default domain by its local part. */
static void name_for_nss(struct existence_query *query, const char *default_domain) {
    memcpy(query->name, query->account, sizeof query->name);
    char *domain = strrchr(query->name, '@');
    if (domain != NULL && default_domain != NULL && strcmp(domain + 1, default_domain) == 0)
        *domain = '\0';
}

static struct existence_query *create(struct existence *existence, const char *account, const char *method) {
    struct existence_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    query->existence = existence;
    memcpy(query->account, account, strlen(account));
    bool nss = strcmp(method, "nss") == 0;
    query->program = nss ? NULL : strdup(method);
    if (nss || query->program != NULL)
        return query;
    free(query);
    return NULL;
}

/* Hands the question to a worker; false where that cannot be. */
static bool submit(struct existence *existence, struct existence_query *query, const struct existence_asker *asker) {
    name_for_nss(query, configuration_settings(existence->server->configuration)->naming.default_domain);
    query->asker = *asker;
    *asker->query = query;
    const struct worker_job job = {run, answered, query, asker->lane};
    return workers_submit(existence->server->workers, &job);
}

void existence_ask(struct existence *existence, const char *account, const struct existence_asker *asker) {
    const char *method = configuration_settings(existence->server->configuration)->account_exists;
    if (method == NULL || strcmp(method, "none") == 0) {
        tell(asker, KNOWN_YES);
        return;
    }
    struct existence_query *query = create(existence, account, method);
    const enum known *kept = query != NULL ? table_find(existence->answers, query->account, clock_monotonic()) : NULL;
    enum known answer = kept != NULL ? *kept : KNOWN_NOT;
    if (query != NULL && kept == NULL && submit(existence, query, asker))
        return;
    if (query != NULL)
        release(query);
    tell(asker, answer);
}

void existence_cancel(struct existence_query **query) {
    if (*query != NULL && workers_withdraw((*query)->existence->server->workers, *query))
        release(*query);
    else if (*query != NULL)
        (*query)->asker.found = NULL;
    *query = NULL;
}
