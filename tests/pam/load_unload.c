/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and unloads a PAM module so many times, as libpam does in a long-lived host, and compares what the process has
 * before and after: descriptors, threads, mapped regions, signal handlers, heap in use. The module may stay mapped (it
 * is linked so), but once. Called by test_host_process.py. */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct belongings {
    int descriptors, threads, regions, handlers;
    size_t heap;
};

static int entries(const char *path) {
    DIR *folder = opendir(path);
    int count = 0;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static int lines(const char *path) {
    FILE *file = fopen(path, "r");
    int count = 0;
    for (int byte; file != NULL && (byte = getc(file)) != EOF;)
        count += byte == '\n';
    if (file != NULL)
        fclose(file);
    return count;
}

static int signal_handlers(void) {
    int count = 0;
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0)
            count += action.sa_handler != SIG_DFL;
    }
    return count;
}

static struct belongings look(void) {
    struct belongings now = {
        .descriptors = entries("/proc/self/fd"),
        .threads = entries("/proc/self/task"),
        .regions = lines("/proc/self/maps"),
        .handlers = signal_handlers(),
        .heap = mallinfo2().uordblks,
    };
    return now;
}

static bool load_and_unload(const char *path) {
    static const char *const entry_points[] = {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt"};
    void *module = dlopen(path, RTLD_NOW);
    if (module == NULL)
        return false;
    bool whole = true;
    for (size_t i = 0; i < 3; i++)
        whole = whole && dlsym(module, entry_points[i]) != NULL;
    whole = whole && dlsym(module, "pam_sm_open_session") == NULL && dlsym(module, "pam_sm_chauthtok") == NULL;
    return dlclose(module) == 0 && whole;
}

int main(int count, char **words) {
    if (count != 3 || !load_and_unload(words[1]))
        return 2;
    struct belongings before = look();
    for (int once = 0; once < 10 && load_and_unload(words[1]); once++)
        before = look(); /* what malloc and the loader keep of their own from the first few times is no leak */
    for (long times = strtol(words[2], NULL, 10); times > 0; times--)
        if (!load_and_unload(words[1]))
            return 2;
    struct belongings after = look();
    bool same = before.descriptors == after.descriptors && before.threads == after.threads &&
                before.regions == after.regions && before.handlers == after.handlers &&
                after.heap <= before.heap + 4096;
    if (same)
        puts("as before");
    else
        printf("fds %d %d, threads %d %d, regions %d %d, handlers %d %d, heap %zu %zu\n", before.descriptors,
               after.descriptors, before.threads, after.threads, before.regions, after.regions, before.handlers,
               after.handlers, before.heap, after.heap);
    return same ? 0 : 1;
}
