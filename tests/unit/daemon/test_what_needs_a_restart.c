/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/standing.o -Wl,--wrap=log_message */
/* A reload names each setting that it finds changed and that only a restart can change, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "daemon/standing.h"
#include "policy/configuration.h"

void __wrap_log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char said[1024];

void __wrap_log_message(int priority, const char *format, ...) {
    va_list arguments;
    size_t length = strlen(said);
    assert_int_equal(priority, LOG_WARNING);
    va_start(arguments, format);
    vsnprintf(said + length, sizeof said - length, format, arguments);
    va_end(arguments);
}

static const struct socket_setting sockets[] = {{.kind = SOCKET_GATE, .path = "/run/a", .seen_as = "/run/a"},
                                                {.kind = SOCKET_ADMIN, .path = "/run/b", .seen_as = "/run/b"}};
static const struct settings before = {.sockets = sockets,
                                       .socket_count = 2,
                                       .store = "sqlite:/a/store.db",
                                       .history = "sqlite:/a/history.db",
                                       .raw_for = 86400,
                                       .secret_key_file = "/etc/key"};

/* What is said of `now` after a start with `before`. */
static const char *complaint(const struct settings *now, size_t count) {
    struct standing *standing = standing_keep(&before);
    assert_non_null(standing);
    said[0] = '\0';
    assert_int_equal(standing_complain(standing, now), count);
    assert_int_equal(standing_complain(standing, now), count); /* at every reload */
    standing_free(&standing);
    assert_null(standing);
    return said;
}

static void what_has_not_changed_is_not_named(void **state) {
    (void)state;
    char other[] = "sqlite:/a/history.db"; /* the same text elsewhere, as a reload has it */
    struct settings now = before;
    now.history = other;
    now.timezone = "Asia/Tokyo";
    now.country_database = "/a/country.mmdb";
    assert_string_equal(complaint(&now, 0), "");
}

static void each_that_has_changed_is_named(void **state) {
    (void)state;
    struct settings now = before;
    now.history = "sqlite:/b/history.db";
    assert_non_null(strstr(complaint(&now, 1), "`history` has changed"));
    now = before;
    now.history = NULL;
    assert_non_null(strstr(complaint(&now, 1), "`history` has changed"));
    now = before;
    now.store = "sqlite:/b/store.db";
    now.secret_key_file = NULL;
    assert_non_null(strstr(complaint(&now, 2), "`store` has changed"));
    assert_non_null(strstr(said, "`secret_key_file` has changed"));
    now = before;
    now.user = "mail";
    now.raw_for = 3600;
    assert_non_null(strstr(complaint(&now, 2), "`user` has changed"));
    assert_non_null(strstr(said, "`raw_for` has changed"));
}

static void any_part_of_a_socket_counts(void **state) {
    (void)state;
    for (int part = 0; part < 6; part++) {
        struct socket_setting changed[] = {sockets[0], sockets[1]};
        struct settings now = before;
        now.sockets = changed;
        assert_string_equal(complaint(&now, 0), "");
        now.socket_count = part == 0 ? 1 : 2;
        changed[1].kind = part == 1 ? SOCKET_GATE : changed[1].kind;
        changed[1].owner = part == 2 ? "root" : NULL;
        changed[1].group = part == 3 ? "root" : NULL;
        changed[1].mode = part == 4 ? 0660 : 0;
        changed[1].services = part == 5 ? 1 : 0;
        assert_non_null(strstr(complaint(&now, 1), "`sockets` has changed"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_not_changed_is_not_named),
        cmocka_unit_test(each_that_has_changed_is_named),
        cmocka_unit_test(any_part_of_a_socket_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
