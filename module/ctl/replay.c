/* SPDX-License-Identifier: BSD-2-Clause */
/* authgatectl replay: past accepted logins judged once more, by a candidate policy: which accounts it would shut out,
 * by which rule. The gate's own decision judges, in this process, so that the daemon has no work with it and the
 * candidate need not be readable for it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/siphash.h"
#include "ctl/grid.h"
#include "ctl/host.h"
#include "ctl/past.h"
#include "ctl/progress.h"
#include "gate/gate.h"
#include "policy/configuration.h"

#define PATH_SIZE     4096
#define POLICIES_KEPT 65536
#define TALLY_STEP    1024
#define DAY           86400

/* One account's policy, kept for its next login. */
struct kept_policy {
    char account[ACCOUNT_NAME_SIZE];
    struct policy policy;
    bool readable;
};

/* One account and rule. */
struct tally {
    char *account;
    enum reason rule;
    bool reported; /* would be let in and reported */
    int64_t count, last;
    char ref[33];
    int next;             /* the next one with such a hash, or -1 */
    bool shut_out, named; /* of the tally of an account's logins: whether it has a denial, a report */
};

struct replay {
    struct configuration *configuration;
    int64_t at;                    /* 0: each login at its own time */
    struct kept_policy **policies; /* by the account's hash; NULL: none yet */
    unsigned char key[SIPHASH_KEY_SIZE];
    struct tally *tallies;
    size_t count, room;
    int *buckets; /* first tally by the account's hash */
    size_t bucket_count;
    int64_t logins, denied, reported, unreadable;
    int64_t refused;      /* at the time, and so not judged */
    int64_t since, first; /* what was asked for; the oldest login that was judged, 0: none */
    size_t accounts, accounts_shut_out, accounts_reported; /* with an accepted login; those with such findings */
};

static void *memory(void *made) {
    if (made == NULL)
        exit((int)verb_fail(STATUS_NO, "out of memory"));
    return made;
}

/* ---- policies ---- */

static bool find_policy(struct replay *replay, const char *account, struct policy *policy) {
    enum policy_result result = configuration_policy(replay->configuration, account, clock_monotonic(), policy);
    if (result == POLICY_ASK_GROUPS) {
        struct group_query *query = configuration_group_query(replay->configuration, account);
        if (query != NULL) {
            group_query_run(query);
            configuration_group_answer(replay->configuration, &query, clock_monotonic());
        }
        result = configuration_policy(replay->configuration, account, clock_monotonic(), policy);
    }
    return result == POLICY_FOUND;
}

static struct kept_policy *policy_of(struct replay *replay, const char *account) {
    uint64_t hash = siphash(replay->key, account, strlen(account));
    struct kept_policy **place = &replay->policies[hash % POLICIES_KEPT];
    if (*place == NULL)
        *place = memory(calloc(1, sizeof **place));
    struct kept_policy *kept = *place;
    if (strcmp(kept->account, account) == 0)
        return kept;
    policy_release(&kept->policy);
    snprintf(kept->account, sizeof kept->account, "%s", account);
    kept->readable = find_policy(replay, account, &kept->policy);
    return kept;
}

/* ---- tallies ---- */

/* Puts every tally where its account's hash says, for twice as many as before. */
static void grow_buckets(struct replay *replay) {
    replay->bucket_count = replay->bucket_count > 0 ? 2 * replay->bucket_count : TALLY_STEP;
    replay->buckets = memory(reallocarray(replay->buckets, replay->bucket_count, sizeof *replay->buckets));
    for (size_t i = 0; i < replay->bucket_count; i++)
        replay->buckets[i] = -1;
    for (size_t i = 0; i < replay->count; i++) {
        struct tally *tally = &replay->tallies[i];
        uint64_t hash = siphash(replay->key, tally->account, strlen(tally->account));
        tally->next = replay->buckets[hash % replay->bucket_count];
        replay->buckets[hash % replay->bucket_count] = (int)i;
    }
}

