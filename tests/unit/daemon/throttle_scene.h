/* SPDX-License-Identifier: BSD-2-Clause */
/* A throttle, a clock that the test moves, and short ways to say who fails and who gets in. */
#ifndef AUTHGATE_TESTS_THROTTLE_SCENE_H
#define AUTHGATE_TESTS_THROTTLE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/throttle.h"

#define SECOND      ((int64_t)1000)
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)
#define SCENE_START (1000 * HOUR) /* on the edge of a slice of every length */

static struct throttle *throttle;
static int64_t now;

static inline int open_scene_of(size_t places) {
    static const unsigned char key[SIPHASH_KEY_SIZE] = "0123456789abcdef";
    throttle = throttle_create(places, key);
    now = SCENE_START;
    return throttle == NULL;
}

static inline int open_scene(void **state) {
    (void)state;
    return open_scene_of(4096);
}

static inline int close_scene(void **state) {
    (void)state;
    throttle_destroy(&throttle);
    return throttle != NULL;
}

static inline struct prefix network_of(const char *address) {
    struct address parsed;
    assert_true(address_parse(address, &parsed));
    return address_network(&parsed);
}

/* 10.a.b.0/24 by its number. */
static inline struct prefix network_number(unsigned number) {
    char text[32];
    snprintf(text, sizeof text, "10.%u.%u.1", number / 256 % 256, number % 256);
    return network_of(text);
}

static inline struct throttle_login login_of(const char *account, struct prefix network) {
    return (struct throttle_login){.account = account, .network = network, .passwords = 5, .window = 900};
}

static inline struct throttle_login from(const char *account, const char *address) {
    return login_of(account, network_of(address));
}

static inline enum throttle_state fails(struct throttle_login login, uint32_t mark) {
    return throttle_failed(throttle, &login, &mark, 0, now);
}

/* The password is right, and the login denied all the same. */
static inline enum throttle_state is_denied(struct throttle_login login, uint32_t mark) {
    return throttle_denied(throttle, &login, &mark, 0, now);
}

static inline void gets_in(struct throttle_login login, uint32_t mark) {
    throttle_succeeded(throttle, &login, &mark, now);
}

static inline enum throttle_state state_of(struct throttle_login login) {
    return throttle_check(throttle, &login, now);
}

#define scene_test(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

#endif
