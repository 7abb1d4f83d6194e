/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the rows of a scenario table by turns, so that what the machine does meanwhile falls on all of them alike:
 *
 *   driver SLICE-MILLISECONDS ROUNDS [DAEMON-PID…] < TABLE
 *
 * In every round each row runs for one slice in as many processes as it has workers; how they start and end is not
 * measured. Prints for each row: name, workers, logins, logins that ended otherwise than wanted, p50, p99 and worst in
 * ns, logins a second, processor time for each login in ns of the workers and of the daemons. Called by bench.py, which
 * knows what the figures mean. */
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pool.h"
#include "scenario.h"

#define ROWS_LIMIT    128
#define SAMPLES_LIMIT (1 << 20) /* of one slice, all workers together */

/* What the workers of one slice write; shared with them. */
struct slice {
    uint64_t until;
    atomic_ullong workers_time; /* ns of processor time */
    atomic_uint count, wrong;
    uint32_t samples[SAMPLES_LIMIT]; /* ns */
};

struct row {
    struct scenario scenario;
    uint32_t *samples; /* of all slices */
    size_t count, wrong;
    uint64_t elapsed, workers_time, daemon_time;
};

/* Pipes. A worker writes a byte to `told` when it is ready and when it is done, and waits for the end of `start` and of
 * `stay` in between: all begin at once, and nobody's end takes processor time from who is still at work. */
struct gates {
    int told[2], start[2], stay[2];
};

static struct row rows[ROWS_LIMIT];
static size_t row_count;
static struct slice *slice;
static char **daemon_pids; /* NULL at the end */

static _Noreturn void die(const char *why) {
    fprintf(stderr, "bench driver: %s\n", why);
    exit(2);
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t scenario_clock(void) {
    return read_clock(CLOCK_MONOTONIC);
}

static const struct kind *find_kind(const char *name) {
    static const struct kind *const kinds[] = {&pam_kind,    &draw_kind,  &code_kind, &pair_kind,   &begin_kind,
                                                 &spread_kind, &wrong_kind, &smtp_kind, &dovecot_kind};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    die("a row of an unknown kind");
}

static const char *next_word(char **rest) {
    const char *word = strsep(rest, " \n");
    return word == NULL || *word == '\0' ? NULL : strdup(word);
}

static void read_table(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line;
        struct scenario *scenario = &rows[row_count].scenario;
        const char *kind, *workers;
        scenario->name = next_word(&rest);
        kind = next_word(&rest);
        workers = next_word(&rest);
        if (workers == NULL || ++row_count == ROWS_LIMIT)
            die("a row without its words, or too many rows");
        scenario->kind = find_kind(kind);
        scenario->workers = (unsigned)strtoul(workers, NULL, 10);
        for (size_t i = 0; i < SCENARIO_WORDS; i++)
            scenario->words[i] = next_word(&rest);
    }
}

static void run_logins(const struct scenario *scenario, void *prepared) {
    while (scenario_clock() < slice->until) {
        uint64_t nanoseconds;
        enum outcome outcome = scenario->kind->once(scenario, prepared, &nanoseconds);
        if (outcome == LOGIN_NONE)
            break;
        unsigned place = atomic_fetch_add(&slice->count, 1);
        if (outcome == LOGIN_WRONG)
            atomic_fetch_add(&slice->wrong, 1);
        if (place < SAMPLES_LIMIT)
            slice->samples[place] = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
    }
}

static bool tell_and_wait(const struct gates *gates, int until) {
    char byte = 0;
    return write(gates->told[1], &byte, 1) == 1 && read(until, &byte, 1) == 0;
}

static _Noreturn void work(const struct scenario *scenario, const struct gates *gates) {
    uint64_t nanoseconds;
    void *prepared = scenario->kind->prepare != NULL ? scenario->kind->prepare(scenario) : NULL;
    if (scenario->kind->warms)
        scenario->kind->once(scenario, prepared, &nanoseconds);
    if (!tell_and_wait(gates, gates->start[0]))
        _exit(1);
    uint64_t before = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    run_logins(scenario, prepared);
    atomic_fetch_add(&slice->workers_time, read_clock(CLOCK_PROCESS_CPUTIME_ID) - before);
    _exit(tell_and_wait(gates, gates->stay[0]) ? 0 : 1);
}

