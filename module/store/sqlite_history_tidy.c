/* SPDX-License-Identifier: BSD-2-Clause */
/* Deletes what has been kept long enough, a bite at a time between two batches: rows of single logins after raw_for,
 * but for denials and firsts; day rows of denials that anybody can bring about, after a year; accounts that nothing
 * speaks of any more. How far it has come stands in the file. Called by the writing half. */
#include <string.h>

#include "store/sqlite_history.h"

#define BITE_LOGINS   1000
#define BITE_ACCOUNTS 1000
#define CHEAP_DAYS    366

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_MARK_GET,
    SQL_MARK_SET,
    SQL_LOGINS_BITE, /* where a bite of logins ends */
    SQL_LOGINS_DELETE,
    SQL_FIRST_DAY,
    SQL_DAYS_DELETE,
    SQL_LAST_ACCOUNT,
    SQL_ACCOUNTS_DELETE,
    SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_MARK_GET] = "SELECT value FROM meta WHERE key = ?1",
    [SQL_MARK_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
    [SQL_LOGINS_BITE] = "SELECT max(id) FROM (SELECT id FROM logins WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
    [SQL_LOGINS_DELETE] = "DELETE FROM logins WHERE id > ?1 AND id <= ?2 AND kept = 0",
    [SQL_FIRST_DAY] = "SELECT min(day) FROM days WHERE day > ?1",
    [SQL_DAYS_DELETE] = "DELETE FROM days WHERE day = ?1 AND account > ?2 AND account <= ?3"
                        " AND verdict NOT IN (SELECT id FROM words WHERE word = 'accept')"
                        " AND password NOT IN (SELECT id FROM words WHERE word = 'right')"
                        " AND reason IN (SELECT id FROM words WHERE word IN"
                        " ('malformed', 'throttled', 'unavailable', 'password', 'password-error', 'not-gated'))",
    [SQL_LAST_ACCOUNT] = "SELECT max(id) FROM accounts",
    [SQL_ACCOUNTS_DELETE] = "DELETE FROM accounts WHERE id > ?1 AND id <= ?2"
                            " AND NOT EXISTS (SELECT 1 FROM days WHERE days.account = accounts.id)"
                            " AND NOT EXISTS (SELECT 1 FROM logins WHERE logins.account = accounts.id)"
                            " AND NOT EXISTS (SELECT 1 FROM events WHERE events.account = accounts.id)",
};

_Static_assert(SQL_COUNT <= SQLITE_HISTORY_TIDY_STATEMENTS, "room for each");

bool sqlite_history_tidy_open(struct history_tidy *tidy, sqlite3 *database) {
    return sqlite_history_prepare(database, texts, tidy->statements, SQL_COUNT);
}

void sqlite_history_tidy_close(struct history_tidy *tidy) {
    sqlite_history_finalize(tidy->statements, SQL_COUNT);
}

/* Runs a statement whose numbers are bound; its first column, or `otherwise` where it has none. False where it fails.
 */
