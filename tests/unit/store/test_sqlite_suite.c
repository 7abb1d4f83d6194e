/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* The SQLite engine does what every engine must. */
#include "store/suite.h"

#include "store/sqlite_place.h"

static struct store *make(void) {
    place_make();
    return place_open(true);
}

static struct store *reopen(void) {
    return place_open(false);
}

/* One process has the file to itself: all share the one handle. */
static struct store *further(int number) {
    (void)number;
    return store;
}

const struct suite_engine suite_engine = {
    .make = make,
    .reopen = reopen,
    .further = further,
    .discard = place_discard,
};

int main(void) {
    return cmocka_run_group_tests(suite_tests, NULL, NULL);
}
