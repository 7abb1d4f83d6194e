/* SPDX-License-Identifier: BSD-2-Clause */
/* links: ctl/doctor_saslauthd.o ctl/pam_shape.o ctl/pam_stack.o ctl/pam_walk.o ctl/sasl_conf.o ctl/scrap.o ctl/verb.o policy/arena.o -Wl,--wrap=getpwnam -Wl,--wrap=getgrouplist -Wl,--wrap=getgrgid */
/* Whether the gate's user reaches saslauthd's socket is told by all that NSS knows on the host itself. (Below a root,
 * whose users are not this host's, by the files there: test_doctor.py.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <grp.h>
#include <pwd.h>

#include "ctl/doctor_postfix.h"
#include "ctl/doctor_saslauthd.h"

#define USER  "authgate-of-a-directory"
#define UID   4711
#define OWN   4712
#define FIRST 4800
#define SASL  4860 /* the last of a long list */

static char folder[] = "/tmp/authgate-reach-XXXXXX";
static char path[64], said[512], fix[512];
static bool known;
static int member_of;

struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrgid(gid_t id);
int __wrap_getgrouplist(const char *user, gid_t own, gid_t *groups, int *count);

struct passwd *__wrap_getpwnam(const char *name) {
    static char user[] = USER;
    static struct passwd entry = {.pw_name = user, .pw_uid = UID, .pw_gid = OWN};
    return known && strcmp(name, USER) == 0 ? &entry : NULL;
}

struct group *__wrap_getgrgid(gid_t id) {
    static char name[] = "sasl-of-a-directory";
    static struct group entry = {.gr_name = name, .gr_gid = SASL};
    return id == SASL ? &entry : NULL;
}

int __wrap_getgrouplist(const char *user, gid_t own, gid_t *groups, int *count) {
    assert_string_equal(user, USER);
    int room = *count;
    *count = 1 + member_of;
    for (int i = 0; i < *count && i < room; i++)
        groups[i] = i == 0 ? own : (gid_t)(FIRST + i);
    return *count <= room ? *count : -1;
}

/* What doctor's other files would do. */

const char *doctor_path(struct doctor *doctor, const char *name) {
    return scrap_text(&doctor->arena, "%s%s", doctor->root, name);
}

bool doctor_postfix_readable(const struct doctor *doctor) {
    (void)doctor;
    return false;
}

void doctor_find(struct doctor *doctor, struct place place, const char *cure, const char *format, ...) {
    va_list arguments;
    (void)doctor, (void)place;
    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    snprintf(fix, sizeof fix, "%s", cure);
}

static int make_socket(void **state) {
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/mux", folder);
    memcpy(address.sun_path, path, sizeof path);
    bool made = bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0777) == 0 &&
                (geteuid() != 0 || chown(folder, 0, SASL) == 0) && chmod(folder, 0710) == 0;
    close(descriptor);
    return made ? 0 : -1;
}

static int remove_socket(void **state) {
    (void)state;
    return unlink(path) != 0 || rmdir(folder) != 0;
}

/* What doctor says of the socket, "" where nothing. */
static const char *look(const char *root) {
    const struct settings settings = {.user = USER, .saslauthd_upstream = path};
    struct doctor_saslauthd saslauthd = {.count = 0};
    struct doctor doctor = {.root = root, .settings = &settings, .saslauthd = &saslauthd};
    const struct doctor_check *check = doctor_saslauthd_checks;
    while (strcmp(check->name, "saslauthd-upstream") != 0)
        check++;
    said[0] = '\0';
    check->look(&doctor);
    arena_clear(&doctor.arena);
    return said;
}

static void a_member_by_the_directory_reaches_it(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    known = true;
    member_of = SASL - FIRST;
    assert_string_equal(look(""), "");
}

static void one_that_is_no_member_does_not(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    known = true;
    member_of = SASL - FIRST - 1;
    assert_non_null(strstr(look(""), "its user " USER " may not use /tmp/authgate-reach-"));
    assert_string_equal(fix, "usermod -aG sasl-of-a-directory " USER ", and restart authgated");
}

static void of_one_that_nobody_knows_nothing_is_said(void **state) {
    (void)state;
    known = false;
    assert_string_equal(look(""), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_by_the_directory_reaches_it),
        cmocka_unit_test(one_that_is_no_member_does_not),
        cmocka_unit_test(of_one_that_nobody_knows_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, make_socket, remove_socket);
}
