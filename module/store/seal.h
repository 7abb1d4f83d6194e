/* SPDX-License-Identifier: BSD-2-Clause */
/* The seal beside a store: which store was served last and how far it had got (DESIGN 7, THREATS G7, M6). From it and
 * from what the store says of itself follows whether the store may be served. */
#ifndef AUTHGATE_STORE_SEAL_H
#define AUTHGATE_STORE_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

#define INSTANCE_SIZE 33 /* 32 hexadecimal digits and a NUL */
#define STORE_SCHEMA 1   /* what this version writes; it runs with one more and with all before */

struct seal {
    char instance[INSTANCE_SIZE];
    int64_t generation;
};

enum seal_found { SEAL_NONE, SEAL_READ, SEAL_UNREADABLE };

/* Reads the seal at `path`. Blocks on file I/O. */
enum seal_found seal_read(const char *path, struct seal *seal);

/* Puts a new seal in the old one's place in one step, durable before it returns. False, with errno, where it cannot. */
bool seal_write(const char *path, const struct seal *seal);

/* What was found, of the store and of its seal. */
struct standing {
    bool create;      /* --create-store */
    bool exists;      /* there is a file, */
    bool ours;        /* it is a store, */
    int64_t schema;   /* and says this of itself */
    struct seal store;
    enum seal_found seal_found;
    struct seal seal;
};

enum course {
    COURSE_REFUSE, /* the state says why */
    COURSE_SERVE,
    COURSE_SEAL,   /* serve after writing the seal: the store is ahead of it (a crash came between), or new */
    COURSE_CREATE, /* make the first store */
};

/* What to do about it, and what state that is (STORE_SERVING unless refused). `why` is constant text. */
enum course seal_course(const struct standing *standing, enum store_state *state, const char **why);

#endif
