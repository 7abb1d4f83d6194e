/* SPDX-License-Identifier: BSD-2-Clause */
/* A history in a folder of its own, logins that are easily told, and questions asked and waited for in one go. Knows no
 * engine but for the URL. */
#ifndef AUTHGATE_TESTS_HISTORY_SCENE_H
#define AUTHGATE_TESTS_HISTORY_SCENE_H

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/history.h"

#define UNUSED     __attribute__((unused))
#define NOON       ((int64_t)40000 * 86400 + 43200) /* of a day to come: nothing is old enough to be tidied away */
#define DAY_LENGTH 86400
#define PATIENCE   20000 /* milliseconds that a test waits at most */
#define KEPT_ROWS  4096

static UNUSED char folder[64];
static UNUSED char file_path[96];
static UNUSED struct history *history;
static UNUSED char said[4096]; /* the complaints, a line each */

static void hear(void *context, int priority, const char *line) {
    (void)context;
    (void)priority;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", line);
}

static UNUSED void open_history_at(const char *path) {
    char url[128], fault[256] = "";
    snprintf(url, sizeof url, "sqlite:%s", path);
    const struct history_settings settings = {
        .url = url, .host = "mail1", .raw_for = (int64_t)36500 * DAY_LENGTH, .complain = hear};
    history = history_open(&settings, fault, sizeof fault);
    if (history == NULL)
        fail_msg("%s", fault);
}

static UNUSED int make_folder(void **state) {
    (void)state;
    said[0] = '\0';
    snprintf(folder, sizeof folder, "/tmp/authgate-history-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file_path, sizeof file_path, "%s/history.db", folder);
    return 0;
}

static UNUSED int make_history(void **state) {
    if (make_folder(state) != 0)
        return -1;
    open_history_at(file_path);
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static UNUSED int remove_all(void **state) {
    (void)state;
    history_close(&history);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static UNUSED void wait_for_history(int milliseconds) {
    struct pollfd readable = {.fd = history_descriptor(history), .events = POLLIN};
    poll(&readable, 1, milliseconds);
    history_dispatch(history);
}

static UNUSED struct history_counters counters(void) {
    struct history_counters found;
    history_count(history, &found);
    return found;
}

/* Waits until all that was handed over has been written or lost. */
static UNUSED struct history_counters settled(void) {
    int64_t end = clock_monotonic() + PATIENCE;
    struct history_counters found;
    do {
        wait_for_history(10);
        found = counters();
    } while (found.waiting > 0 && clock_monotonic() < end);
    assert_int_equal(found.waiting, 0);
    history_dispatch(history);
    return found;
}

/* ---- logins ---- */

static UNUSED struct history_login login_at(int64_t at, const char *account, const char *ref) {
    struct history_login login = {
        .at = at,
        .ref = ref,
        .account = account,
        .service = "imap",
        .mechanism = "PLAIN",
        .country = country_code_parse("JP"),
        .credential = CREDENTIAL_PASSWORD,
        .verdict = VERDICT_ACCEPT,
        .password = HISTORY_PASSWORD_RIGHT,
    };
    address_parse("192.0.2.7", &login.address);
    return login;
}

static UNUSED struct history_login from(struct history_login login, const char *address, const char *country) {
    address_parse(address, &login.address);
    login.country = country_code_parse(country);
    return login;
}

static UNUSED struct history_login denied(struct history_login login, enum reason reason,
                                          enum history_password password) {
    login.verdict = VERDICT_DENY;
    login.reason = reason;
    login.password = password;
    return login;
}

static UNUSED void add(struct history_login login) {
    history_add_login(history, &login);
}

/* ---- answers ---- */

struct kept_row {
    struct history_row row;
    char account[64], ref[33], service[65], mechanism[65], who[65], why[257];
};

struct answer {
    bool done, failed;
    uint64_t query;
    size_t pages, count;
    char next[HISTORY_NEXT_SIZE];
    int64_t sum;                     /* of the rows' counts */
    struct kept_row rows[KEPT_ROWS]; /* the first ones */
};

static UNUSED struct answer answer;

static void keep(const struct history_row *row) {
    answer.sum += row->count;
    if (answer.count++ >= KEPT_ROWS)
        return;
    struct kept_row *kept = &answer.rows[answer.count - 1];
    kept->row = *row;
    snprintf(kept->account, sizeof kept->account, "%s", row->account);
    snprintf(kept->ref, sizeof kept->ref, "%s", row->ref);
    snprintf(kept->service, sizeof kept->service, "%s", row->service);
    snprintf(kept->mechanism, sizeof kept->mechanism, "%s", row->mechanism);
    snprintf(kept->who, sizeof kept->who, "%s", row->who);
    snprintf(kept->why, sizeof kept->why, "%s", row->why);
}

static UNUSED void take_answer(void *context, const struct history_page *page) {
    assert_ptr_equal(context, &answer);
    answer.pages++;
    for (size_t i = 0; i < page->count; i++)
        keep(&page->rows[i]);
    answer.done = true;
    answer.failed = page->failed;
    snprintf(answer.next, sizeof answer.next, "%s", page->next);
}

static UNUSED void ask_page(const struct history_question *question) {
    answer.done = false;
    answer.query = history_ask(history, question, take_answer, &answer);
    assert_true(answer.query != 0);
    int64_t end = clock_monotonic() + 10 * PATIENCE;
    while (!answer.done && clock_monotonic() < end)
        wait_for_history(100);
    assert_true(answer.done);
}

static UNUSED size_t ask(const struct history_question *question) {
    struct history_question page = *question;
    char after[HISTORY_NEXT_SIZE];
    answer.pages = answer.count = 0;
    answer.sum = 0;
    do {
        ask_page(&page);
        memcpy(after, answer.next, sizeof after);
        page.after = after;
    } while (!answer.failed && after[0] != '\0');
    return answer.count;
}

static UNUSED size_t ask_of(enum history_what what, const char *account) {
    return ask(&(struct history_question){.what = what, .account = account});
}

static UNUSED const struct history_row *row_number(size_t index) {
    assert_true(index < answer.count);
    return &answer.rows[index].row;
}

#endif
