/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands before libpam for the module under test, as inject/faults.c does before libc: calls of libpam and malloc fail
 * too. Only those of pam_authgate, or of its twin with a planted fault, count. Under a sanitizer malloc is left to it.
 * syslog's functions print `log PRIORITY TEXT`. Linked into pam-driver. */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "inject/faults.h"

const char *faults_of[] = {"/pam_authgate", "/pam_planted", NULL};

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
FAULTS_SHOWN void *malloc(size_t size) {
    if (faults_begun() && FAULTS_FAIL("malloc")) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(size);
}
#endif

FAULTS_SHOWN int pam_get_item(const pam_handle_t *handle, int type, const void **item) {
    return FAULTS_FAIL("pam_get_item") ? PAM_SYSTEM_ERR : FAULTS_NEXT(pam_get_item)(handle, type, item);
}

FAULTS_SHOWN int pam_set_item(pam_handle_t *handle, int type, const void *item) {
    return FAULTS_FAIL("pam_set_item") ? PAM_BUF_ERR : FAULTS_NEXT(pam_set_item)(handle, type, item);
}

FAULTS_SHOWN int pam_get_data(const pam_handle_t *handle, const char *name, const void **data) {
    return FAULTS_FAIL("pam_get_data") ? PAM_SYSTEM_ERR : FAULTS_NEXT(pam_get_data)(handle, name, data);
}

FAULTS_SHOWN int pam_set_data(pam_handle_t *handle, const char *name, void *data,
                       void (*clean_up)(pam_handle_t *, void *, int)) {
    return FAULTS_FAIL("pam_set_data") ? PAM_BUF_ERR : FAULTS_NEXT(pam_set_data)(handle, name, data, clean_up);
}

FAULTS_SHOWN int pam_get_user(pam_handle_t *handle, const char **user, const char *prompt) {
    return FAULTS_FAIL("pam_get_user") ? PAM_CONV_ERR : FAULTS_NEXT(pam_get_user)(handle, user, prompt);
}

FAULTS_SHOWN int pam_get_authtok(pam_handle_t *handle, int item, const char **token, const char *prompt) {
    return FAULTS_FAIL("pam_get_authtok") ? PAM_AUTHTOK_ERR : FAULTS_NEXT(pam_get_authtok)(handle, item, token, prompt);
}

/* What would go to the system's log. */

__attribute__((format(printf, 2, 0))) static void show_log(int priority, const char *format, va_list arguments) {
    char line[4096];
    vsnprintf(line, sizeof line, format, arguments);
    printf("log %d %s\n", LOG_PRI(priority), line);
}

void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

FAULTS_SHOWN void syslog(int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    show_log(priority, format, arguments);
    va_end(arguments);
}

FAULTS_SHOWN void vsyslog(int priority, const char *format, va_list arguments) {
    show_log(priority, format, arguments);
}

FAULTS_SHOWN void __syslog_chk(int priority, int flag, const char *format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    show_log(priority, format, arguments);
    va_end(arguments);
}

FAULTS_SHOWN void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) {
    (void)flag;
    show_log(priority, format, arguments);
}