static bool run(struct history_tidy *tidy, enum statement which, int64_t otherwise, int64_t *number) {
    sqlite3_stmt *statement = tidy->statements[which];
    int result = sqlite3_step(statement);
    if (number != NULL) {
        bool some = result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
        *number = some ? sqlite3_column_int64(statement, 0) : otherwise;
    }
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static void bind(struct history_tidy *tidy, enum statement which, int64_t one, int64_t two, int64_t three) {
    const int64_t numbers[] = {one, two, three};
    int count = sqlite3_bind_parameter_count(tidy->statements[which]);
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(tidy->statements[which], i + 1, numbers[i]);
}

static bool mark_get(struct history_tidy *tidy, const char *key, int64_t *value) {
    sqlite3_bind_text(tidy->statements[SQL_MARK_GET], 1, key, -1, SQLITE_STATIC);
    return run(tidy, SQL_MARK_GET, -1, value);
}

static bool mark_set(struct history_tidy *tidy, const char *key, int64_t value) {
    sqlite3_bind_text(tidy->statements[SQL_MARK_SET], 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(tidy->statements[SQL_MARK_SET], 2, value);
    return run(tidy, SQL_MARK_SET, 0, NULL);
}

/* One bite; `*more` where there was one. */
static bool bite_logins(struct history_tidy *tidy, int64_t before, bool *more) {
    int64_t from, end;
    if (!mark_get(tidy, "logins_tidied", &from))
        return false;
    bind(tidy, SQL_LOGINS_BITE, from, (before > 0 ? before : 0) << HISTORY_ID_SHIFT, BITE_LOGINS);
    if (!run(tidy, SQL_LOGINS_BITE, 0, &end))
        return false;
    *more = end > from;
    if (!*more)
        return true;
    bind(tidy, SQL_LOGINS_DELETE, from, end, 0);
    return run(tidy, SQL_LOGINS_DELETE, 0, NULL) && mark_set(tidy, "logins_tidied", end);
}

/* The accounts of one day, a bite of them; then the next day. */
static bool bite_days(struct history_tidy *tidy, sqlite3 *database, int64_t before, bool *more) {
    int64_t tidied, day, last;
    if (!mark_get(tidy, "days_tidied", &tidied))
        return false;
    bind(tidy, SQL_FIRST_DAY, tidied, 0, 0);
    if (!run(tidy, SQL_FIRST_DAY, INT64_MAX, &day) || !run(tidy, SQL_LAST_ACCOUNT, 0, &last))
        return false;
    *more = day < before;
    if (!*more)
        return true;
    bind(tidy, SQL_DAYS_DELETE, day, tidy->account, tidy->account + BITE_ACCOUNTS);
    if (!run(tidy, SQL_DAYS_DELETE, 0, NULL))
        return false;
    tidy->deleted_days = tidy->deleted_days || sqlite3_changes(database) > 0;
    tidy->account += BITE_ACCOUNTS;
    if (tidy->account < last)
        return true;
    tidy->account = 0;
    return mark_set(tidy, "days_tidied", day);
}

static bool bite_accounts(struct history_tidy *tidy, sqlite3 *database, bool *more) {
    int64_t last;
    if (!run(tidy, SQL_LAST_ACCOUNT, 0, &last))
        return false;
    *more = tidy->deleted_days;
    if (!*more)
        return true;
    bind(tidy, SQL_ACCOUNTS_DELETE, tidy->account, tidy->account + BITE_ACCOUNTS, 0);
    if (!run(tidy, SQL_ACCOUNTS_DELETE, 0, NULL))
        return false;
    tidy->accounts_gone = sqlite3_changes(database) > 0;
    tidy->account += BITE_ACCOUNTS;
    if (tidy->account >= last) {
        tidy->account = 0;
        tidy->deleted_days = false;
    }
    return true;
}

/* The time to go by: at most a day ahead of the last clean-up's, of which there is one an hour. So a clock that is
 * ahead for a while takes days along and not everything, and a long time away is caught up with all the same. */
static bool time_of(struct history_tidy *tidy, int64_t now, int64_t *before, int64_t *time) {
    if (!mark_get(tidy, "tidied_at", before))
        return false;
    *time = *before >= 0 && now - *before > HISTORY_DAY ? *before + HISTORY_DAY : now;
    return true;
}

bool sqlite_history_tidy_bite(struct history_tidy *tidy, sqlite3 *database, int64_t now, int64_t raw_for,
                              bool *accounts_gone) {
    bool more = false;
    int64_t before, time;
    tidy->accounts_gone = false;
    if (!run(tidy, SQL_BEGIN, 0, NULL))
        return false;
    bool good = time_of(tidy, now, &before, &time) && bite_logins(tidy, time - raw_for, &more) &&
                (more || bite_days(tidy, database, time / HISTORY_DAY - CHEAP_DAYS, &more)) &&
                (more || bite_accounts(tidy, database, &more)) &&
                (more || time <= before || mark_set(tidy, "tidied_at", time)) && run(tidy, SQL_COMMIT, 0, NULL);
    if (!good && sqlite3_get_autocommit(database) == 0)
        run(tidy, SQL_ROLLBACK, 0, NULL);
    *accounts_gone = good && tidy->accounts_gone;
    return good && more;
}