/* The nanoseconds that a daemon's threads have run. */
static uint64_t daemon_time(const char *pid) {
    char path[128];
    uint64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%.20s/task", pid);
    DIR *tasks = opendir(path);
    const struct dirent *task;
    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        unsigned long long nanoseconds = 0;
        snprintf(path, sizeof path, "/proc/%.20s/task/%.20s/schedstat", pid, task->d_name);
        FILE *file = task->d_name[0] != '.' ? fopen(path, "re") : NULL;
        if (file != NULL && fscanf(file, "%llu", &nanoseconds) == 1)
            sum += nanoseconds;
        if (file != NULL)
            fclose(file);
    }
    if (tasks != NULL)
        closedir(tasks);
    return sum;
}

static uint64_t daemons_time(void) {
    uint64_t sum = 0;
    for (char **pid = daemon_pids; *pid != NULL; pid++)
        sum += daemon_time(*pid);
    return sum;
}

static void open_gates(struct gates *gates) {
    if (pipe(gates->told) != 0 || pipe(gates->start) != 0 || pipe(gates->stay) != 0)
        die("no pipe");
}

static void open_gate(int gate[2]) {
    close(gate[0]);
    close(gate[1]); /* they see the end of file and go on */
}

static void start_workers(const struct scenario *scenario, const struct gates *gates) {
    for (unsigned i = 0; i < scenario->workers; i++) {
        pid_t child = fork();
        if (child < 0)
            die("no process");
        if (child == 0) {
            close(gates->start[1]);
            close(gates->stay[1]);
            work(scenario, gates);
        }
    }
    close(gates->told[1]);
}

static void await_workers(const struct scenario *scenario, const struct gates *gates) {
    char byte;
    for (unsigned i = 0; i < scenario->workers; i++)
        if (read(gates->told[0], &byte, 1) != 1)
            die("a worker failed");
}

/* Adds what the workers wrote to the row. */
static void collect(struct row *row) {
    size_t count = atomic_load(&slice->count);
    size_t kept = count < SAMPLES_LIMIT ? count : SAMPLES_LIMIT;
    row->samples = realloc(row->samples, (row->count + kept + 1) * sizeof *row->samples);
    if (row->samples == NULL)
        die("no memory");
    memcpy(row->samples + row->count, slice->samples, kept * sizeof *row->samples);
    row->count += kept;
    row->wrong += atomic_load(&slice->wrong);
}

static void run_slice(struct row *row, uint64_t length) {
    struct gates gates;
    int status;
    atomic_store(&slice->count, 0);
    atomic_store(&slice->wrong, 0);
    atomic_store(&slice->workers_time, 0);
    open_gates(&gates);
    start_workers(&row->scenario, &gates);
    await_workers(&row->scenario, &gates);
    uint64_t daemon_before = daemons_time(), began = scenario_clock();
    slice->until = began + length;
    open_gate(gates.start);
    await_workers(&row->scenario, &gates);
    row->elapsed += scenario_clock() - began;
    row->daemon_time += daemons_time() - daemon_before;
    row->workers_time += atomic_load(&slice->workers_time);
    open_gate(gates.stay);
    close(gates.told[0]);
    for (unsigned i = 0; i < row->scenario.workers; i++)
        if (wait(&status) < 0 || status != 0)
            die("a worker failed");
    collect(row);
}

static int by_size(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static void print_row(const struct row *row) {
    size_t count = row->count;
    if (count == 0)
        die("a row without a login");
    qsort(row->samples, count, sizeof *row->samples, by_size);
    printf("%s %u %zu %zu %u %u %u %.0f %.0f %.0f\n", row->scenario.name, row->scenario.workers, count, row->wrong,
           row->samples[count / 2], row->samples[count * 99 / 100], row->samples[count - 1],
           (double)count * 1e9 / (double)row->elapsed, (double)row->workers_time / (double)count,
           (double)row->daemon_time / (double)count);
}

int main(int count, char **arguments) {
    if (count < 3)
        die("usage: driver SLICE-MILLISECONDS ROUNDS [DAEMON-PID…] < TABLE");
    uint64_t length = strtoull(arguments[1], NULL, 10) * 1000000;
    unsigned long rounds = strtoul(arguments[2], NULL, 10);
    daemon_pids = arguments + 3;
    slice = mmap(NULL, sizeof *slice, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slice == MAP_FAILED || !pools_start())
        die("no memory");
    read_table();
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t i = 0; i < row_count; i++)
            run_slice(&rows[i], length);
    for (size_t i = 0; i < row_count; i++)
        print_row(&rows[i]);
    return 0;
}
