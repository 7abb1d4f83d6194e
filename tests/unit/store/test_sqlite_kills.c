/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* However often and whenever its process is killed, a store has all that it acknowledged, opens again by itself, and
 * accepts no code twice (G1, F10, M4). An argument says how many kills; 500 without one. */
#include <signal.h>
#include <sys/wait.h>

#include "store/sqlite_scene.h"

#define AT_ONCE 8
#define ACKS_LIMIT 64 /* the last of them are not waited for before the kill */

enum deed { DEED_STEP, DEED_ENROLMENT, DEED_LOCK };

/* What a child says through its pipe once it was answered. */
struct ack {
    int32_t deed;
    int32_t number;
};

/* ---- the child: works until it is killed ---- */

struct worker {
    int pipe;
    int round;
    int begun;
};

struct deed_under_way {
    struct worker *worker;
    struct ack ack;
};

static void begin_deed(struct deed_under_way *deed);

static void acknowledge(struct deed_under_way *deed, bool done) {
    if (!done || write(deed->worker->pipe, &deed->ack, sizeof deed->ack) != sizeof deed->ack)
        _exit(1);
    begin_deed(deed);
}

static void deed_settled(void *context, enum store_answer answer) {
    acknowledge(context, answer == STORE_SETTLED);
}

static void deed_ordered(void *context, const struct store_report *report) {
    acknowledge(context, report->result == STORE_DONE);
}

/* Numbers are distinct over all rounds, and rise. */
static int number_of(int round, int begun) {
    return round * 100000 + begun;
}

static void name_account(char name[32], int number) {
    snprintf(name, 32, "user%09d", number);
}

static void ref_of(char ref[STORE_REF_SIZE], int number) {
    snprintf(ref, STORE_REF_SIZE, "r%d", number);
}

static void attempt_of(struct attempt *attempt, const char *network, const char *ref, int number) {
    attempt_init(attempt, "alice", network, ref);
    attempt_step(attempt, 1000 + number);
}

static void begin_deed(struct deed_under_way *deed) {
    struct worker *worker = deed->worker;
    int number = number_of(worker->round, worker->begun++);
    int64_t deadline = clock_monotonic() + PATIENCE;
    char account[32], ref[STORE_REF_SIZE];
    struct store_secret secret = secret_of(1);
    const struct store_lock by_hand = {.by_hand = true, .who = "admin", .why = "left", .at = NOW};
    uint64_t call;
    deed->ack = (struct ack){.deed = number % 16 == 7 ? DEED_ENROLMENT : number % 16 == 15 ? DEED_LOCK : DEED_STEP,
                             .number = number};
    name_account(account, number);
    if (deed->ack.deed == DEED_STEP) {
        struct attempt attempt;
        ref_of(ref, number);
        attempt_of(&attempt, HOME, ref, number);
        call = store_settle(store, &attempt.login, deed_settled, deed);
    } else {
        const struct store_order what = {.verb = deed->ack.deed == DEED_LOCK ? STORE_LOCK : STORE_IMPORT,
                                         .account = account, .secret = &secret, .lock = &by_hand, .now = NOW,
                                         .deadline = deadline};
        call = store_administer(store, &what, deed_ordered, deed);
    }
    if (call == 0)
        _exit(1);
}

static void work_until_killed(int pipe_end, int round) {
    struct worker worker = {.pipe = pipe_end, .round = round};
    struct deed_under_way deeds[AT_ONCE];
    store = place_open(false);
    for (int i = 0; i < AT_ONCE; i++) {
        deeds[i].worker = &worker;
        begin_deed(&deeds[i]);
    }
    for (;;) {
        struct pollfd readable = {.fd = store_descriptor(store), .events = POLLIN};
        poll(&readable, 1, 1000);
        store_dispatch(store, clock_monotonic());
    }
}

/* ---- the parent: kills, and looks what is left ---- */

struct acks {
    struct ack list[4096];
    int count;
};

/* Reads acknowledgements; false at the end of the pipe. */
static bool read_ack(int pipe_end, struct acks *acks) {
    ssize_t got = read(pipe_end, &acks->list[acks->count], sizeof acks->list[0]);
    if (got <= 0)
        return false;
    assert_int_equal(got, sizeof acks->list[0]);
    acks->count++;
    return acks->count < (int)COUNT(acks->list);
}

/* One child's life. */
static void work_and_kill(int round, int patience, struct acks *acks) {
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        work_until_killed(ends[1], round);
    }
    close(ends[1]);
    acks->count = 0;
    while (acks->count < patience && read_ack(ends[0], acks)) {
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* or it found something wrong itself */
    while (read_ack(ends[0], acks)) {
    }
    close(ends[0]);
}

static void is_kept(const struct ack *ack) {
    char account[32], ref[STORE_REF_SIZE];
    struct attempt attempt;
    name_account(account, ack->number);
    switch (ack->deed) {
    case DEED_STEP:
        ref_of(ref, ack->number);
        attempt_of(&attempt, HOME, ref, ack->number);
        assert_int_equal(settle(store, &attempt), STORE_SETTLED); /* the same ref: it is known */
        break;
    case DEED_ENROLMENT:
        assert_true(facts_of(store, account, HOME).enrolled);
        break;
    default:
        assert_true(facts_of(store, account, HOME).locked);
    }
}

/* The newest step that was acknowledged; 0: none was. */
static int newest_step(const struct acks *acks) {
    int newest = 0;
    for (int i = 0; i < acks->count; i++)
        if (acks->list[i].deed == DEED_STEP && acks->list[i].number > newest)
            newest = acks->list[i].number;
    return newest;
}

static int kills = 500;

static void what_was_acknowledged_survives_every_kill(void **state) {
    (void)state;
    static struct acks acks;
    long acknowledged = 0;
    unsigned random = 1;
    place_make();
    in_use();
    store_close(&store);
    for (int round = 1; round <= kills; round++) {
        random = random * 1103515245 + 12345;
        work_and_kill(round, (int)(random >> 16) % ACKS_LIMIT, &acks);
        acknowledged += acks.count;
        store = place_open(false);
        serves();
        for (int i = 0; i < acks.count; i++)
            is_kept(&acks.list[i]);
        int newest = newest_step(&acks);
        if (newest > 0) {
            struct attempt again;
            attempt_of(&again, AWAY, next_ref(), newest);
            assert_int_equal(settle(store, &again), STORE_REUSED);
            assert_true(facts_of(store, "alice", HOME).secret.last_step >= 1000 + newest);
        }
        store_close(&store);
    }
    printf("# %d kills, %ld acknowledged, none lost\n", kills, acknowledged);
    assert_true(acknowledged > kills);
    place_discard();
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_acknowledged_survives_every_kill)};
    if (count == 2)
        kills = atoi(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
