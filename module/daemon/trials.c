/* SPDX-License-Identifier: BSD-2-Clause */
/* A short list of watched names, made when the first is announced. Called by admin jobs and by whatever writes a
 * login's record; changes no login. */
#include "daemon/trials.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/admin_job.h"
#include "daemon/login_log.h"
#include "daemon/server.h"
#include "policy/configuration.h"

#define WATCH_TIME 120000 /* milliseconds */
#define MADE_UP    "authgate-doctor-"
enum { NAMES = 16, WORD_LENGTH = 10 };

struct trial {
    char name[ACCOUNT_NAME_SIZE]; /* in the form that records have */
    char word[WORD_LENGTH + 1];   /* of a made-up name: all that need not change on its way here; "": of no such name */
    char came_as[ACCOUNT_NAME_SIZE]; /* the last login's record */
    int64_t until;
    uint64_t turn; /* the older, the smaller */
    int64_t seen, right, accepted, uncommitted;
    enum reason reason; /* of the last one */
};

struct trials {
    struct trial trial[NAMES];
    uint64_t turns;
};

static struct trial *find(const struct server *server, const char *name) {
    for (size_t i = 0; server->trials != NULL && i < NAMES; i++) {
        struct trial *trial = &server->trials->trial[i];
        if (clock_monotonic() < trial->until && strcmp(trial->name, name) == 0)
            return trial;
    }
    return NULL;
}

/* Room for another name: that of the one that was announced first. */
static struct trial *make_room(struct trials *trials) {
    struct trial *oldest = &trials->trial[0];
    for (size_t i = 1; i < NAMES; i++)
        if (trials->trial[i].turn < oldest->turn)
            oldest = &trials->trial[i];
    return oldest;
}

/* The name in the form that records have: canonical, or as typed where there is no such form. */
static void form(const struct admin_job *job, char name[ACCOUNT_NAME_SIZE]) {
    const struct settings *settings = configuration_settings(job->server->configuration);
    const char *typed = admin_job_value(job, FIELD_NAME);
    if (!account_name_canonical(&settings->naming, typed, name))
        login_record_name(name, typed);
}

/* What a mail server leaves of a made-up name, whichever domain and signs it puts into it. */
static void keep_word(struct trial *trial) {
    const char *made_up = strstr(trial->name, MADE_UP);
    const char *word = made_up != NULL ? made_up + strlen(MADE_UP) : "";
    if (strspn(word, "abcdefghijklmnopqrstuvwxyz") == WORD_LENGTH)
        memcpy(trial->word, word, WORD_LENGTH);
}

static bool meant(const struct trial *trial, const char *account) {
    return strcmp(trial->name, account) == 0 || (trial->word[0] != '\0' && strstr(account, trial->word) != NULL);
}

void admin_trial_watch(struct admin_job *job) {
    struct server *server = job->server;
    char name[ACCOUNT_NAME_SIZE];
    form(job, name);
    if (server->trials == NULL)
        server->trials = calloc(1, sizeof *server->trials);
    if (server->trials == NULL || name[0] == '\0') {
        admin_job_fail(job, REASON_UNAVAILABLE, "this name cannot be watched");
        return;
    }
    struct trial *trial = find(server, name);
    trial = trial != NULL ? trial : make_room(server->trials);
    *trial = (struct trial){.until = clock_monotonic() + WATCH_TIME, .turn = ++server->trials->turns};
    memcpy(trial->name, name, sizeof name);
    keep_word(trial);
    admin_job_log(job, "name", trial->name);
    admin_job_answer(job);
}

static void add_count(struct admin_job *job, const char *key, int64_t count) {
    char number[ADMIN_NUMBER_SIZE];
    struct message record = records_make("counter");
    record.value[FIELD_KEY] = key;
    record.value[FIELD_VALUE] = admin_number(count, number);
    records_add(&job->records, &record);
}

void admin_trial_seen(struct admin_job *job) {
    char name[ACCOUNT_NAME_SIZE];
    form(job, name);
    const struct trial *trial = find(job->server, name);
    if (trial == NULL) {
        admin_job_fail(job, REASON_UNAVAILABLE, "nobody watches this name");
        return;
    }
    add_count(job, "seen", trial->seen);
    add_count(job, "right", trial->right);
    add_count(job, "accepted", trial->accepted);
    add_count(job, "uncommitted", trial->uncommitted);
    struct message record = records_make("trial");
    record.value[FIELD_REASON] = trial->reason != REASON_NONE ? reason_name(trial->reason) : NULL;
    record.value[FIELD_NAME] = trial->seen > 0 ? trial->came_as : trial->name;
    records_add(&job->records, &record);
    admin_job_answer(job);
}

void trials_see(struct server *server, const struct login_record *record) {
    for (size_t i = 0; server->trials != NULL && i < NAMES; i++) {
        struct trial *trial = &server->trials->trial[i];
        if (clock_monotonic() >= trial->until || !meant(trial, record->account))
            continue;
        trial->seen++;
        trial->right += record->password == HISTORY_PASSWORD_RIGHT;
        trial->accepted += record->verdict == VERDICT_ACCEPT;
        trial->uncommitted += record->reason == REASON_UNCOMMITTED;
        trial->reason = record->reason;
        login_record_name(trial->came_as, record->account);
    }
}