/* The account's tally of a rule; `known` says whether it has had any. REASON_NONE counts the account's logins. */
static struct tally *tally_of(struct replay *replay, const char *account, enum reason rule, bool reported) {
    if (replay->count >= replay->bucket_count)
        grow_buckets(replay);
    uint64_t hash = siphash(replay->key, account, strlen(account));
    int *bucket = &replay->buckets[hash % replay->bucket_count];
    for (int i = *bucket; i >= 0; i = replay->tallies[i].next) {
        struct tally *tally = &replay->tallies[i];
        if (tally->rule == rule && tally->reported == reported && strcmp(tally->account, account) == 0)
            return tally;
    }
    if (replay->count == replay->room) {
        replay->room += replay->room + TALLY_STEP;
        replay->tallies = memory(reallocarray(replay->tallies, replay->room, sizeof *replay->tallies));
    }
    struct tally *tally = &replay->tallies[replay->count];
    *tally = (struct tally){.account = memory(strdup(account)), .rule = rule, .reported = reported, .next = *bucket};
    *bucket = (int)replay->count++;
    return tally;
}

static void count(struct replay *replay, const struct past_row *row, enum reason rule, bool reported) {
    struct tally *tally = tally_of(replay, row->account, rule, reported);
    replay->accounts += rule == REASON_NONE && tally->count == 0;
    tally->count += row->count;
    tally->last = row->last;
    size_t length = strnlen(row->ref, sizeof tally->ref - 1);
    memcpy(tally->ref, row->ref, length);
    tally->ref[length] = '\0';
}

static void find(struct replay *replay, const struct past_row *row, enum reason rule, bool reported) {
    count(replay, row, rule, reported);
    struct tally *own = tally_of(replay, row->account, REASON_NONE, false);
    bool *flag = reported ? &own->named : &own->shut_out;
    if (!*flag && reported)
        replay->accounts_reported++;
    else if (!*flag)
        replay->accounts_shut_out++;
    *flag = true;
}

/* ---- one login ---- */

static void read_facts(const struct replay *replay, const struct past_row *row, struct facts *facts) {
    *facts = (struct facts){.now = replay->at != 0 ? replay->at : row->first,
                            .service = configuration_service(replay->configuration, row->service),
                            .mechanism = row->mechanism[0] != '\0' ? row->mechanism : NULL,
                            .country = country_code_parse(row->country)};
    address_parse(row->address, &facts->address);
    credential_parse(row->credential, &facts->credential);
    enum credential credential = facts->credential;
    facts->enrolled =
        credential == CREDENTIAL_TOTP || credential == CREDENTIAL_REMEMBERED || credential == CREDENTIAL_RECOVERY_CODE;
    facts->network_remembered = credential == CREDENTIAL_REMEMBERED;
    facts->code_present = credential == CREDENTIAL_TOTP || credential == CREDENTIAL_RECOVERY_CODE;
}

/* A typed app password that the policy takes none of is a password like any other, which the back end refuses. */
static bool takes_no_app_password(const struct facts *facts, const struct policy *policy) {
    return facts->credential == CREDENTIAL_APP_PASSWORD &&
           policy_number(policy, POLICY_SECOND_FACTOR_APP_PASSWORDS, 1) == 0;
}

static void judge(struct replay *replay, const struct past_row *row, const struct policy *policy) {
    struct facts facts;
    struct decision decision;
    read_facts(replay, row, &facts);
    bool wrong = takes_no_app_password(&facts, policy);
    if (wrong)
        facts.credential = CREDENTIAL_PASSWORD;
    gate_decide(&facts, policy, &decision);
    if (decision.verdict != VERDICT_CONTINUE || wrong) {
        replay->denied += row->count;
        find(replay, row, decision.verdict != VERDICT_CONTINUE ? decision.reason : REASON_PASSWORD, false);
    } else if (decision.would != REASON_NONE) {
        replay->reported += row->count;
        find(replay, row, decision.would, true);
    }
}

