/* SPDX-License-Identifier: BSD-2-Clause */
/* THREATS D9: whether the time of a comparison of secrets tells where they differ, by the method of dudect: two kinds
 * of input in random order, the slowest tenth cut off, Welch's t below 4.5. Twins of the functions that leave their
 * loop early show that it would be seen. Run by `make campaign` alone: a busy machine may need its three tries. */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "credential/keyed_hash.h"
#include "credential/totp.h"

#define LENGTH 1024 /* of long secrets */
#define HASHES 50
#define NOW 1700000000
#define WINDOW 1
#define T_LIMIT 4.5
#define KEPT 0.9 /* the quicker part of the times, which is looked at */
#define TRIES 3

/* What one call gets, always in the same place of memory. */
struct input {
    unsigned char one[LENGTH], other[LENGTH];
    unsigned char hashes[HASHES][KEYED_HASH_SIZE];
    char code[TOTP_CODE_SIZE];
};

struct trial {
    const char *name;
    size_t (*call)(const struct input *input);
    void (*kinds[2])(struct input *input); /* makes an input of each kind */
    bool leaks;                            /* a twin: its time must tell */
    size_t samples, calls;                 /* calls in each sample: a clock has its own width */
};

static struct totp phone = {.hash = TOTP_SHA1, .digits = 6, .period = 30, .length = 20};

/* ---- what is measured */

static size_t call_bytes_equal(const struct input *input) {
    return secret_bytes_equal(input->one, input->other, LENGTH);
}

static size_t call_short_bytes_equal(const struct input *input) {
    return secret_bytes_equal(input->one, input->other, 32);
}

static size_t call_hash_equal(const struct input *input) {
    return keyed_hash_equal(input->one, input->other);
}

static size_t call_hash_find(const struct input *input) {
    return keyed_hash_find(input->one, input->hashes, HASHES);
}

static size_t call_match(const struct input *input) {
    int64_t step = 0;
    return totp_match(&phone, input->code, NOW, WINDOW, &step) ? (size_t)step : 0;
}

/* ---- the twins */

static size_t twin_bytes_equal(const struct input *input) {
    return memcmp(input->one, input->other, LENGTH) == 0;
}

static size_t twin_hash_equal(const struct input *input) {
    for (size_t i = 0; i < KEYED_HASH_SIZE; i++)
        if (*(const volatile unsigned char *)&input->one[i] != input->other[i])
            return 0;
    return 1;
}

static size_t twin_hash_find(const struct input *input) {
    size_t at = 0;
    while (at < HASHES && !keyed_hash_equal(input->one, input->hashes[at]))
        at++;
    return at;
}

static size_t twin_match(const struct input *input) {
    char expected[TOTP_CODE_SIZE];
    for (int64_t at = totp_step(&phone, NOW) - WINDOW; at <= totp_step(&phone, NOW) + WINDOW; at++)
        if (totp_code(&phone, at, expected) && memcmp(expected, input->code, phone.digits) == 0)
            return (size_t)at;
    return 0;
}

/* ---- the kinds of input */

static void equal(struct input *input) {
    randombytes_buf(input->one, LENGTH);
    memcpy(input->other, input->one, LENGTH);
}

static void differ_first(struct input *input) {
    equal(input);
    input->other[0] ^= 1;
}

static void differ_last_of_32(struct input *input) {
    equal(input);
    input->other[31] ^= 1;
}

static void differ_last_of_hash(struct input *input) {
    equal(input);
    input->other[KEYED_HASH_SIZE - 1] ^= 1;
}

static void differ_last(struct input *input) {
    equal(input);
    input->other[LENGTH - 1] ^= 1;
}

static void find_none(struct input *input) {
    equal(input);
    randombytes_buf(input->hashes, sizeof input->hashes);
}

static void find_first(struct input *input) {
    find_none(input);
    memcpy(input->hashes[0], input->one, KEYED_HASH_SIZE);
}

static void find_last(struct input *input) {
    find_none(input);
    memcpy(input->hashes[HASHES - 1], input->one, KEYED_HASH_SIZE);
}

static void code_of(struct input *input, int64_t ahead) {
    totp_code(&phone, totp_step(&phone, NOW) + ahead, input->code);
}

static void code_oldest(struct input *input) {
    code_of(input, -WINDOW);
}

static void code_newest(struct input *input) {
    code_of(input, WINDOW);
}

/* Another digit at this place than any code of the window has there. */
static char other_digit(size_t at) {
    for (char digit = '0'; digit <= '9'; digit++) {
        bool taken = false;
        for (int64_t ahead = -WINDOW; ahead <= WINDOW; ahead++) {
            char code[TOTP_CODE_SIZE];
            totp_code(&phone, totp_step(&phone, NOW) + ahead, code);
            taken = taken || code[at] == digit;
        }
        if (!taken)
            return digit;
    }
    abort(); /* three codes have three digits at a place */
}

static void code_without_a_digit(struct input *input) {
    code_of(input, 0);
    for (size_t i = 0; i < phone.digits; i++)
        input->code[i] = other_digit(i);
}

static void code_but_one_digit(struct input *input) {
    code_of(input, 0);
    input->code[phone.digits - 1] = other_digit(phone.digits - 1);
}

/* ---- the measuring */

struct sample {
    double time;
    int kind;
};

