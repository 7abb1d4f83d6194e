/* SPDX-License-Identifier: BSD-2-Clause */
/* links: store/store.o store/request.o store/sqlite.o store/keeper.o store/backup.o store/database.o */
/* links: store/sql.o store/file.o store/seal.o store/login_rows.o store/order_rows.o -lsqlite3 -pthread */
/* No login is answered before what it consumed is on the disk (G2): under strace, at least one fdatasync ends before
 * each answer that follows another. A twin that answers before the commit is found out by the same count. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "store/sqlite_scene.h"

#define LOGINS 100

extern char **environ;

/* ---- traced: settles one login after the other and says so on standard output ---- */

static void say_answered(void) {
    if (write(STDOUT_FILENO, "answered\n", 9) != 9)
        _exit(1);
}

static int settle_and_say(const char *folder, bool too_early) {
    place_at(folder);
    store = place_open(false);
    for (int i = 0; i < LOGINS; i++) {
        struct attempt attempt;
        struct got_answer got = {0};
        attempt_init(&attempt, "alice", HOME, "");
        snprintf(attempt.ref, sizeof attempt.ref, "traced%d", i); /* no other process's: that would be a repeat */
        attempt_step(&attempt, 2000 + i);
        if (store_settle(store, &attempt.login, take_answer, &got) == 0)
            return 1;
        if (too_early)
            say_answered();
        else
            wait_for(store, &got.done);
        if (!too_early) {
            if (got.answer != STORE_SETTLED)
                return 1;
            say_answered();
        }
    }
    store_close(&store);
    return 0;
}

/* ---- the tracer ---- */

/* How many answers came without an fdatasync that had ended since the answer before; -1: the trace is not whole. */
static int answers_without_sync(const char *trace) {
    char line[512];
    int answers = 0, without = 0, synced = 0;
    FILE *file = fopen(trace, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, "fdatasync") != NULL && strstr(line, "= 0") != NULL)
            synced++;
        if (strstr(line, "answered") == NULL)
            continue;
        without += synced == 0;
        synced = 0;
        answers++;
    }
    fclose(file);
    return answers == LOGINS ? without : -1;
}

static int trace_of(const char *mode) {
    char self[256] = "", trace[256];
    int status = 0;
    pid_t child;
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(trace, sizeof trace, "%s/trace", place.folder);
    char *arguments[] = {"strace", "-f", "-o", trace, "-e", "trace=fdatasync,write", self, (char *)mode, place.folder,
                         NULL};
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* LeakSanitizer and strace cannot both trace a process */
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&child, "strace", &actions, NULL, arguments, environ) != 0)
        fail_msg("strace is missing");
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return answers_without_sync(trace);
}

static void every_answer_follows_a_sync(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_int_equal(trace_of("settle"), 0);
}

static void answering_before_the_commit_is_found_out(void **state) {
    (void)state;
    in_use();
    store_close(&store);
    assert_true(trace_of("too-early") > LOGINS / 4);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        SCENE(every_answer_follows_a_sync),
        SCENE(answering_before_the_commit_is_found_out),
    };
    if (count == 3)
        return settle_and_say(arguments[2], strcmp(arguments[1], "too-early") == 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