static void take(void *context, const struct past_row *row) {
    struct replay *replay = context;
    if (strcmp(row->verdict, "accept") != 0) {
        replay->refused += row->count;
        return;
    }
    replay->logins += row->count;
    if (replay->first == 0 || row->first < replay->first)
        replay->first = row->first;
    count(replay, row, REASON_NONE, false);
    const struct kept_policy *kept = policy_of(replay, row->account);
    if (!kept->readable) {
        replay->unreadable += row->count;
        find(replay, row, REASON_UNAVAILABLE, false);
        return;
    }
    judge(replay, row, &kept->policy);
}

/* ---- the answer ---- */

/* Denials first, then by how many logins, then by name. */
static int compare(const void *one, const void *other) {
    const struct tally *left = one, *right = other;
    if (left->reported != right->reported)
        return left->reported ? 1 : -1;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return strcmp(left->account, right->account);
}

static void add_row(struct grid *grid, const struct tally *tally) {
    char number[24], last[WHEN_TEXT_SIZE];
    snprintf(number, sizeof number, "%" PRId64, tally->count);
    past_format_time(tally->last, last);
    grid_add(grid, (const char *const[]){tally->account, reason_name(tally->rule),
                                         tally->reported ? "reported" : "SHUT OUT", number, last, tally->ref});
}

/* What the numbers leave out, so that nobody takes them for more than they are. */
static void print_limits(const struct replay *replay) {
    char first[WHEN_TEXT_SIZE];
    printf("not judged: throttling, wrong codes, and locks, by hand or by compromise and stolen\n");
    if (replay->refused > 0)
        printf("not judged: logins that were refused at the time (%" PRId64 ")\n", replay->refused);
    if (replay->unreadable > 0)
        printf("not judged: logins of accounts whose policy cannot be read, which shuts them out (%" PRId64 ")\n",
               replay->unreadable);
    past_format_time(replay->first, first);
    if (replay->first > replay->since + DAY)
        printf("judged from %s on: no older login is kept by itself (raw_for)\n", first);
}

static void print(const struct replay *replay) {
    struct grid grid = {.columns = 6};
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->tallies[i].rule == REASON_NONE)
            continue;
        if (grid.count == 0)
            grid_add(&grid, (const char *const[]){"ACCOUNT", "RULE", "", "LOGINS", "LAST", "SAMPLE"});
        add_row(&grid, &replay->tallies[i]);
    }
    if (grid.count > 0)
        grid_print(&grid);
    printf("%zu of %zu accounts would be shut out (%" PRId64 " of %" PRId64 " logins), %zu reported (%" PRId64
           " logins)\n",
           replay->accounts_shut_out, replay->accounts, replay->denied + replay->unreadable, replay->logins,
           replay->accounts_reported, replay->reported);
    print_limits(replay);
}

static enum status print_json(const struct replay *replay, enum status status) {
    struct json *document = json_make_object();
    json_put_number(document, "logins", replay->logins);
    json_put_number(document, "logins_refused_then", replay->refused);
    json_put_number(document, "logins_unreadable", replay->unreadable);
    json_put_number(document, "since", replay->since);
    if (replay->first != 0)
        json_put_number(document, "first", replay->first);
    json_put_number(document, "accounts", (int64_t)replay->accounts);
    json_put_number(document, "logins_shut_out", replay->denied + replay->unreadable);
    json_put_number(document, "logins_reported", replay->reported);
    json_put_number(document, "accounts_shut_out", (int64_t)replay->accounts_shut_out);
    json_put_number(document, "accounts_reported", (int64_t)replay->accounts_reported);
    struct json *list = json_put_list(document, "findings");
    for (size_t i = 0; i < replay->count; i++) {
        const struct tally *tally = &replay->tallies[i];
        if (tally->rule == REASON_NONE)
            continue;
        struct json *object = json_append_object(list);
        json_put_text(object, "account", tally->account);
        json_put_text(object, "rule", reason_name(tally->rule));
        json_put_text(object, "outcome", tally->reported ? "reported" : "shut-out");
        json_put_number(object, "count", tally->count);
        json_put_number(object, "last", tally->last);
        json_put_text(object, "ref", tally->ref);
    }
    return json_print(&document, status);
}

