/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a history as the daemon would have over months. `fill PATH` reads a login a line, fields with a tab between:
 * at, account, ref, service, mechanism, address, country, credential, verdict, reason, password. `fill PATH LOGINS
 * ACCOUNTS SECONDS` makes them up: LOGINS logins of ACCOUNTS accounts over the last SECONDS, one in fifty from abroad.
 * Called by tests/history; prints how many were written. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/history.h"

enum column { AT, ACCOUNT, REF, SERVICE, MECHANISM, ADDRESS, COUNTRY, CREDENTIAL, VERDICT, REASON, PASSWORD, COLUMNS };

static void give(struct history *history, const struct history_login *login) {
    struct history_counters counters;
    history_add_login(history, login);
    for (history_count(history, &counters); counters.waiting > 5000; history_count(history, &counters))
        poll(NULL, 0, 1);
}

static bool read_line(char *line, struct history_login *login) {
    char *column[COLUMNS] = {line};
    for (int i = 1; i < COLUMNS; i++) {
        char *tab = strchr(column[i - 1], '\t');
        if (tab == NULL)
            return false;
        *tab = '\0';
        column[i] = tab + 1;
    }
    column[PASSWORD][strcspn(column[PASSWORD], "\n")] = '\0';
    *login = (struct history_login){.at = strtoll(column[AT], NULL, 10),
                                    .account = column[ACCOUNT],
                                    .ref = column[REF],
                                    .service = column[SERVICE],
                                    .mechanism = column[MECHANISM],
                                    .country = country_code_parse(column[COUNTRY])};
    address_parse(column[ADDRESS], &login->address);
    bool reason = column[REASON][0] == '\0' || reason_parse(column[REASON], &login->reason);
    return reason && credential_parse(column[CREDENTIAL], &login->credential) &&
           verdict_parse(column[VERDICT], &login->verdict) &&
           history_password_parse(column[PASSWORD], &login->password);
}

static bool from_lines(struct history *history) {
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct history_login login;
        if (!read_line(line, &login)) {
            fprintf(stderr, "not a login: %s", line);
            return false;
        }
        give(history, &login);
    }
    return true;
}

static void made_up(struct history *history, int64_t logins, uint32_t accounts, int64_t span) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    int64_t start = clock_wall() - span;
    for (int64_t i = 0; i < logins; i++) {
        char account[48], ref[14] = "aaaaaaaaaaaaa", address[32];
        uint32_t mixed = (uint32_t)i * 2654435761U, who = mixed % accounts, what = (mixed >> 12) % 100;
        bool abroad = what < 2;
        snprintf(account, sizeof account, "user%u@example.test", who);
        for (int j = 0; j < 7; j++)
            ref[12 - j] = letters[(uint64_t)i >> (5 * j) & 31];
        snprintf(address, sizeof address, "%s.%u.%u.%u", abroad ? "198" : "10", who / 250 % 250, who % 250,
                 mixed >> 24 & 0x7f);
        struct history_login login = {.at = start + i * span / logins,
                                      .account = account,
                                      .ref = ref,
                                      .service = what % 3 == 0 ? "smtp" : "imap",
                                      .mechanism = "PLAIN",
                                      .country = country_code_parse(abroad ? "FR" : "JP"),
                                      .credential = what < 50 ? CREDENTIAL_TOTP : CREDENTIAL_PASSWORD,
                                      .verdict = VERDICT_ACCEPT,
                                      .password = HISTORY_PASSWORD_RIGHT};
        address_parse(address, &login.address);
        give(history, &login);
    }
}

static void complain(void *context, int priority, const char *line) {
    (void)context;
    (void)priority;
    fprintf(stderr, "%s\n", line);
}

int main(int count, char **arguments) {
    char url[4096], fault[256];
    if (count != 2 && count != 5)
        return 2;
    snprintf(url, sizeof url, "sqlite:%s", arguments[1]);
    const struct history_settings settings = {
        .url = url, .host = "mail1", .raw_for = (int64_t)36500 * 86400, .complain = complain};
    struct history *history = history_open(&settings, fault, sizeof fault);
    if (history == NULL) {
        fprintf(stderr, "%s\n", fault);
        return 1;
    }
    bool good = true;
    if (count == 2)
        good = from_lines(history);
    else
        made_up(history, strtoll(arguments[2], NULL, 10), (uint32_t)strtoul(arguments[3], NULL, 10),
                strtoll(arguments[4], NULL, 10));
    struct history_counters counters;
    for (history_count(history, &counters); counters.waiting > 0; history_count(history, &counters))
        poll(NULL, 0, 1);
    history_dispatch(history);
    history_close(&history);
    printf("%llu\n", (unsigned long long)counters.written);
    return good && counters.lost + counters.dropped == 0 ? 0 : 1;
}
