/* SPDX-License-Identifier: BSD-2-Clause */
/* links: daemon/peer.o -Wl,--wrap=geteuid -Wl,--wrap=getegid */
/* Who may use a socket, by its kind, owner, group and mode, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pwd.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/peer.h"
#include "policy/configuration.h"

#define OWNER    4001
#define GROUP    4002
#define STRANGER 4003
#define DAEMON   4004

static uid_t daemon_uid = DAEMON;

uid_t __wrap_geteuid(void);
gid_t __wrap_getegid(void);

uid_t __wrap_geteuid(void) {
    return daemon_uid;
}

gid_t __wrap_getegid(void) {
    return daemon_uid;
}

struct row {
    const char *what;
    enum socket_kind kind;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    bool allowed;
};

static const struct row rows[] = {
    {"root on a gate socket", SOCKET_GATE, 0600, 0, 0, true},
    {"root on an admin socket", SOCKET_ADMIN, 0600, 0, 0, true},
    {"the owner", SOCKET_GATE, 0600, OWNER, STRANGER, true},
    {"the owner where the mode forbids it", SOCKET_GATE, 0060, OWNER, STRANGER, false},
    {"the group where the mode allows it", SOCKET_GATE, 0660, STRANGER, GROUP, true},
    {"the group where the mode forbids it", SOCKET_GATE, 0600, STRANGER, GROUP, false},
    {"a stranger", SOCKET_GATE, 0660, STRANGER, STRANGER, false},
    {"a stranger where everybody may", SOCKET_GATE, 0666, STRANGER, STRANGER, true},
    {"the group on a saslauthd socket", SOCKET_SASLAUTHD, 0660, STRANGER, GROUP, true},
    {"the owner on an admin socket", SOCKET_ADMIN, 0600, OWNER, GROUP, false},
    {"everybody on an admin socket", SOCKET_ADMIN, 0666, STRANGER, STRANGER, false},
};

static void each_row_is_judged_as_it_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct socket_setting setting = {.kind = rows[i].kind, .mode = rows[i].mode};
        struct ucred peer = {.pid = 1, .uid = rows[i].uid, .gid = rows[i].gid};
        if (peer_allowed(&setting, OWNER, GROUP, &peer) != rows[i].allowed)
            fail_msg("%s", rows[i].what);
    }
}

static void the_daemons_own_user_may_speak_everywhere(void **state) {
    (void)state;
    struct socket_setting setting = {.kind = SOCKET_ADMIN, .mode = 0600};
    struct ucred peer = {.pid = 1, .uid = DAEMON, .gid = STRANGER};
    assert_true(peer_allowed(&setting, OWNER, GROUP, &peer));
    daemon_uid = 0;
    bool allowed = peer_allowed(&setting, OWNER, GROUP, &peer);
    daemon_uid = DAEMON;
    assert_false(allowed); /* that user is nobody to a daemon of root's */
}

static void names_are_looked_up(void **state) {
    (void)state;
    struct peer_ids ids;
    struct socket_setting setting = {.owner = "nobody", .group = "root"};
    assert_true(peer_ids(&setting, NULL, &ids));
    assert_int_not_equal(ids.owner, 0);
    assert_int_equal(ids.group, 0);
}

static void without_an_owner_it_is_the_daemons_user(void **state) {
    (void)state;
    struct peer_ids ids;
    const struct socket_setting plain = {.owner = NULL}, of_a_group = {.group = "root"};
    const struct passwd *nobody = getpwnam("nobody");
    assert_non_null(nobody);
    assert_true(peer_ids(&plain, "nobody", &ids)); /* started by a user, the daemon stays that user */
    assert_int_equal(ids.owner, DAEMON);
    assert_int_equal(ids.group, DAEMON);
    daemon_uid = 0;
    bool known = peer_ids(&plain, "nobody", &ids);
    struct peer_ids grouped, roots;
    bool group_known = peer_ids(&of_a_group, "nobody", &grouped);
    bool root_known = peer_ids(&plain, NULL, &roots);
    daemon_uid = DAEMON;
    assert_true(known && group_known && root_known);
    assert_int_equal(ids.owner, nobody->pw_uid);
    assert_int_equal(ids.group, nobody->pw_gid);
    assert_int_equal(grouped.owner, nobody->pw_uid);
    assert_int_equal(grouped.group, 0);
    assert_int_equal(roots.owner, 0);
    assert_int_equal(roots.group, 0);
}

static void an_owner_brings_no_group(void **state) {
    (void)state;
    struct peer_ids ids;
    const struct socket_setting setting = {.owner = "nobody"};
    assert_true(peer_ids(&setting, "root", &ids));
    assert_int_equal(ids.group, DAEMON);
}

static void a_name_that_does_not_exist_is_refused(void **state) {
    (void)state;
    struct peer_ids ids;
    struct socket_setting no_owner = {.owner = "authgate-nobody"};
    struct socket_setting no_group = {.group = "authgate-nobody"};
    assert_false(peer_ids(&no_owner, NULL, &ids));
    assert_string_equal(ids.no_user, "authgate-nobody");
    assert_null(ids.no_group);
    assert_false(peer_ids(&no_group, NULL, &ids));
    assert_null(ids.no_user);
    assert_string_equal(ids.no_group, "authgate-nobody");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_judged_as_it_says),
        cmocka_unit_test(the_daemons_own_user_may_speak_everywhere),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(without_an_owner_it_is_the_daemons_user),
        cmocka_unit_test(an_owner_brings_no_group),
        cmocka_unit_test(a_name_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
