/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* Logins that wait at the same moment share one commit: each durable, and not one fsync each. Prints what it measured;
 * with arguments ACCOUNTS and LOGINS it measures that, at 1, 8, 32 and 128 logins at once. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "store/calls.h"

#include "store/sqlite_place.h"

#define AT_ONCE_LIMIT 128
#define IMPORTS_AT_ONCE 1000
#define TIMES_LIMIT 100000

/* Logins under way: each asks for facts, settles a fresh step, and begins anew. */
struct load {
    struct store *store;
    long accounts, wanted, begun, done, refused;
    int64_t step;
    bool finished;
    int times[TIMES_LIMIT]; /* of each login, in microseconds */
};

struct conversation {
    struct load *load;
    int64_t started; /* microseconds */
    char account[40];
    struct attempt attempt;
};

static void begin(struct conversation *conversation);

static int64_t microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void settled(void *context, enum store_answer answer) {
    struct conversation *conversation = context;
    struct load *load = conversation->load;
    if (load->done < TIMES_LIMIT)
        load->times[load->done] = (int)(microseconds() - conversation->started);
    load->refused += answer != STORE_SETTLED;
    if (++load->done == load->wanted)
        load->finished = true;
    else if (load->begun < load->wanted)
        begin(conversation);
}

static void found(void *context, const struct account_facts *facts) {
    struct conversation *conversation = context;
    assert_true(facts != NULL && facts->enrolled);
    if (store_settle(conversation->load->store, &conversation->attempt.login, settled, conversation) == 0)
        fail_msg("a settling was not taken");
}

/* Accounts in a scattered order, each with a step that it has not had. */
static void begin(struct conversation *conversation) {
    struct load *load = conversation->load;
    long number = load->begun++;
    conversation->started = microseconds();
    snprintf(conversation->account, sizeof conversation->account, "user%07ld@example.org",
             number * 7919 % load->accounts);
    attempt_init(&conversation->attempt, conversation->account, "192.0.2.0/24", next_ref());
    attempt_step(&conversation->attempt, load->step + number / load->accounts);
    const struct store_login *login = &conversation->attempt.login;
    const struct store_question question = {.account = login->account, .network = login->network, .now = NOW,
                                            .deadline = login->deadline};
    if (store_facts(load->store, &question, found, conversation) == 0)
        fail_msg("a question was not taken");
}

static int by_size(const void *one, const void *other) {
    return *(const int *)one - *(const int *)other;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Logins a second with so many at once; the commits that it took are added up. */
static double run_load(struct load *load, int at_once, long wanted, uint64_t *commits) {
    static struct conversation conversations[AT_ONCE_LIMIT];
    struct store_counters before, after;
    store_count(load->store, &before);
    load->step += load->begun / load->accounts + 1;
    load->begun = load->done = load->refused = 0;
    load->wanted = wanted;
    load->finished = false;
    double cpu = cpu_seconds();
    int64_t start = clock_monotonic();
    for (int i = 0; i < at_once && load->begun < wanted; i++) {
        conversations[i].load = load;
        begin(&conversations[i]);
    }
    wait_for(load->store, &load->finished);
    int64_t took = clock_monotonic() - start;
    store_count(load->store, &after);
    *commits = after.commits - before.commits;
    assert_int_equal(load->refused, 0);
    double each = (cpu_seconds() - cpu) * 1e6 / (double)wanted;
    size_t timed = wanted < TIMES_LIMIT ? (size_t)wanted : TIMES_LIMIT;
    qsort(load->times, timed, sizeof load->times[0], by_size);
    printf("# %3d at once, %ld accounts: %.0f logins/s, %.1f a commit, p50 %d us, p99 %d us, %.0f us of CPU each\n",
           at_once, load->accounts, (double)wanted * 1000 / (double)(took > 0 ? took : 1),
           (double)wanted / (double)*commits, load->times[timed / 2], load->times[timed * 99 / 100], each);
    return (double)wanted * 1000 / (double)(took > 0 ? took : 1);
}

static void imported(void *context, const struct store_report *report) {
    long *left = context;
    assert_int_equal(report->result, STORE_DONE);
    (*left)--;
}

static void import_accounts(struct store *store, long accounts) {
    struct store_secret secret = secret_of(1);
    secret.sealed_length = 72;
    for (long number = 0; number < accounts;) {
        long left = 0;
        for (int i = 0; i < IMPORTS_AT_ONCE && number < accounts; i++, number++, left++) {
            char account[40];
            snprintf(account, sizeof account, "user%07ld@example.org", number);
            const struct store_order import = {.verb = STORE_IMPORT, .account = account, .secret = &secret, .now = NOW,
                                               .deadline = clock_monotonic() + PATIENCE};
            assert_true(store_administer(store, &import, imported, &left) != 0);
        }
        for (bool done = false; !done; done = left == 0) {
            struct pollfd readable = {.fd = store_descriptor(store), .events = POLLIN};
            poll(&readable, 1, 1000);
            store_dispatch(store, clock_monotonic());
        }
    }
}

static void logins_at_one_moment_share_a_commit(void **state) {
    (void)state;
    uint64_t alone, together;
    static struct load load = {.accounts = 500, .step = 1000};
    place_make();
    load.store = place_open(true);
    import_accounts(load.store, load.accounts);
    run_load(&load, 1, 200, &alone);
    double rate = run_load(&load, 32, 6000, &together);
    assert_int_equal(alone, 200); /* each its own: nobody else waited */
    assert_true(together < 6000 / 4);
    assert_true(rate > 0);
    store_close(&load.store);
    place_discard();
}

static void measure(long accounts, long logins) {
    static const int at_once[] = {1, 8, 32, 128};
    static struct load load = {.step = 1000};
    struct stat status;
    struct rusage usage;
    uint64_t commits;
    load.accounts = accounts;
    place_make();
    load.store = place_open(true);
    int64_t start = clock_monotonic();
    import_accounts(load.store, accounts);
    assert_int_equal(stat(place.store, &status), 0);
    printf("# %ld accounts imported in %lld ms\n", accounts, (long long)(clock_monotonic() - start));
    for (size_t i = 0; i < COUNT(at_once); i++)
        run_load(&load, at_once[i], at_once[i] == 1 ? logins / 10 : logins, &commits);
    getrusage(RUSAGE_SELF, &usage);
    store_close(&load.store);
    assert_int_equal(stat(place.store, &status), 0);
    printf("# %lld KiB on disk, %ld KiB of memory at most\n", (long long)status.st_size / 1024, usage.ru_maxrss);
    place_discard();
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(logins_at_one_moment_share_a_commit)};
    if (count == 3) {
        measure(atol(arguments[1]), atol(arguments[2]));
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
