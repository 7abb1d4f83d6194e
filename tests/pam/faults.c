/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands before libc and libpam for the module under test: with FAULT=once:N in the environment the module's N-th call
 * of a function that can fail does fail; with FAULT=from:N that one and every later one. Only calls whose return
 * address lies in a module of ours (pam_authgate, or its twin with a planted fault) count. Under a sanitizer malloc is
 * left to it. syslog's functions print `log PRIORITY TEXT`. */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <syslog.h>

#define SHOWN __attribute__((visibility("default")))

static enum { UNREAD, COUNT, ONCE, FROM } mode = UNREAD;
static int wanted;
static int calls;

static void read_mode(void) {
    const char *fault = getenv("FAULT");
    mode = COUNT;
    if (fault == NULL)
        return;
    mode = strncmp(fault, "from:", 5) == 0 ? FROM : ONCE;
    wanted = atoi(fault + 5);
}

static bool of_the_module(const void *address) {
    Dl_info where;
    return dladdr(address, &where) != 0 && where.dli_fname != NULL && strstr(where.dli_fname, "/pam_") != NULL &&
           (strstr(where.dli_fname, "/pam_authgate") != NULL || strstr(where.dli_fname, "/pam_planted") != NULL);
}

static bool fails(const void *caller, const char *name) {
    if (mode == UNREAD)
        read_mode();
    if (!of_the_module(caller))
        return false;
    calls++;
    bool fail = (mode == ONCE && calls == wanted) || (mode == FROM && calls >= wanted);
    if (fail) {
        char line[64];
        int length = snprintf(line, sizeof line, "fault %s\n", name);
        fwrite(line, 1, (size_t)length, stdout);
    }
    return fail;
}

void faults_report(void) {
    printf("calls %d\n", calls);
}

static int failure(int error) {
    errno = error;
    return -1;
}

#define FAILS(name)    fails(__builtin_return_address(0), name)
#define NEXT(function) ((__typeof__(&function))(size_t)dlsym(RTLD_NEXT, #function))

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
SHOWN void *malloc(size_t size) {
    if (mode != UNREAD && FAILS("malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}
#endif

SHOWN int socket(int domain, int type, int protocol) {
    return FAILS("socket") ? failure(EMFILE) : NEXT(socket)(domain, type, protocol);
}

SHOWN int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    return FAILS("connect") ? failure(EPERM) : NEXT(connect)(descriptor, address, length);
}

SHOWN ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    return FAILS("send") ? failure(EPIPE) : NEXT(send)(descriptor, bytes, length, flags);
}

SHOWN ssize_t recv(int descriptor, void *bytes, size_t length, int flags) {
    return FAILS("recv") ? failure(ECONNRESET) : NEXT(recv)(descriptor, bytes, length, flags);
}

SHOWN int poll(struct pollfd *descriptors, nfds_t count, int timeout) {
    return FAILS("poll") ? failure(ENOMEM) : NEXT(poll)(descriptors, count, timeout);
}

SHOWN ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
    return FAILS("getrandom") ? failure(ENOSYS) : NEXT(getrandom)(bytes, length, flags);
}

SHOWN int pam_get_item(const pam_handle_t *handle, int type, const void **item) {
    return FAILS("pam_get_item") ? PAM_SYSTEM_ERR : NEXT(pam_get_item)(handle, type, item);
}

SHOWN int pam_set_item(pam_handle_t *handle, int type, const void *item) {
    return FAILS("pam_set_item") ? PAM_BUF_ERR : NEXT(pam_set_item)(handle, type, item);
}

SHOWN int pam_get_data(const pam_handle_t *handle, const char *name, const void **data) {
    return FAILS("pam_get_data") ? PAM_SYSTEM_ERR : NEXT(pam_get_data)(handle, name, data);
}

SHOWN int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                       void (*clean_up)(pam_handle_t *, void *, int)) {
    return FAILS("pam_set_data") ? PAM_BUF_ERR : NEXT(pam_set_data)(handle, name, data, clean_up);
}

SHOWN int pam_get_user(pam_handle_t *handle, const char **user, const char *prompt) {
    return FAILS("pam_get_user") ? PAM_CONV_ERR : NEXT(pam_get_user)(handle, user, prompt);
}

SHOWN int pam_get_authtok(pam_handle_t *handle, int item, const char **token, const char *prompt) {
    return FAILS("pam_get_authtok") ? PAM_AUTHTOK_ERR : NEXT(pam_get_authtok)(handle, item, token, prompt);
}

/* What would go to the system's log. */

__attribute__((format(printf, 2, 0))) static void show_log(int priority, const char *format, va_list arguments) {
    char line[4096];
    vsnprintf(line, sizeof line, format, arguments);
    printf("log %d %s\n", LOG_PRI(priority), line);
}

void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

SHOWN void syslog(int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    show_log(priority, format, arguments);
    va_end(arguments);
}

SHOWN void vsyslog(int priority, const char *format, va_list arguments) {
    show_log(priority, format, arguments);
}

SHOWN void __syslog_chk(int priority, int flag, const char *format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    show_log(priority, format, arguments);
    va_end(arguments);
}

SHOWN void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) {
    (void)flag;
    show_log(priority, format, arguments);
}
