/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that a module of ours makes, counted and made to fail: with FAULT=once:N in the environment the N-th one, with
 * FAULT=from:N that and every later one. For programs that load the module: it finds socket, connect, send, recv, poll
 * and getrandom here before those of libc. What else can fail, the program brings by the same means. */
#ifndef AUTHGATE_TESTS_INJECT_FAULTS_H
#define AUTHGATE_TESTS_INJECT_FAULTS_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

/* The program's: whose calls count, each a part of a library's path. Ended by NULL. */
extern const char *faults_of[];

/* Counts a call; whether it must fail, which is printed as `fault NAME`. */
bool faults_fail(const char *name);

/* The same for a call from an address, which counts where it lies in one of those libraries. */
bool faults_fail_from(const void *caller, const char *name);

/* Whether a call was counted yet: before, a program may not have begun. */
bool faults_begun(void);

/* Prints `calls N`: how many calls were counted. */
void faults_report(void);

/* For a function that stands before a library's. */
#define FAULTS_SHOWN          __attribute__((visibility("default")))
#define FAULTS_FAIL(name)     faults_fail_from(__builtin_return_address(0), name)
#define FAULTS_NEXT(function) ((__typeof__(&function))(size_t)dlsym(RTLD_NEXT, #function))

#endif