static enum status show(struct replay *replay, bool json) {
    enum status status = replay->denied + replay->unreadable > 0 ? STATUS_NO : STATUS_DONE;
    if (replay->count > 0)
        qsort(replay->tallies, replay->count, sizeof *replay->tallies, compare);
    if (json)
        return print_json(replay, status);
    print(replay);
    return status;
}

static void clear(struct replay *replay) {
    for (size_t i = 0; i < POLICIES_KEPT; i++) {
        if (replay->policies[i] != NULL)
            policy_release(&replay->policies[i]->policy);
        free(replay->policies[i]);
    }
    for (size_t i = 0; i < replay->count; i++)
        free(replay->tallies[i].account);
    free(replay->policies);
    free(replay->tallies);
    free(replay->buckets);
}

/* ---- the candidate ---- */

/* A folder stands for its authgate.conf. */
static struct configuration *load_candidate(const struct invocation *invocation, const char *candidate) {
    char path[PATH_SIZE];
    struct buffer text;
    size_t length = candidate != NULL ? strlen(candidate) : 0;
    bool file = length > 5 && strcmp(candidate + length - 5, ".conf") == 0;
    buffer_init(&text, path, sizeof path);
    if (candidate == NULL)
        buffer_add(&text, invocation->configuration);
    else
        buffer_add_format(&text, file ? "%s" : "%s/authgate.conf", candidate);
    struct mistakes mistakes = {0};
    struct configuration *configuration = text.overflowed ? NULL : configuration_load(path, &mistakes);
    if (configuration == NULL)
        host_print_mistakes(&mistakes, NULL, NULL);
    mistakes_clear(&mistakes);
    return configuration;
}

static enum status run_replay(struct talk *talk, const struct past_question *question, struct replay *replay,
                              bool json) {
    replay->policies = memory(calloc(POLICIES_KEPT, sizeof *replay->policies));
    if (!random_fill(replay->key, sizeof replay->key))
        return verb_fail(STATUS_NO, "no randomness");
    enum status status = past_ask(talk, question, take, replay);
    progress_end(question->progress);
    if (status == STATUS_DONE)
        status = show(replay, json);
    clear(replay);
    return status;
}

static enum status run(struct invocation *invocation) {
    struct progress progress;
    struct past_question question = {.what = "logins", .progress = &progress};
    struct replay replay = {.count = 0};
    const char *candidate = NULL, *since = NULL, *at = NULL;
    const struct verb_option options[] = {
        {"config", &candidate}, {"since", &since}, {"account", &question.account}, {"at", &at}, {NULL, NULL}};
    if (!verb_parse(invocation, options) || invocation->count != 0)
        return STATUS_USAGE;
    struct talk talk;
    talk_start(&talk, invocation);
    int64_t now = clock_wall();
    enum status status = STATUS_USAGE;
    progress_start(&progress, "logins");
    if (past_parse_since(since, "30d", now, &question.since) && (at == NULL || past_parse_time(at, now, &replay.at))) {
        replay.since = question.since;
        replay.configuration = load_candidate(invocation, candidate);
        status = replay.configuration == NULL ? STATUS_NO : run_replay(&talk, &question, &replay, invocation->json);
        configuration_free(&replay.configuration);
    }
    talk_end(&talk);
    return status;
}

const struct verb replay_verb = {
    .name = "replay",
    .arguments = "[--config FOLDER] [--since 30d] [--account A] [--at TIME]",
    .help = "past logins against another policy: which accounts would be shut out, by which rule; 1 if any",
    .run = run,
};