static struct input kinds[2], given;
static volatile size_t sink;

static double nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Puts one kind in its place by reading and writing the same memory for either: what comes before a call must not tell
 * the two apart, nor may it still be under way when the clock starts. */
static void give(int kind) {
    unsigned char mask = (unsigned char)-kind, *to = (unsigned char *)&given;
    const unsigned char *from[2] = {(const unsigned char *)&kinds[0], (const unsigned char *)&kinds[1]};
    for (size_t i = 0; i < sizeof given; i++)
        to[i] = (unsigned char)(from[0][i] ^ (mask & (from[0][i] ^ from[1][i])));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static struct sample take(const struct trial *trial) {
    int kind = (int)(randombytes_random() & 1);
    give(kind);
    double start = nanoseconds();
    for (size_t i = 0; i < trial->calls; i++)
        sink = trial->call(&given);
    return (struct sample){.time = nanoseconds() - start, .kind = kind};
}

static int by_time(const void *one, const void *other) {
    double a = ((const struct sample *)one)->time, b = ((const struct sample *)other)->time;
    return (a > b) - (a < b);
}

/* Welch's t of the two kinds among `count` samples; the difference of their means goes to `apart`. */
static double welch(const struct sample *samples, size_t count, double *apart) {
    double n[2] = {0}, mean[2] = {0}, squares[2] = {0};
    for (size_t i = 0; i < count; i++) {
        int kind = samples[i].kind;
        double off = samples[i].time - mean[kind];
        mean[kind] += off / ++n[kind];
        squares[kind] += off * (samples[i].time - mean[kind]);
    }
    double spread = 0;
    for (int kind = 0; kind < 2; kind++)
        spread += squares[kind] / (n[kind] - 1) / n[kind];
    *apart = mean[1] - mean[0];
    return spread > 0 ? *apart / sqrt(spread) : 0;
}

static double t_of(const struct trial *trial, double *apart) {
    struct sample *samples = calloc(trial->samples, sizeof *samples);
    if (samples == NULL)
        abort();
    for (int kind = 0; kind < 2; kind++)
        trial->kinds[kind](&kinds[kind]);
    for (size_t i = 0; i < trial->samples / 100; i++)
        (void)take(trial); /* to warm up */
    for (size_t i = 0; i < trial->samples; i++)
        samples[i] = take(trial);
    qsort(samples, trial->samples, sizeof *samples, by_time);
    double t = welch(samples, (size_t)((double)trial->samples * KEPT), apart);
    *apart /= (double)trial->calls;
    free(samples);
    return t;
}

/* A function that tells does so every time; a machine's moods do not. */
static bool holds(const struct trial *trial) {
    for (int try = 0; try < TRIES; try++) {
        double apart, t = t_of(trial, &apart);
        printf("# |t| = %6.2f, %+.3f ns: %s\n", fabs(t), apart, trial->name);
        fflush(stdout);
        if ((fabs(t) > T_LIMIT) == trial->leaks)
            return true;
    }
    return false;
}

static const struct trial trials[] = {
    {"secret_bytes_equal of 1,024 bytes: they differ in the first, in the last", call_bytes_equal,
     {differ_first, differ_last}, false, 500000, 4},
    {"secret_bytes_equal of 1,024 bytes: equal, different in the first", call_bytes_equal, {equal, differ_first}, false,
     500000, 4},
    {"secret_bytes_equal of 32 bytes: they differ in the first, in the last", call_short_bytes_equal,
     {differ_first, differ_last_of_32}, false, 500000, 32},
    {"keyed_hash_equal: they differ in the first byte, in the last", call_hash_equal,
     {differ_first, differ_last_of_hash}, false, 500000, 32},
    {"keyed_hash_find: the first, the last", call_hash_find, {find_first, find_last}, false, 300000, 4},
    {"keyed_hash_find: the first, none", call_hash_find, {find_first, find_none}, false, 300000, 4},
    {"totp_match: no digit right, five of six", call_match, {code_without_a_digit, code_but_one_digit}, false, 200000,
     1},
    {"totp_match: the oldest step's code, the newest's", call_match, {code_oldest, code_newest}, false, 200000, 1},
    {"totp_match: no digit right, the oldest step's code", call_match, {code_without_a_digit, code_oldest}, false,
     200000, 1},
    {"memcmp, for secret_bytes_equal, is found out", twin_bytes_equal, {differ_first, differ_last}, true, 100000, 4},
    {"a loop that ends early, for keyed_hash_equal, is found out", twin_hash_equal, {differ_first, differ_last_of_hash},
     true, 100000, 32},
    {"a loop that ends early, for keyed_hash_find, is found out", twin_hash_find, {find_first, find_last}, true, 100000,
     4},
    {"a loop that ends early, for totp_match, is found out", twin_match, {code_oldest, code_newest}, true, 50000, 1},
};

int main(void) {
    size_t count = sizeof trials / sizeof trials[0];
    int failed = 0;
    if (sodium_init() < 0)
        return 2;
    memcpy(phone.secret, "authgate's own phone", 20);
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        bool good = holds(&trials[i]);
        failed += !good;
        printf("%sok %zu - D9 %s\n", good ? "" : "not ", i + 1, trials[i].name);
        fflush(stdout);
    }
    return failed > 0;
}
