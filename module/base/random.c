/* SPDX-License-Identifier: BSD-2-Clause */
/* getrandom(2) to the last byte. Whoever calls it must treat false as a failure of the whole operation. */
#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

bool random_fill(void *bytes, size_t length) {
    unsigned char *next = bytes;
    size_t left = length;
    while (left > 0) {
        ssize_t got = getrandom(next, left, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            memset(bytes, 0, length);
            return false;
        }
        next += got;
        left -= (size_t)got;
    }
    return true;
}
